#include "sidecar/base/log_line.h"

#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace herdgate::base {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> kTextLevels = {"DEBUG", "INFO", "WARN", "ERROR"};
constexpr char kHex[] = "0123456789abcdef";

unsigned char ByteAt(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Bytes of the well-formed UTF-8 sequence that starts at `i`, or 0. The ranges are Table 3-7 of the Unicode standard.
std::size_t Utf8Length(std::string_view text, std::size_t i) {
  const unsigned char lead = ByteAt(text, i);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (text.size() - i < length || ByteAt(text, i + 1) < low || ByteAt(text, i + 1) > high) return 0;
  for (std::size_t k = 2; k < length; ++k) {
    if ((ByteAt(text, i + k) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

// C0, DEL and C1: what a terminal may act on.
bool IsControl(std::string_view text, std::size_t i, std::size_t length) {
  if (length == 1) return ByteAt(text, i) < 0x20 || ByteAt(text, i) == 0x7f;
  return length == 2 && ByteAt(text, i) == 0xc2 && ByteAt(text, i + 1) < 0xa0;
}

void AppendHexByte(std::string& out, std::string_view prefix, unsigned char byte) {
  out += prefix;
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xfU];
}

void AppendControl(std::string& out, unsigned char code) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      AppendHexByte(out, "\\u00", code);
  }
}

void AppendEscaped(std::string& out, std::string_view text, std::string_view bad_byte_prefix) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    if (length == 0) {
      AppendHexByte(out, bad_byte_prefix, ByteAt(text, i));
      ++i;
      continue;
    }
    if (IsControl(text, i, length)) {
      AppendControl(out, ByteAt(text, i + length - 1));
    } else {
      if (text[i] == '"' || text[i] == '\\') out += '\\';
      out += text.substr(i, length);
    }
    i += length;
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  AppendEscaped(out, text, "\\\\x");
  out += '"';
}

bool IsPlain(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    if (length == 0 || IsControl(text, i, length)) return false;
    if (text[i] == ' ' || text[i] == '"' || text[i] == '\\' || text[i] == '=') return false;
    i += length;
  }
  return true;
}

void AppendTextWord(std::string& out, std::string_view text) {
  if (IsPlain(text)) {
    out += text;
    return;
  }
  out += '"';
  AppendEscaped(out, text, "\\x");
  out += '"';
}

void AppendDigits(std::string& out, unsigned value, int width) {
  std::array<char, 10> digits{};
  for (int i = width - 1; i >= 0; --i) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

// RFC 3339 in UTC with milliseconds.
void AppendTime(std::string& out, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  AppendDigits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  AppendDigits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  AppendDigits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  AppendDigits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  AppendDigits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  AppendDigits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += '.';
  AppendDigits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
  out += 'Z';
}

std::string JsonLine(LogLevel level, WallTime time, std::string_view event, std::span<const LogField> fields) {
  std::string out = R"({"time":")";
  AppendTime(out, time);
  out += R"(","level":)";
  AppendJsonString(out, LogLevelName(level));
  out += R"(,"event":)";
  AppendJsonString(out, event);
  for (const LogField& field : fields) {
    out += ',';
    AppendJsonString(out, field.name);
    out += ':';
    if (field.is_number) {
      out += field.value;
    } else {
      AppendJsonString(out, field.value);
    }
  }
  out += '}';
  return out;
}

std::string TextLine(LogLevel level, WallTime time, std::string_view event, std::span<const LogField> fields) {
  std::string out;
  AppendTime(out, time);
  out += ' ';
  out += kTextLevels[static_cast<std::size_t>(level)];
  out += ' ';
  AppendTextWord(out, event);
  for (const LogField& field : fields) {
    out += ' ';
    AppendTextWord(out, field.name);
    out += '=';
    AppendTextWord(out, field.value);
  }
  return out;
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::string FormatLogLine(LogFormat format, LogLevel level, WallTime time, std::string_view event,
                          std::span<const LogField> fields) {
  assert(format != LogFormat::kAuto);
  return format == LogFormat::kJson ? JsonLine(level, time, event, fields) : TextLine(level, time, event, fields);
}

}  // namespace herdgate::base
