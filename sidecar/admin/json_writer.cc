#include "sidecar/admin/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "sidecar/admin/text_codec.h"

namespace herdgate::admin {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// `text` is UTF-8. Also what a careless page would take for markup.
void AppendEscaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f || c == '<' || c == '>' || c == '&') {
      out += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 0xfU]};
    } else {
      out += c;
    }
  }
}

}  // namespace

JsonWriter& JsonWriter::Begin(std::string_view name, char bracket) {
  Name(name);
  out_ += bracket;
  open_ += bracket == '{' ? '}' : ']';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::End() {
  out_ += open_.back();
  open_.pop_back();
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Name(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  if (open_.empty() || open_.back() == ']') return *this;
  Text(name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    const std::size_t good = Utf8Prefix(text);
    AppendEscaped(out_, text.substr(0, good));
    if (good == text.size()) break;
    out_ += kReplacement;
    text.remove_prefix(good + 1);
  }
  out_ += '"';
  return *this;
}

std::string JsonWriter::ShowDouble(double number) {
  if (!std::isfinite(number)) return "null";
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::string(text.data(), end) : "null";
}

void AddKey(JsonWriter& json, std::string_view key, bool cut) {
  // A cut may fall into a character.
  const std::size_t whole = cut && key.size() - Utf8Prefix(key) < 4 ? Utf8Prefix(key) : key.size();
  const bool plain = IsPlainText(key.substr(0, whole));
  json.Add("key", plain ? std::string(key.substr(0, whole)) : Base64(key));
  json.Add("encoding", plain ? "utf8" : "base64").Add("cut", cut);
}

std::string TimeText(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  (void)gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                                 static_cast<int>(unix_ms % 1000));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace herdgate::admin
