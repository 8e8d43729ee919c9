#include "sidecar/pipeline/shadow_desk.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sidecar/pipeline/loop_context.h"
#include "sidecar/upstream/tracking/tracking.h"

namespace herdgate::pipeline {
namespace {

using stampede::CopyResult;
using stampede::ShadowResult;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostAsks = 1000;
constexpr std::size_t kMostWaiters = 4096;  // of one ask
constexpr std::size_t kMostRemovals = 10000;
constexpr std::size_t kMostLives = 4096;
constexpr std::int64_t kCopiesPerSecond = 200;
constexpr std::int64_t kCopyBurst = 50;

constexpr metrics::CounterFamily kCopies{"herdgate_shadow_copies_total",
                                         "Copies of values near their end to their shadows, by result."};
constexpr metrics::CounterFamily kReads{"herdgate_shadow_reads_total",
                                        "Reads of shadows of keys that were missing, by result."};
constexpr metrics::GaugeFamily kRemembered{"herdgate_shadow_remembered_bytes",
                                           "Old values that were just read of shadows, for all readers of their keys."};

constexpr std::array<std::string_view, stampede::kCopyResults> kCopyNames = {"copied", "there",     "early", "no_end",
                                                                             "gone",   "too_large", "error"};
constexpr std::array<std::string_view, stampede::kShadowResults> kReadNames = {"old",   "nothing", "lives",
                                                                               "early", "removed", "error"};
constexpr std::array<std::string_view, 3> kUnreadNames = {"unsent", "broken", "late"};

}  // namespace

ShadowDesk::ShadowDesk(const stampede::FlightTable& table, stampede::KeyHistory& history, LoopContext& home,
                       upstream::Tracking& tracking)
    : table_(table),
      history_(history),
      home_(home),
      tracking_(tracking),
      read_gate_({.off_event = "shadow.reads_off", .on_event = "shadow.reads_on"}),
      copy_gate_({.asks_per_second = kCopiesPerSecond,
                  .burst = kCopyBurst,
                  .off_event = "shadow.copies_off",
                  .on_event = "shadow.copies_on"}),
      no_copy_(kMostLives),
      timer_(home.loop) {}

// ---- reads

std::optional<stampede::OldValue> ShadowDesk::Find(std::string_view physical, base::SteadyTime now) {
  if (!used_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return memory_.Find(HashOf(physical), now);
}

bool ShadowDesk::Ask(LoopContext& here, std::string_view physical, Done done) {
  if (!tracking_.armed()) return false;
  const std::uint64_t hash = HashOf(physical);
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (Join(hash, here, done)) return true;
    if (joinable_.contains(hash) || asks_.size() >= kMostAsks || !read_gate_.Take(here.loop.Now())) return false;
    id = ++last_ask_;
    asks_[id] = {.hash = hash, .key = std::string(physical), .since = here.loop.Now()};
    asks_[id].waiters.push_back({&here, std::move(done)});
    joinable_[hash] = id;
  }
  used_.store(true, std::memory_order_relaxed);
  home_.loop.Post([this, id] { SendAsk(id); });
  return true;
}

// REQUIRES: mutex_ held.
bool ShadowDesk::Join(std::uint64_t hash, LoopContext& here, Done& done) {
  const auto under_way = joinable_.find(hash);
  if (under_way == joinable_.end()) return false;
  std::vector<Waiter>& waiters = asks_.at(under_way->second).waiters;
  if (waiters.size() >= kMostWaiters) return false;
  waiters.push_back({&here, std::move(done)});
  return true;
}

void ShadowDesk::SendAsk(std::uint64_t id) {
  if (closed_) return;
  std::string key;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asks_.find(id);
    if (found == asks_.end()) return;
    key = found->second.key;
  }
  const auto done = [this, id](const resp::Reply* reply) { OnAskReply(id, reply); };
  if (!tracking_.Call(stampede::ReadShadowArguments(key), true, done)) {
    unread_[kUnsent].Add();
    return Finish(id, {}, std::nullopt);
  }
  if (!timer_.armed()) AwaitAnswers(kPatience);
}

void ShadowDesk::OnAskReply(std::uint64_t id, const resp::Reply* reply) {
  if (closed_) return;
  if (reply == nullptr) {
    unread_[kLost].Add();
    return Finish(id, {}, std::nullopt);
  }
  const auto now = base::SystemClock().Now();
  const stampede::ShadowReply read = stampede::ReadShadowReply(*reply);
  reads_[static_cast<std::size_t>(read.result)].Add();
  if (read.result == ShadowResult::kFailed) {
    read_gate_.OnError(read.value, now);
    return Finish(id, {}, std::nullopt);
  }
  read_gate_.OnGranted(now);
  if (read.result != ShadowResult::kOld) {
    const bool none = read.result == ShadowResult::kNothing || read.result == ShadowResult::kRemoved;
    return Finish(id, {}, none ? std::optional(now + stampede::ShadowMemory::kMostTime) : std::nullopt);
  }
  // It was so old when Redis read it, which was before now.
  OldValue old{.value = std::make_shared<const std::string>(read.value), .ended = now - read.age};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = asks_.find(id); found != asks_.end()) old.ended = found->second.since - read.age;
  }
  Finish(id, old, now + read.left);
}

void ShadowDesk::Finish(std::uint64_t id, const OldValue& old, std::optional<base::SteadyTime> until) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asks_.find(id);
    if (found == asks_.end()) return;
    const std::uint64_t hash = found->second.hash;
    waiters = std::move(found->second.waiters);
    asks_.erase(found);
    // Forgotten meanwhile: its own waiters began to read before.
    const auto joinable = joinable_.find(hash);
    if (joinable != joinable_.end() && joinable->second == id) {
      joinable_.erase(joinable);
      if (until) memory_.Put(hash, old, *until, base::SystemClock().Now());
    }
  }
  for (Waiter& waiter : waiters) {
    waiter.here->loop.Post([done = std::move(waiter.done), old] { done(old); });
  }
}

void ShadowDesk::AwaitAnswers(milliseconds time) {
  timer_.After(time, [this] { OnLate(); });
}

void ShadowDesk::OnLate() {
  const base::SteadyTime before = base::SystemClock().Now() - kPatience;
  std::vector<std::uint64_t> late;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, asking] : asks_) {
      if (asking.since > before) {
        more = true;
        break;
      }
      late.push_back(id);
    }
  }
  for (const std::uint64_t id : late) {
    unread_[kLate].Add();
    Finish(id, {}, std::nullopt);
  }
  constexpr int kLooks = 10;
  if (more) AwaitAnswers(kPatience / kLooks);
}

// ---- what makes them void

void ShadowDesk::Forget(std::string_view physical) {
  if (!used_.load(std::memory_order_relaxed)) return;
  const std::uint64_t hash = HashOf(physical);
  const std::lock_guard lock(mutex_);
  memory_.Forget(hash);
  joinable_.erase(hash);
}

void ShadowDesk::ForgetAll() {
  if (!used_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  memory_.ForgetAll();
  joinable_.clear();
}

void ShadowDesk::OnInvalidated(std::string_view physical) {
  if (!used_.load(std::memory_order_relaxed)) return;
  Forget(stampede::KeyOfShadow(physical).value_or(physical));
}

void ShadowDesk::OnAllInvalidated() {
  ForgetAll();
  SendRemovals();
}

void ShadowDesk::Remove(std::string physical) {
  KeepRemoval(std::move(physical));
  if (!removals_posted_.exchange(true)) home_.loop.Post([this] { SendRemovals(); });
}

void ShadowDesk::KeepRemoval(std::string physical) {
  const std::lock_guard lock(mutex_);
  if (removals_.size() >= kMostRemovals) removals_.pop_front();
  removals_.push_back(std::move(physical));
}

void ShadowDesk::SendRemovals() {
  removals_posted_.store(false);
  if (closed_ || !tracking_.armed()) return;
  std::deque<std::string> removals;
  {
    const std::lock_guard lock(mutex_);
    removals.swap(removals_);
  }
  for (std::string& key : removals) {
    const bool given =
        tracking_.Call(stampede::RemoveShadowArguments(key), false, [this, key](const resp::Reply* reply) {
          if (reply == nullptr) KeepRemoval(key);
        });
    if (!given) KeepRemoval(std::move(key));
  }
}

// ---- copies

bool ShadowDesk::MayCopy(std::uint64_t logical_hash, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const base::SteadyTime* const before = no_copy_.Find(logical_hash);
  return before == nullptr || now >= *before;
}

void ShadowDesk::NoCopyBefore(std::uint64_t logical_hash, base::SteadyTime time) {
  const std::lock_guard lock(mutex_);
  no_copy_.Put(logical_hash, time);
}

void ShadowDesk::OnNewLife(std::uint64_t logical_hash) {
  const std::lock_guard lock(mutex_);
  if (no_copy_.size() > 0) no_copy_.Erase(logical_hash);
}

void ShadowDesk::TakeCopy(Copy copy, base::SteadyTime now) {
  if (!tracking_.armed() || !copy_gate_.Take(now)) return;
  used_.store(true, std::memory_order_relaxed);
  constexpr seconds kAnswered{2};
  NoCopyBefore(copy.hash, now + kAnswered);
  home_.loop.Post([this, copy = std::move(copy)] { SendCopy(copy); });
}

void ShadowDesk::SendCopy(const Copy& copy) {
  if (closed_) return;
  const auto done = [this, copy](const resp::Reply* reply) { OnCopyReply(copy, reply); };
  if (!tracking_.Call(stampede::CopyArguments(copy.physical, copy.terms), false, done)) unsent_copies_.Add();
}

void ShadowDesk::OnCopyReply(const Copy& copy, const resp::Reply* reply) {
  if (closed_) return;
  if (reply == nullptr) return unsent_copies_.Add();
  constexpr seconds kSoon{1};
  constexpr seconds kLong{30};
  const auto now = base::SystemClock().Now();
  const stampede::CopyReply made = stampede::ReadCopyReply(*reply);
  copies_[static_cast<std::size_t>(made.result)].Add();
  if (made.result == CopyResult::kFailed) {
    copy_gate_.OnError(made.error, now);
    return NoCopyBefore(copy.hash, now + kLong);
  }
  copy_gate_.OnGranted(now);
  if (made.left.count() > 0) history_.OnLeft(copy.hash, made.left, now);
  switch (made.result) {
    case CopyResult::kCopied:
    case CopyResult::kThere:
    case CopyResult::kTooLarge:  // once in its life
      return NoCopyBefore(copy.hash, now + made.left);
    case CopyResult::kNoEnd:
      return NoCopyBefore(copy.hash, now + kLong);
    default:
      return NoCopyBefore(copy.hash, now + std::min<milliseconds>(kSoon, std::max(made.left, milliseconds(100))));
  }
}

// ---- the end

void ShadowDesk::Close() {
  closed_ = true;
  timer_.Cancel();
}

void ShadowDesk::Collect(metrics::SampleSink& sink) const {
  if (!used_.load(std::memory_order_relaxed)) return;
  for (std::size_t i = 0; i < copies_.size(); ++i) sink.Add(kCopies, {{"result", kCopyNames[i]}}, copies_[i]);
  sink.Add(kCopies, {{"result", "unsent"}}, unsent_copies_);
  for (std::size_t i = 0; i < reads_.size(); ++i) sink.Add(kReads, {{"result", kReadNames[i]}}, reads_[i]);
  for (std::size_t i = 0; i < unread_.size(); ++i) sink.Add(kReads, {{"result", kUnreadNames[i]}}, unread_[i]);
  const std::lock_guard lock(mutex_);
  sink.Add(kRemembered, {}, static_cast<std::int64_t>(memory_.bytes()));
}

}  // namespace herdgate::pipeline
