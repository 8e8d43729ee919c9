#include "sidecar/app/ctl/shown_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sidecar/admin/text_codec.h"

namespace herdgate::app {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// The general categories C and Z of Unicode 15, but for the space, surrogates, which are no UTF-8, and code points that
// nobody has given a meaning.
constexpr std::array<Range, 35> kInvisible = {
    {{0x00, 0x1f},       {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},     {0x1680, 0x1680},
     {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},   {0x3000, 0x3000},
     {0xe000, 0xf8ff},   {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
     {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
     {0x1fffe, 0x1ffff}, {0x2fffe, 0x2ffff}, {0x3fffe, 0x3ffff}, {0x40000, 0x4ffff}, {0x50000, 0x5ffff},
     {0x60000, 0x7ffff}, {0x80000, 0x9ffff}, {0xa0000, 0xbffff}, {0xc0000, 0xdffff}, {0xe0000, 0x10ffff}}};

// Marks that stand on the character before.
constexpr std::array<Range, 8> kNarrow = {{{0x300, 0x36f},
                                           {0x483, 0x489},
                                           {0x591, 0x5bd},
                                           {0x610, 0x61a},
                                           {0x1ab0, 0x1aff},
                                           {0x1dc0, 0x1dff},
                                           {0x20d0, 0x20ff},
                                           {0xfe00, 0xfe2f}}};
// Two columns each.
constexpr std::array<Range, 12> kWide = {{{0x1100, 0x115f},
                                          {0x2e80, 0x303e},
                                          {0x3041, 0x33ff},
                                          {0x3400, 0x4dbf},
                                          {0x4e00, 0xa4cf},
                                          {0xac00, 0xd7a3},
                                          {0xf900, 0xfaff},
                                          {0xfe30, 0xfe6f},
                                          {0xff00, 0xff60},
                                          {0xffe0, 0xffe6},
                                          {0x1f300, 0x1f9ff},
                                          {0x20000, 0x3fffd}}};

template <std::size_t kSize>
bool IsIn(const std::array<Range, kSize>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [point](Range range) { return point >= range.first && point <= range.last; });
}

struct Character {
  std::string_view bytes;
  std::optional<char32_t> point;  // nothing: one byte that is no UTF-8
};

// The first of `bytes`. REQUIRES: there is one.
Character First(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (length > bytes.size() || admin::Utf8Prefix(bytes.substr(0, length)) != length) return {bytes.substr(0, 1), {}};
  if (length == 1) return {bytes.substr(0, 1), byte(0)};
  char32_t point = byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) point = (point << 6U) | (byte(i) & 0x3fU);
  return {bytes.substr(0, length), point};
}

void AddHex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
  }
}

std::string Show(std::string_view bytes, Charset charset, bool doubles_backslash) {
  std::string out;
  while (!bytes.empty()) {
    const Character next = First(bytes);
    bytes.remove_prefix(next.bytes.size());
    const char32_t point = next.point.value_or(0);
    if (point == '\\' && doubles_backslash)
      out += "\\\\";
    else if (point == '\n')
      out += "\\n";
    else if (point == '\r')
      out += "\\r";
    else if (point == '\t')
      out += "\\t";
    else if (!next.point || IsIn(kInvisible, point) || (point >= 0x80 && charset == Charset::kAscii))
      AddHex(out, next.bytes);
    else
      out += next.bytes;
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::size_t ColumnsOf(char32_t point) {
  return IsIn(kNarrow, point) ? 0 : IsIn(kWide, point) ? 2 : 1;
}

// Escapes and characters, each of which is shown whole or not at all.
std::vector<std::string_view> Pieces(std::string_view shown) {
  std::vector<std::string_view> pieces;
  while (!shown.empty()) {
    std::size_t length = First(shown).bytes.size();
    if (shown[0] == '\\' && shown.size() > 1) length = shown[1] == 'x' && shown.size() > 3 ? 4 : 2;
    pieces.push_back(shown.substr(0, std::min(length, shown.size())));
    shown.remove_prefix(pieces.back().size());
  }
  return pieces;
}

}  // namespace

std::string ShowKey(std::string_view bytes, Charset charset) {
  return Show(bytes, charset, true);
}

std::string ShowText(std::string_view bytes, Charset charset) {
  return Show(bytes, charset, false);
}

std::optional<std::string> ParseKey(std::string_view typed) {
  std::string out;
  for (std::size_t at = 0; at < typed.size(); ++at) {
    if (typed[at] != '\\') {
      out += typed[at];
      continue;
    }
    const char kind = ++at < typed.size() ? typed[at] : '\0';
    constexpr std::string_view kShort = "nrt\\";
    constexpr std::string_view kMeans = "\n\r\t\\";
    if (const std::size_t known = kShort.find(kind); known != std::string_view::npos) {
      out += kMeans[known];
      continue;
    }
    if (kind != 'x' || at + 2 >= typed.size()) return std::nullopt;
    const int high = HexDigit(typed[at + 1]);
    const int low = HexDigit(typed[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return out;
}

std::string ShowJson(std::string_view json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  const auto add_unit = [&](char32_t unit) {
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kDigits[(unit >> shift) & 0xfU];
  };
  while (!json.empty()) {
    const Character next = First(json);
    json.remove_prefix(next.bytes.size());
    const char32_t point = next.point.value_or('?');
    if (!next.point) {
      out += '?';
    } else if (point < ' ') {
      // Between members; within a string no JSON has it.
      out += point == '\n' ? "\n" : " ";
    } else if (point == ' ' || !IsIn(kInvisible, point)) {
      out += next.bytes;
    } else if (point < 0x10000) {
      add_unit(point);
    } else {
      add_unit(0xd800 + ((point - 0x10000) >> 10U));
      add_unit(0xdc00 + ((point - 0x10000) & 0x3ffU));
    }
  }
  return out;
}

std::size_t Columns(std::string_view shown) {
  std::size_t columns = 0;
  while (!shown.empty()) {
    const Character next = First(shown);
    shown.remove_prefix(next.bytes.size());
    columns += ColumnsOf(next.point.value_or('?'));
  }
  return columns;
}

std::string CutEnd(const std::string& shown, std::size_t most) {
  std::string out;
  std::size_t used = 0;
  for (const std::string_view piece : Pieces(shown)) {
    used += Columns(piece);
    if (used > most) break;
    out += piece;
  }
  return out;
}

std::string CutMiddle(const std::string& shown, std::size_t most, std::string_view mark) {
  if (Columns(shown) <= most) return shown;
  if (most <= Columns(mark)) return CutEnd(shown, most);
  const std::size_t room = most - Columns(mark);
  const std::vector<std::string_view> pieces = Pieces(shown);
  std::string tail;
  std::size_t tail_columns = 0;
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    if (tail_columns + Columns(*piece) > room / 2) break;
    tail_columns += Columns(*piece);
    tail.insert(0, *piece);
  }
  return CutEnd(shown, room - tail_columns) + std::string(mark) + tail;
}

}  // namespace herdgate::app
