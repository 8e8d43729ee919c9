#include "sidecar/admin/accept_encoding.h"

#include <algorithm>
#include <optional>
#include <string>

namespace herdgate::admin {
namespace {

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The text before `separator`, which is removed with it.
std::string_view Next(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view text = Trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return text;
}

bool IsAny(std::string_view text, std::string_view name) {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

// "q=0", "q=0.000"; anything else is more than nothing.
bool IsNothing(std::string_view parameter) {
  const std::string_view name = Next(parameter, '=');
  return IsAny(name, "q") && parameter.starts_with('0') && parameter.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool AcceptsGzip(std::string_view header) {
  std::optional<bool> named;
  bool any = false;
  while (!header.empty()) {
    std::string_view item = Next(header, ',');
    const std::string_view coding = Next(item, ';');
    const bool wanted = !IsNothing(Trimmed(item));
    if (IsAny(coding, "gzip") || IsAny(coding, "x-gzip")) named = named.value_or(false) || wanted;
    if (coding == "*") any = wanted;
  }
  return named.value_or(any);
}

}  // namespace herdgate::admin
