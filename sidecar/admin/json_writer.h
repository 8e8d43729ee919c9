// JsonWriter: builds one JSON text (RFC 8259), member by member.
//
//   JsonWriter json;
//   json.Object().Add("name", "x").Array("items");  for (...) json.Value(n);  json.End().End();
//
// Strings may be any bytes: what is no UTF-8 becomes U+FFFD, so the text always parses. Numbers that JSON can't carry
// (NaN, infinities) become null. Threads: one owner.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace herdgate::admin {

class JsonWriter {
 public:
  // Begin an object or array: as a member, an element, or the whole.
  JsonWriter& Object(std::string_view name = {}) { return Begin(name, '{'); }
  JsonWriter& Array(std::string_view name = {}) { return Begin(name, '['); }
  // Ends the innermost.
  JsonWriter& End();

  JsonWriter& Add(std::string_view name, std::string_view text) { return Name(name).Text(text); }
  JsonWriter& Add(std::string_view name, const char* text) { return Name(name).Text(text); }
  JsonWriter& Add(std::string_view name, const std::string& text) { return Name(name).Text(text); }
  template <typename Number>
  requires std::is_arithmetic_v<Number> JsonWriter& Add(std::string_view name, Number number) {
    return Name(name).Plain(Shown(number));
  }
  template <typename T>
  JsonWriter& Add(std::string_view name, const std::optional<T>& value) {
    return value ? Add(name, *value) : Null(name);
  }
  JsonWriter& Null(std::string_view name) { return Name(name).Plain("null"); }
  // A JSON text as it is.
  JsonWriter& Raw(std::string_view name, std::string_view json) { return Name(name).Plain(json); }

  // Elements of an array.
  JsonWriter& Value(std::string_view text) { return Name({}).Text(text); }
  template <typename Number>
  requires std::is_arithmetic_v<Number> JsonWriter& Value(Number number) { return Name({}).Plain(Shown(number)); }

  // REQUIRES: all that was begun has ended.
  std::string Take() { return std::move(out_); }

 private:
  JsonWriter& Begin(std::string_view name, char bracket);
  JsonWriter& Name(std::string_view name);
  JsonWriter& Text(std::string_view text);
  JsonWriter& Plain(std::string_view text) {
    out_ += text;
    return *this;
  }
  template <typename Number>
  static std::string Shown(Number number) {
    if constexpr (std::same_as<Number, bool>)
      return number ? "true" : "false";
    else if constexpr (std::is_floating_point_v<Number>)
      return ShowDouble(static_cast<double>(number));
    else
      return std::to_string(number);
  }
  static std::string ShowDouble(double number);

  std::string out_;
  std::string open_;  // brackets to be closed, innermost last
  bool first_ = true;
};

// Members of a key of Redis: `key`, `encoding` and `cut`.
void AddKey(JsonWriter& json, std::string_view key, bool cut);
// RFC 3339 in UTC, milliseconds since the Unix epoch given.
std::string TimeText(std::int64_t unix_ms);

}  // namespace herdgate::admin
