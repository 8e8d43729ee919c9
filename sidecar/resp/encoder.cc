#include "sidecar/resp/encoder.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace herdgate::resp {
namespace {

template <typename Integer>
void AppendHeader(std::string& out, char sigil, Integer value) {
  std::array<char, 24> line;  // sigil, sign, 20 digits, line end
  line[0] = sigil;
  char* end = std::to_chars(line.data() + 1, line.data() + line.size() - 2, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line.data(), static_cast<std::size_t>(end - line.data()));
}

void AppendLine(std::string& out, char sigil, std::string_view text) {
  out += sigil;
  out += text;
  out += "\r\n";
}

template <typename Args>
void AppendArgs(std::string& out, const Args& args) {
  AppendHeader(out, '*', args.size());
  for (const std::string_view arg : args) AppendBulk(out, arg);
}

}  // namespace

void AppendRequest(std::string& out, std::span<const std::string_view> args) {
  AppendArgs(out, args);
}

void AppendRequest(std::string& out, std::initializer_list<std::string_view> args) {
  AppendArgs(out, args);
}

void AppendSimple(std::string& out, std::string_view text) {
  AppendLine(out, '+', text);
}

void AppendError(std::string& out, std::string_view text) {
  out += '-';
  for (const char c : text) out += c == '\r' || c == '\n' ? ' ' : c;
  out += "\r\n";
}

void AppendInteger(std::string& out, std::int64_t value) {
  AppendHeader(out, ':', value);
}

void AppendBulk(std::string& out, std::string_view value) {
  AppendHeader(out, '$', value.size());
  out += value;
  out += "\r\n";
}

void AppendNull(std::string& out, int proto) {
  out += proto == 3 ? "_\r\n" : "$-1\r\n";
}

void AppendNullArray(std::string& out, int proto) {
  out += proto == 3 ? "_\r\n" : "*-1\r\n";
}

void AppendArrayHeader(std::string& out, std::size_t count) {
  AppendHeader(out, '*', count);
}

void AppendMapHeader(std::string& out, std::size_t pairs, int proto) {
  proto == 3 ? AppendHeader(out, '%', pairs) : AppendHeader(out, '*', pairs * 2);
}

void AppendSetHeader(std::string& out, std::size_t count, int proto) {
  AppendHeader(out, proto == 3 ? '~' : '*', count);
}

void AppendPushHeader(std::string& out, std::size_t count, int proto) {
  AppendHeader(out, proto == 3 ? '>' : '*', count);
}

void AppendDouble(std::string& out, double value, int proto) {
  std::array<char, 32> text;  // sign, 17 digits, point, "e-308"
  std::string_view shown = value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) shown = "nan";
  if (std::isfinite(value)) {
    const int size = std::snprintf(text.data(), text.size(), "%.17g", value);
    shown = {text.data(), static_cast<std::size_t>(size)};
  }
  proto == 3 ? AppendLine(out, ',', shown) : AppendBulk(out, shown);
}

void AppendVerbatim(std::string& out, std::string_view value, int proto) {
  if (proto != 3) return AppendBulk(out, value);
  constexpr std::string_view kFormat = "txt:";
  AppendHeader(out, '=', value.size() + kFormat.size());
  out += kFormat;
  out += value;
  out += "\r\n";
}

}  // namespace herdgate::resp
