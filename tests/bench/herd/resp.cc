#include "tests/bench/herd/resp.h"

#include <charconv>

namespace herdgate::bench {

RespOutcome ParseResp(std::string_view bytes, RespReply& reply, std::size_t& used) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return RespOutcome::kNeedMore;
  const std::string_view line = bytes.substr(0, end);
  if (line.empty()) return RespOutcome::kMalformed;
  const std::string_view rest = line.substr(1);
  used = end + 2;
  if (line[0] == '+' || line[0] == '-') {
    reply = {line[0] == '+' ? RespReply::Kind::kValue : RespReply::Kind::kError, rest};
    return RespOutcome::kReply;
  }
  long length = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  if (line[0] != '$' || error != std::errc{} || stop != rest.data() + rest.size()) return RespOutcome::kMalformed;
  if (length < 0) {
    reply = {RespReply::Kind::kNil, {}};
    return RespOutcome::kReply;
  }
  const auto size = static_cast<std::size_t>(length);
  if (bytes.size() < used + size + 2) return RespOutcome::kNeedMore;
  reply = {RespReply::Kind::kValue, bytes.substr(used, size)};
  used += size + 2;
  return RespOutcome::kReply;
}

std::string RespCommand(std::initializer_list<std::string_view> words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
  return out;
}

}  // namespace herdgate::bench
