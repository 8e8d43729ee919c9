#include "sidecar/pipeline/near_stage.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "sidecar/command/table.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_header.h"

namespace herdgate::pipeline {
namespace {

using command::CommandFlag;
using command::CommandSpec;
using policy::RequestPlan;
using std::chrono::milliseconds;

// Reads that a value answers.
enum class Form : std::uint8_t { kOther, kGet, kMget, kStrlen, kExists, kGetrange, kTtl };

Form FormOf(const CommandSpec& spec) {
  static const std::vector<Form> forms = [] {
    const command::Table& table = command::BuiltIn();
    std::vector<Form> by_id(table.size(), Form::kOther);
    constexpr std::array<std::pair<std::string_view, Form>, 10> kNamed = {{{"get", Form::kGet},
                                                                           {"mget", Form::kMget},
                                                                           {"strlen", Form::kStrlen},
                                                                           {"exists", Form::kExists},
                                                                           {"getrange", Form::kGetrange},
                                                                           {"substr", Form::kGetrange},
                                                                           {"ttl", Form::kTtl},
                                                                           {"pttl", Form::kTtl},
                                                                           {"expiretime", Form::kTtl},
                                                                           {"pexpiretime", Form::kTtl}}};
    for (const auto& [name, form] : kNamed) {
      if (const CommandSpec* known = table.FindFull(name)) by_id[known->id] = form;
    }
    return by_id;
  }();
  return spec.id < forms.size() ? forms[spec.id] : Form::kOther;
}

// Whether the command changes all keys of a database or of all.
bool Flushes(const CommandSpec& spec) {
  return spec.name == "flushall" || spec.name == "flushdb" || spec.name == "swapdb" || spec.name == "replicaof" ||
         spec.name == "slaveof" || spec.name == "failover" || spec.name == "debug" || spec.name == "shutdown";
}

// Whether it may write keys that it does not name.
bool WritesUnknownKeys(const CommandSpec& spec) {
  if (spec.is_unknown()) return true;
  if (spec.flags.Has(CommandFlag::kReadonly)) return false;
  return spec.ttl == command::TtlEffect::kTtlUnknown;
}

// TTL's answers where there is no time to tell.
constexpr std::int64_t kNoExpiry = -1;
constexpr std::int64_t kNoSuchKey = -2;

// GETRANGE's arithmetic, as Redis does it.
std::string_view RangeOf(std::string_view bytes, std::int64_t first, std::int64_t last) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (first < 0 && last < 0 && first > last) return {};
  if (first < 0) first = std::max<std::int64_t>(size + first, 0);
  if (last < 0) last = std::max<std::int64_t>(size + last, 0);
  last = std::min(last, size - 1);
  if (size == 0 || first > last) return {};
  return bytes.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
}

// Whether its reply shows the whole values of all its keys.
bool IsLookup(const CommandSpec& spec, const resp::Request& request, const RequestPlan& plan) {
  const Form form = FormOf(spec);
  return (form == Form::kGet || form == Form::kMget) && plan.watched_keys.size() + 1 == request.args.size();
}

// Takes a bulk or a null from the front of `bytes`; nothing if none is whole there.
std::optional<cache::Value> TakeValue(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  const std::string_view header = bytes.substr(0, end - 1);
  if (header == "$-1" || header == "_") {
    bytes.remove_prefix(end + 1);
    return cache::Value{.nil = true, .persistent = false, .bytes = {}};
  }
  std::int64_t size = 0;
  if (header.front() != '$' || !resp::ParseStrictInteger(header.substr(1), size) || size < 0) return std::nullopt;
  constexpr std::size_t kLineEnd = 2;
  const auto length = static_cast<std::size_t>(size);
  if (bytes.size() < end + 1 + length + kLineEnd) return std::nullopt;
  const std::string_view text = bytes.substr(end + 1, length);
  bytes.remove_prefix(end + 1 + length + kLineEnd);
  return cache::Value{.nil = false, .persistent = false, .bytes = text};
}

constexpr std::size_t kMostAroundBulk = 32;  // "$", the digits of a size, two line ends

// Writes a bulk; how many bytes it takes, at most kMostAroundBulk more than the value.
std::size_t WriteBulk(char* to, std::string_view value) {
  char* at = to;
  *at++ = '$';
  at = std::to_chars(at, at + kMostAroundBulk, value.size()).ptr;
  *at++ = '\r';
  *at++ = '\n';
  if (!value.empty()) std::memcpy(at, value.data(), value.size());
  at += value.size();
  *at++ = '\r';
  *at++ = '\n';
  return static_cast<std::size_t>(at - to);
}

std::size_t WriteNull(char* to, int proto) {
  const std::string_view null = proto == 3 ? "_\r\n" : "$-1\r\n";
  std::memcpy(to, null.data(), null.size());
  return null.size();
}

// Rule 5: whether an unanswered command of the client's own may touch the key.
bool MayBePending(const NearWork* work, const cache::HashedKey& key) {
  return work != nullptr && (work->fences > 0 || work->pending.MayHold(key.hash));
}

void AppendValue(std::string& out, const cache::ValueRef& value, int proto) {
  if (value.nil()) {
    resp::AppendNull(out, proto);
  } else {
    resp::AppendBulk(out, value.bytes());
  }
}

}  // namespace

NearStage::NearStage(net::Loop& loop, cache::NearCache& cache, NearFills& fills)
    : loop_(loop), cache_(cache), fills_(fills), get_(command::BuiltIn().FindFull("get")->id), reader_(cache) {}

void NearStage::SetPolicies(std::shared_ptr<const policy::PolicySet> set) {
  const std::lock_guard lock(mutex_);
  set_ = std::move(set);
  ++set_number_;
  by_index_.clear();
  auto before = std::exchange(cells_, {});
  for (std::size_t i = 0; set_ && i < set_->size(); ++i) {
    if (!set_->at(i).watched()) {
      by_index_.push_back(nullptr);
      continue;
    }
    auto& cells = cells_[set_->at(i).name];
    cells = std::move(before[set_->at(i).name]);
    if (!cells) cells = std::make_unique<Cells>();
    cells->tap =
        curves_ == nullptr ? nullptr : curves_->TapOf(static_cast<std::size_t>(loop_.index()), set_->at(i).name);
    by_index_.push_back(cells.get());
  }
}

void NearStage::Rematch(NearNote& note) const {
  for (NearNote::Key& key : note.keys) key.policy = PolicyNow(key.logical(), key.policy, note.set);
  note.set = set_number_;
}

std::string_view NearStage::Prefixed(std::string_view prefix, std::string_view logical) {
  physical_.assign(prefix).append(logical);
  return physical_;
}

bool NearStage::AnswerGet(const policy::Snapshot& snapshot, std::string_view key, const NearWork* work, int proto,
                          std::uint64_t max_key_bytes, std::uint64_t session, net::ReplyQueue& replies) {
  if (!fills_.armed()) return false;
  const std::size_t policy = snapshot.set().Match(key);
  if (policy == policy::PolicySet::kNone || !snapshot.IsNear(policy)) return false;
  const cache::HashedKey hashed = cache_.Hash(Physical(snapshot, key, policy));
  if (hashed.text.size() > max_key_bytes || MayBePending(work, hashed)) return false;
  std::size_t written = 0;
  std::size_t size = 0;
  char* room = nullptr;
  cache::ValueRef held;
  bool nil = false;
  bool expired = false;
  const auto take = [&](const cache::Sight& sight) {
    nil = sight.nil();
    expired = sight.freshness != cache::Freshness::kFresh;
    if (expired && (nil || !sight.expired_for() || sight.surely_expired())) return;
    const std::string_view bytes = sight.bytes();
    size = bytes.size();
    if (bytes.size() <= cache::kCopyBytes) room = replies.Room(bytes.size() + kMostAroundBulk);
    if (room == nullptr) {
      held = sight.Hold();
    } else {
      written = nil ? WriteNull(room, proto) : WriteBulk(room, bytes);
    }
  };
  (void)reader_.Look(hashed, loop_.Now(), take);
  if (room == nullptr && !held) return false;
  if (expired && !MayBeStale(policy, key)) return false;
  if (nil && Coalesces(policy, key)) return false;
  if (nil && flights_ != nullptr) flights_->OnNil(policy, key, session);
  Count(policy, expired ? Outcome::kStale : nil ? Outcome::kNegativeHit : Outcome::kNearHit);
  Looked(policy, key, !nil);
  if (expired) TellMissed(TapOf(policy), hashed.hash, false);
  if (!expired) TellNear(policy, hashed, size, nil);
  if (room != nullptr) {
    replies.CommitRoom({room, written});
  } else {
    reply_.clear();
    AppendValue(reply_, held, proto);
    replies.Local(reply_);
  }
  return true;
}

bool NearStage::Coalesces(std::size_t policy, std::string_view logical) {
  return flights_ != nullptr && flights_->Coalesces(policy, logical);
}

bool NearStage::MayBeStale(std::size_t policy, std::string_view logical) {
  const bool allowed = set_ && policy < set_->size() && set_->at(policy).stampede.stale_while_revalidate.count() > 0;
  return allowed && Coalesces(policy, logical);
}

void NearStage::Looked(std::size_t policy, std::string_view logical, bool hit) {
  if (flights_ != nullptr) flights_->Looked(policy, logical, hit);
}

std::optional<cache::ValueRef> NearStage::Fresh(const cache::HashedKey& key, const NearWork* work) {
  if (MayBePending(work, key)) return std::nullopt;
  cache::Found found = reader_.Lookup(key, loop_.Now());
  if (found.freshness != cache::Freshness::kFresh) return std::nullopt;
  return std::move(found.value);
}

std::optional<cache::ValueRef> NearStage::Stale(std::string_view physical) {
  cache::Found found = reader_.Lookup(cache_.Hash(physical), loop_.Now());
  if (found.freshness != cache::Freshness::kFresh && found.freshness != cache::Freshness::kStale) return std::nullopt;
  return std::move(found.value);
}

std::optional<NearStage::Expired> NearStage::StaleWhile(std::string_view physical, std::chrono::milliseconds window) {
  cache::Found found = reader_.Lookup(cache_.Hash(physical), loop_.Now());
  if (!found.expired_for || *found.expired_for >= window || found.value.nil()) return std::nullopt;
  return Expired{.value = std::move(found.value), .age = *found.expired_for, .surely = found.surely_expired};
}

std::optional<std::string_view> NearStage::Answer(const policy::Snapshot& snapshot, const CommandSpec& spec,
                                                  const resp::Request& request, const RequestPlan& plan,
                                                  const NearWork* work, int proto) {
  const Form form = FormOf(spec);
  if (form == Form::kOther || spec.absent || !fills_.armed() || !spec.AcceptsCount(request.args.size()))
    return std::nullopt;
  const std::size_t keys = form == Form::kMget || form == Form::kExists ? request.args.size() - 1 : 1;
  if (plan.watched_keys.size() != keys) return std::nullopt;
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (form == Form::kGetrange &&
      (!resp::ParseStrictInteger(request.args[2], first) || !resp::ParseStrictInteger(request.args[3], last)))
    return std::nullopt;
  values_.clear();
  for (const auto& key : plan.watched_keys) {
    if (!snapshot.IsNear(key.policy)) return std::nullopt;
    const std::string_view logical = request.args[key.argument];
    auto value = Fresh(cache_.Hash(Joined(key.prefix, logical)), work);
    if (!value || (value->nil() && Coalesces(key.policy, logical))) return std::nullopt;
    // When it will expire is not known to the millisecond; that it won't, is.
    if (form == Form::kTtl && !value->nil() && !value->persistent()) return std::nullopt;
    values_.push_back(std::move(*value));
  }
  reply_.clear();
  if (form == Form::kMget) resp::AppendArrayHeader(reply_, keys);
  std::int64_t there = 0;
  for (std::size_t i = 0; i < keys; ++i) {
    const cache::ValueRef& value = values_[i];
    Count(plan.watched_keys[i].policy, value.nil() ? Outcome::kNegativeHit : Outcome::kNearHit);
    const std::string_view logical = request.args[plan.watched_keys[i].argument];
    Looked(plan.watched_keys[i].policy, logical, !value.nil());
    // What other reads find missing is not told either.
    if ((form == Form::kGet || form == Form::kMget) && TapOf(plan.watched_keys[i].policy) != nullptr)
      TellNear(plan.watched_keys[i].policy, cache_.Hash(Joined(plan.watched_keys[i].prefix, logical)),
               value.bytes().size(), value.nil());
    there += value.nil() ? 0 : 1;
    if (form == Form::kGet || form == Form::kMget) AppendValue(reply_, value, proto);
    if (form == Form::kStrlen)
      resp::AppendInteger(reply_, value.nil() ? 0 : static_cast<std::int64_t>(value.bytes().size()));
    if (form == Form::kGetrange)
      resp::AppendBulk(reply_, value.nil() ? std::string_view() : RangeOf(value.bytes(), first, last));
  }
  if (form == Form::kExists) resp::AppendInteger(reply_, there);
  if (form == Form::kTtl) resp::AppendInteger(reply_, there > 0 ? kNoExpiry : kNoSuchKey);
  values_.clear();
  return reply_;
}

NotePtr NearStage::Sent(const policy::Snapshot& snapshot, const CommandSpec& spec, const resp::Request& request,
                        const RequestPlan& plan, bool may_look_up) {
  NearNote::Kind kind = NearNote::Kind::kRead;
  if (Flushes(spec)) {
    if (snapshot.nears())
      cache_.DropAll(spec.name == "swapdb" ? cache::EpochReason::kSwapDb : cache::EpochReason::kFlush);
    kind = NearNote::Kind::kFlush;
  } else if (snapshot.nears() && WritesUnknownKeys(spec)) {
    kind = NearNote::Kind::kFence;
  } else if (plan.watched_keys.empty()) {
    return nullptr;
  } else if (spec.flags.Has(CommandFlag::kWrite) || WritesUnknownKeys(spec)) {
    kind = NearNote::Kind::kWrite;
  } else if (may_look_up && IsLookup(spec, request, plan)) {
    kind = NearNote::Kind::kLookup;
  }
  NotePtr note = notes_.Take();
  note->kind = kind;
  note->set = set_number_;
  if (kind == NearNote::Kind::kFlush) return note;
  const bool writes = kind == NearNote::Kind::kWrite || kind == NearNote::Kind::kFence;
  for (const auto& watched : plan.watched_keys) {
    NearNote::Key& key = AddKey(*note, snapshot, watched.prefix, request.args[watched.argument], watched.policy);
    key.argument = watched.argument;
    key.written = watched.written;
    if (key.near && writes) cache_.Drop(cache_.Hash(key.name), cache::EvictionReason::kOwnWrite);
  }
  return note;
}

NotePtr NearStage::LookingUp(const policy::Snapshot& snapshot, std::string_view key, std::size_t policy) {
  NotePtr note = notes_.Take();
  note->kind = NearNote::Kind::kLookup;
  note->set = set_number_;
  note->use.kind = stampede::KeyUse::Kind::kLookup;
  AddKey(*note, snapshot, snapshot.Prefix(policy, key), key, policy).argument = 1;
  return note;
}

NearNote::Key& NearStage::AddKey(NearNote& note, const policy::Snapshot& snapshot, std::string_view prefix,
                                 std::string_view logical, std::size_t policy) {
  NearNote::Key& key = note.keys.Add();
  key.name.assign(prefix).append(logical);
  key.policy = policy;
  key.near = snapshot.IsNear(policy);
  key.prefix = prefix.size();
  return key;
}

std::optional<std::string_view> NearStage::Rest(const resp::Request& request, const NearWork* work, int proto,
                                                NearNote& note) {
  constexpr std::size_t kMostKeys = 256;  // the reply is held until it is whole
  if (note.kind != NearNote::Kind::kLookup || note.keys.size() < 2 || note.keys.size() > kMostKeys || !fills_.armed())
    return std::nullopt;
  NearParts near{.parts = {}, .proto = proto};
  NearNote::Keys asked;
  for (const NearNote::Key& key : note.keys) {
    near.parts.push_back({.value = {}, .policy = key.policy});
    if (key.near) near.parts.back().value = Fresh(cache_.Hash(key.name), work);
    if (!near.parts.back().value) asked.Add() = key;
  }
  if (asked.size() == note.keys.size()) return std::nullopt;
  if (asked.empty()) {  // the last of them came this very moment
    near.parts.back().value.reset();
    asked.Add() = note.keys.back();
  }
  for (std::size_t i = 0; i < note.keys.size(); ++i) {
    const auto& [value, policy] = near.parts[i];
    if (value) TellNear(policy, cache_.Hash(note.keys[i].name), value->bytes().size(), value->nil());
  }
  std::vector<std::string_view> args = {request.args[0]};
  for (const NearNote::Key& key : asked) args.push_back(key.name);
  rest_.clear();
  resp::AppendRequest(rest_, args);
  note.keys = std::move(asked);
  note.parts = std::make_shared<const NearParts>(std::move(near));
  return rest_;
}

void NearStage::Enter(NearWork& work, const NearNote& note) {
  for (std::size_t i = 0; note.parts && i < note.parts->parts.size(); ++i) {
    const auto& [value, policy] = note.parts->parts[i];
    if (value) Count(policy, value->nil() ? Outcome::kNegativeHit : Outcome::kNearHit);
  }
  work.pending.Begin();
  if (note.kind == NearNote::Kind::kFence || note.kind == NearNote::Kind::kFlush) work.pending.AddAll();
  for (const NearNote::Key& key : note.keys) {
    if (key.near) work.pending.Add(cache_.Hash(key.name).hash);
  }
}

void NearStage::Arrived(const NearNote& note, std::string_view bytes, bool whole, bool counts) {
  nils_.clear();
  switch (note.kind) {
    case NearNote::Kind::kLookup:
      return LookedUp(note, bytes, whole, counts);
    case NearNote::Kind::kStandby:
      return CountStandby(note, bytes, whole);
    case NearNote::Kind::kRead:
      // What it showed of the key is not known: a fill under way may bring something older (rule 6).
      return DropKeys(note, cache::EvictionReason::kContradicted);
    default:
      return Lost(note);
  }
}

void NearStage::Lost(const NearNote& note) {
  if (note.kind == NearNote::Kind::kFlush) return cache_.DropAll(cache::EpochReason::kFlush);
  if (note.kind != NearNote::Kind::kWrite && note.kind != NearNote::Kind::kFence) return;
  DropKeys(note, cache::EvictionReason::kOwnWrite);
}

void NearStage::DropKeys(const NearNote& note, cache::EvictionReason why) {
  for (const NearNote::Key& key : note.keys) {
    if (key.near) cache_.Drop(cache_.Hash(key.name), why);
  }
}

void NearStage::CountStandby(const NearNote& note, std::string_view bytes, bool whole) {
  if (bytes.starts_with('*')) bytes.remove_prefix(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  for (const auto& key : note.keys) {
    const bool nil = bytes.starts_with("$-1") || bytes.starts_with("_");
    Count(key.policy, nil ? Outcome::kStandbyMiss : Outcome::kStandbyHit);
    if (whole) (void)TakeValue(bytes);
  }
}

// The values that a GET or MGET brought, in the order of the note's keys.
void NearStage::LookedUp(const NearNote& note, std::string_view bytes, bool whole, bool counts) {
  if (bytes.starts_with('*')) bytes.remove_prefix(std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  const bool failed = bytes.starts_with('-');
  for (std::size_t i = 0; i < note.keys.size(); ++i) {
    const std::size_t policy = note.keys[i].policy;
    if (failed) {
      if (counts) Count(policy, Outcome::kError);
      continue;
    }
    const std::optional<cache::Value> value = whole ? TakeValue(bytes) : std::nullopt;
    const bool nil = value ? value->nil : bytes.starts_with("$-1");
    if (counts) Count(policy, nil ? Outcome::kPlainMiss : Outcome::kHit);
    Looked(policy, note.keys[i].logical(), !nil);
    if (value && value->nil) nils_.push_back(i);
    cache::HitCurves::Tap* const tap = TapOf(policy);
    if (!note.keys[i].near) {
      if (tap != nullptr) TellMissed(tap, CurveHash(note.keys[i]), !nil);
      continue;
    }
    const cache::HashedKey key = cache_.Hash(note.keys[i].name);
    TellMissed(tap, key.hash, !nil);
    if (!value) {
      // Too long to be held against, or in pieces: what is here may be older.
      cache_.Drop(key, cache::EvictionReason::kContradicted);
      continue;
    }
    cache_.Witness(key, *value, loop_.Now());  // rule 6
    // A reload may have come between.
    const bool wanted = set_ && policy < set_->size() && set_->at(policy).near.enabled &&
                        !(nil && Coalesces(policy, note.keys[i].logical()));
    if (wanted && value->bytes.size() <= set_->at(policy).near.max_value) Want(key, policy);
  }
}

// Asks for a fill if the key is hot.
void NearStage::Want(const cache::HashedKey& key, std::size_t policy) {
  constexpr std::uint32_t kHot = 2;
  if (!sampler_.Sees(loop_.Now())) return;
  if (hot_.Touch(key).at_least() < kHot || !fills_.armed()) return;
  const cache::Reservation reservation = cache_.Reserve(key);
  if (!reservation) return;
  fills_.Request({.key = std::string(key.text), .reservation = reservation, .windows = WindowsOf(set_->at(policy))});
}

}  // namespace herdgate::pipeline
