#include "sidecar/pipeline/near_parts.h"

#include <algorithm>

#include "sidecar/policy/reply_cursor.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {
namespace {

constexpr std::string_view kNonsense = "-ERR herdgate: the upstream answered MGET with another number of values\r\n";

}  // namespace

std::string Merge(const NearParts& near, std::string_view reply) {
  policy::ReplyCursor cursor(reply);
  policy::ReplyItem head;
  if (!cursor.NextReply(head) || head.is_error()) return std::string(reply);
  const auto asked = std::ranges::count_if(near.parts, [](const auto& part) { return !part.value.has_value(); });
  if (!head.is_list() || head.count != static_cast<std::uint64_t>(asked)) return std::string(kNonsense);
  std::string out;
  resp::AppendArrayHeader(out, near.parts.size());
  for (const NearParts::Part& part : near.parts) {
    if (part.value.has_value()) {
      if (part.value->nil()) resp::AppendNull(out, near.proto);
      if (!part.value->nil()) resp::AppendBulk(out, part.value->bytes());
      continue;
    }
    const std::size_t begin = cursor.position();
    if (!cursor.Skip()) return std::string(kNonsense);
    out.append(reply.substr(begin, cursor.position() - begin));
  }
  return out;
}

}  // namespace herdgate::pipeline
