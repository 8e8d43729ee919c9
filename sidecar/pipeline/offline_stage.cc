#include "sidecar/pipeline/offline_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sidecar/command/keys.h"
#include "sidecar/pipeline/absent_reply.h"
#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/upstream/memory/memory_server.h"

namespace herdgate::pipeline {
namespace {

using command::CommandFlag;
using command::CommandSpec;
using policy::OfflineReads;

void AppendValue(std::string& out, const std::optional<cache::ValueRef>& value, int proto) {
  if (!value || value->nil()) {
    resp::AppendNull(out, proto);
  } else {
    resp::AppendBulk(out, value->bytes());
  }
}

}  // namespace

const policy::Policy& OfflineStage::PolicyOf(const Key& key) const {
  return context_.policies->snapshot()->set().at(key.policy);
}

bool OfflineStage::FindKeys(const CommandSpec& spec, std::span<const std::string_view> args) {
  keys_.clear();
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  bool all = true;
  command::ForEachKey(spec, args, [&](std::size_t argument, command::KeyAccess) {
    // The policies may be others than those that the command was judged by.
    const auto logical = snapshot.Visible(args[argument]);
    const std::size_t policy = logical ? snapshot.set().Match(*logical) : policy::PolicySet::kNone;
    all = all && policy != policy::PolicySet::kNone && snapshot.set().at(policy).cache();
    if (all) keys_.push_back({.name = args[argument], .policy = policy});
  });
  return all && !keys_.empty();
}

std::optional<std::string> OfflineStage::Reply(const CommandSpec& spec, std::span<const std::string_view> args,
                                               int proto, const std::string& error) {
  if (!context_.policies->active() || !FindKeys(spec, args)) return error;
  if (IsDelete(spec)) return Remember();
  if (!spec.flags.Has(CommandFlag::kReadonly)) return error;
  auto reply = Read(spec, args, proto);
  values_.clear();
  return reply ? reply : error;
}

std::optional<std::string> OfflineStage::ReplyUnnamed(const CommandSpec& spec, std::span<const std::string_view> args,
                                                      std::size_t policy, int proto) const {
  const bool misses = context_.policies->snapshot()->set().at(policy).offline_reads() == OfflineReads::kMiss;
  if (!misses || !spec.flags.Has(CommandFlag::kReadonly)) return std::nullopt;
  return AbsentReply(spec, args, proto);
}

void OfflineStage::ResumeWaiting() {
  for (const auto& weak : std::exchange(waiting_, {})) {
    const auto client = weak.lock();
    if (client && client->has_session()) client->session().Resume();
  }
}

std::string OfflineStage::Unavailable() const {
  const upstream::Breaker::Info info = breaker_.Get();
  const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(context_.loop.Now() - info.away_since);
  return fmt::format("-ERR herdgate: upstream {} is unavailable: {} (for {:.1f} s)\r\n", upstream_,
                     info.error.empty() ? "not yet back" : info.error, static_cast<double>(away.count()) / 1000);
}

OfflineStage::Standby OfflineStage::OfferStandby(const CommandSpec& spec, std::span<const std::string_view> args) {
  if (!FindKeys(spec, args) || !upstream::MemoryServer::Has(args[0])) return Standby::kNo;
  const auto wants = [this](const Key& key) { return PolicyOf(key).offline.fallback == policy::Fallback::kMemory; };
  if (!std::ranges::all_of(keys_, wants)) return Standby::kNo;
  if (spec.flags.Has(CommandFlag::kReadonly)) return HasStaleOfAll() ? Standby::kNo : Standby::kYes;
  switch (RememberKeys()) {
    case Remembered::kTaken:
      return Standby::kYes;
    case Remembered::kFull:
      return Standby::kFull;
    case Remembered::kWait:
      return Standby::kWait;
    default:
      return Standby::kNotNow;
  }
}

// What was true when the upstream was last there, for as long as the policy takes it for an answer. If only this loop
// is without it, others may have seen newer.
std::optional<cache::ValueRef> OfflineStage::Stale(const Key& key) const {
  if (!away()) return std::nullopt;
  const auto away = context_.loop.Now() - breaker_.Get().away_since;
  if (away > PolicyOf(key).stale_if_error) return std::nullopt;
  return context_.near->Stale(key.name);
}

bool OfflineStage::HasStaleOfAll() const {
  return std::ranges::all_of(keys_, [this](const Key& key) { return Stale(key).has_value(); });
}

Remembered OfflineStage::RememberKeys() {
  std::vector<RememberedDeletes::Key> deleted;
  deleted.reserve(keys_.size());
  for (const Key& key : keys_) {
    const policy::Policy& policy = PolicyOf(key);
    deleted.push_back({.physical = key.name, .policy = policy.name, .has_generation = policy.version.generation});
  }
  return deletes_.Add(deleted);
}

// How many keys there were is not known: the reply says that all are gone, which they will be.
std::optional<std::string> OfflineStage::Remember() {
  const auto result = RememberKeys();
  if (result == Remembered::kNotNow) return std::nullopt;
  if (result == Remembered::kWait) return std::string();
  if (result == Remembered::kFull) return std::string(texts::kTooManyDeletes);
  std::string reply;
  resp::AppendInteger(reply, static_cast<std::int64_t>(keys_.size()));
  return reply;
}

// Nothing where a policy wants an error.
std::optional<std::string> OfflineStage::Read(const CommandSpec& spec, std::span<const std::string_view> args,
                                              int proto) {
  values_.clear();
  bool any_value = false;
  for (const Key& key : keys_) {
    values_.push_back(Stale(key));
    any_value |= values_.back().has_value();
  }
  const bool by_value = spec.name == "get" || spec.name == "mget" || spec.name == "exists" || spec.name == "strlen";
  bool fails = false;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const bool has = by_value && values_[i].has_value();
    fails |= !has && PolicyOf(keys_[i]).offline_reads() != OfflineReads::kMiss;
  }
  CountReads(by_value, fails);
  if (fails) return std::nullopt;
  if (by_value && any_value && spec.AcceptsCount(args.size())) return FromValues(spec.name, proto);
  return AbsentReply(spec, args, proto);
}

void OfflineStage::CountReads(bool by_value, bool fails) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Outcome answered = by_value && values_[i].has_value() ? Outcome::kStale : Outcome::kAwayMiss;
    context_.near->Count(keys_[i].policy, fails ? Outcome::kAwayError : answered);
  }
}

std::optional<std::string> OfflineStage::FromValues(std::string_view command, int proto) {
  std::string reply;
  if (command == "mget") resp::AppendArrayHeader(reply, values_.size());
  if (command == "get" || command == "mget") {
    for (const auto& value : values_) AppendValue(reply, value, proto);
    return reply;
  }
  const auto& only = values_.front();
  const auto there = std::ranges::count_if(values_, [](const auto& value) { return value && !value->nil(); });
  const auto size = only && !only->nil() ? static_cast<std::int64_t>(only->bytes().size()) : 0;
  resp::AppendInteger(reply, command == "exists" ? there : size);
  return reply;
}

}  // namespace herdgate::pipeline
