#include "tests/differential/reply_value.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace herdgate::differential {
namespace {

constexpr int kDeepest = 32;

bool IsAggregate(char type) {
  return type == '*' || type == '~' || type == '>' || type == '%' || type == '|';
}

bool IsBulk(char type) {
  return type == '$' || type == '=' || type == '!';
}

bool Cut(std::string_view& rest, ReplyValue& value, int depth) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos || end == 0 || depth > kDeepest) return false;
  value.type = rest[0];
  const std::string_view line = rest.substr(1, end - 1);
  rest.remove_prefix(end + 2);
  if (!IsBulk(value.type) && !IsAggregate(value.type)) {
    value.text = line;
    return true;
  }
  std::int64_t number = 0;
  if (std::from_chars(line.data(), line.data() + line.size(), number).ec != std::errc()) return false;
  value.null = number < 0;
  if (value.null) return true;
  if (IsBulk(value.type)) {
    const auto length = static_cast<std::size_t>(number);
    if (rest.size() < length + 2) return false;
    value.text = rest.substr(0, length);
    rest.remove_prefix(length + 2);
    return true;
  }
  if (value.type == '%' || value.type == '|') number *= 2;
  for (; number > 0; --number) {
    if (!Cut(rest, value.items.emplace_back(), depth + 1)) return false;
  }
  return true;
}

void Order(ReplyValue& value) {
  for (ReplyValue& item : value.items) Order(item);
  if (value.type != '*' ||
      !std::all_of(value.items.begin(), value.items.end(), [](const auto& item) { return item.IsText(); }))
    return;
  std::sort(value.items.begin(), value.items.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
}

void Append(std::string& out, const ReplyValue& value) {
  out += value.type;
  if (value.null) {
    out += "-1\r\n";
  } else if (IsBulk(value.type)) {
    out += std::to_string(value.text.size()) + "\r\n" + value.text + "\r\n";
  } else if (IsAggregate(value.type)) {
    const bool pairs = value.type == '%' || value.type == '|';
    out += std::to_string(pairs ? value.items.size() / 2 : value.items.size()) + "\r\n";
    for (const ReplyValue& item : value.items) Append(out, item);
  } else {
    out += value.text + "\r\n";
  }
}

}  // namespace

bool CutReply(std::string_view& bytes, ReplyValue& value) {
  std::string_view rest = bytes;
  ReplyValue cut;
  if (!Cut(rest, cut, 0)) return false;
  value = std::move(cut);
  bytes = rest;
  return true;
}

std::string Ordered(std::string_view bytes) {
  std::string out;
  for (ReplyValue value; CutReply(bytes, value);) {
    Order(value);
    Append(out, value);
  }
  return out + std::string(bytes);
}

}  // namespace herdgate::differential
