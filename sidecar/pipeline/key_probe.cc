#include "sidecar/pipeline/key_probe.h"

#include <array>
#include <string_view>
#include <utility>

namespace herdgate::pipeline {
namespace {

using base::ErrorCode;
using resp::ReplyType;

constexpr std::array<std::pair<std::string_view, const char*>, 6> kLengths = {{{"string", "STRLEN"},
                                                                               {"hash", "HLEN"},
                                                                               {"list", "LLEN"},
                                                                               {"set", "SCARD"},
                                                                               {"zset", "ZCARD"},
                                                                               {"stream", "XLEN"}}};

std::optional<std::uint64_t> NumberOf(const resp::Reply& reply) {
  if (reply.type != ReplyType::kInteger || reply.integer < 0) return std::nullopt;
  return static_cast<std::uint64_t>(reply.integer);
}

}  // namespace

void KeyProbe::Ask(upstream::LanePool& lanes, std::string physical, std::uint32_t db, std::size_t value_bytes,
                   Done done) {
  const base::SteadyTime now = lanes.loop().Now();
  if (done_ && now - asked_at_ >= kGiveUpAfter) {
    done_ = nullptr;
    query_ = nullptr;
  }
  if (closed_ || done_) {
    done(base::Status(ErrorCode::kUnavailable, closed_ ? "the sidecar ends" : "another key is being looked at"));
    return;
  }
  if (!query_ || db_ != db) {
    query_ = std::make_unique<SideQuery>(lanes, upstream::LaneKey{2, db, identity_});
    db_ = db;
  }
  key_ = std::move(physical);
  value_bytes_ = value_bytes;
  facts_ = {};
  done_ = std::move(done);
  asked_at_ = now;
  Next({"TYPE", key_}, &KeyProbe::OnType);
}

void KeyProbe::Close() {
  closed_ = true;
  done_ = nullptr;
  query_ = nullptr;
}

void KeyProbe::Next(const std::vector<std::string>& words, void (KeyProbe::*then)(const resp::Reply&)) {
  query_->Ask(words, 0, [self = weak_from_this(), then](const std::string& bytes) {
    const auto probe = self.lock();
    if (!probe || !probe->done_) return;
    const auto parsed = resp::ParseReply(bytes);
    if (!parsed.ok()) return probe->End(parsed.status());
    (probe.get()->*then)(parsed.value().reply);
  });
}

void KeyProbe::OnType(const resp::Reply& reply) {
  if (reply.type == ReplyType::kError) {
    // What comes back once asked again, and what never does.
    if (reply.text.find("DB index") != std::string_view::npos)
      return End(base::Status(ErrorCode::kInvalidArgument, "there is no such database"));
    return End(base::Status(ErrorCode::kUnavailable, "Redis says: " + std::string(reply.text)));
  }
  facts_.type = reply.text;
  Next({"PTTL", key_}, &KeyProbe::OnTtl);
}

void KeyProbe::OnTtl(const resp::Reply& reply) {
  if (const auto left = NumberOf(reply)) facts_.pttl_ms = static_cast<std::int64_t>(*left);
  Next({"MEMORY", "USAGE", key_}, &KeyProbe::OnBytes);
}

void KeyProbe::OnBytes(const resp::Reply& reply) {
  facts_.bytes = NumberOf(reply);
  for (const auto& [type, command] : kLengths) {
    if (facts_.type == type) return Next({command, key_}, &KeyProbe::OnLength);
  }
  End(facts_);
}

void KeyProbe::OnLength(const resp::Reply& reply) {
  facts_.length = NumberOf(reply);
  if (value_bytes_ == 0 || facts_.type != "string") return End(facts_);
  Next({"GETRANGE", key_, "0", std::to_string(value_bytes_ - 1)}, &KeyProbe::OnValue);
}

void KeyProbe::OnValue(const resp::Reply& reply) {
  if (reply.is_text()) facts_.value = std::string(reply.text);
  End(facts_);
}

void KeyProbe::End(base::Result<KeyFacts> result) {
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(result));
}

}  // namespace herdgate::pipeline
