// Lane's part in doing without the upstream: what it abandons, and how it notices that nobody answers.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "sidecar/upstream/lane.h"

namespace herdgate::upstream {
namespace {

constexpr std::string_view kBrokeBeforeAnswer =
    "-ERR herdgate: the connection to the upstream broke before it answered: whether this was carried out is not "
    "known\r\n";
// The request is with the upstream still, which may wake up.
constexpr std::string_view kNotAnswered =
    "-ERR herdgate: the upstream does not answer: whether this was or will be carried out is not known\r\n";

// Whose replies nobody waits for any more. It keeps nothing, so one serves all loops.
class DroppedReplies final : public ReplySink {
 public:
  void OnReplies(Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(Lane&, const Pending&, std::string_view, bool) override {}
  FrameVerdict OnFrame(Lane&, std::string_view, const Pending*) override { return FrameVerdict::kPush; }
  void OnRaw(Lane&, std::string_view) override {}
  void OnRefused(Lane&, const Pending&, const std::string&) override {}
  void OnLost(Lane&) override {}
  void OnRoom(Lane&) override {}
};

DroppedReplies& Dropped() {
  static DroppedReplies dropped;
  return dropped;
}

}  // namespace

bool Lane::IsDropped(const Entry& entry) {
  return entry.sink == &Dropped();
}

// ---- commands

void Lane::Abandon() {
  if (use_ == LaneUse::kDedicated || state_ == State::kClosed) return;
  std::vector<Abandoned> abandoned;
  const SendLog requests = TakeAbandoned(abandoned);
  const Breaker::Info info = context_.breaker.Get();
  const auto away = std::chrono::duration<double>(context_.loop.Now() - info.away_since).count();
  const std::string line =
      fmt::format("-ERR herdgate: upstream {} is unavailable: {} (for {:.1f} s)\r\n", context_.connector.name(),
                  info.error.empty() ? "no answer" : info.error, std::max(away, 0.0));
  if (dropped_ > 0 && !silent_) {
    // It may yet be carried out: that has to be over before anything is made up for.
    silent_ = true;
    context_.breaker.OnSilent("no answer");
  }
  for (const Abandoned& one : abandoned) {
    if (state_ == State::kClosed) return;
    TellUnavailable(one.entry, requests.At(one.offset, one.entry.pending.bytes), line);
  }
  if (state_ == State::kClosed) return;
  if (state_ == State::kReady) context_.loop.Touch(*this);
  TellRoom();
}

// Removes what is abandoned and was not sent; of what was sent only the sink changes, so what the upstream has got of
// the log stays its front. Returns the log as it was.
SendLog Lane::TakeAbandoned(std::vector<Abandoned>& abandoned) {
  const std::size_t sent = log_.sent_bytes();
  std::unordered_set<const ReplySink*> keeping;
  if (partly_delivered_) keeping.insert(pendings_.Front().sink);
  SendLog kept_log;
  base::Ring<Entry> kept;
  std::size_t retried = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < pendings_.size(); ++i) {
    Entry entry = pendings_[i];
    const std::size_t offset = end;
    end += entry.pending.bytes;
    const bool is_owed = entry.pending.bytes > 0 && offset < sent;
    if (!entry.pending.degradable || keeping.contains(entry.sink)) {
      keeping.insert(entry.sink);
    } else {
      entry.pending.fate_unknown |= is_owed && !entry.pending.retryable;
      abandoned.push_back({entry, offset});
      if (!is_owed) continue;
      ++dropped_;
      entry = {&Dropped(), {.started_ns = entry.pending.started_ns, .bytes = entry.pending.bytes, .own = true}};
    }
    kept_log.Append(log_.At(offset, end - offset));
    kept.Push(entry);
    if (i < retried_) ++retried;
  }
  kept_log.MarkSent(sent);
  std::swap(log_, kept_log);
  pendings_ = std::move(kept);
  retried_ = retried;
  return kept_log;
}

// An upstream that is back, but loads its data, is still away for who can do without it.
bool Lane::IsLoading(const Entry& oldest, std::string_view reply) {
  return oldest.pending.degradable && reply.starts_with("-LOADING");
}

bool Lane::TakeLoading(std::string_view reply) {
  const Entry entry = pendings_.Front();
  const std::string request(log_.At(0, entry.pending.bytes));
  const std::string line(reply);
  pendings_.Front().pending.own = true;  // the sink counts it
  Finish('-');
  context_.breaker.OnLoading(line.substr(1, line.find('\r') - 1));
  TellUnavailable(entry, request, line);
  return state_ == State::kReady;
}

void Lane::AnswerPlaceholders() {
  while (state_ == State::kReady && !pendings_.empty() && pendings_.Front().pending.fate_unknown) {
    const Entry entry = pendings_.Pop();
    if (retried_ > 0) --retried_;
    TellUnavailable(entry, {}, {});
  }
}

void Lane::TellUnavailable(const Entry& entry, std::string_view request, const std::string& line) {
  entry.sink->OnUnavailable(
      *this, entry.pending, request,
      !entry.pending.fate_unknown ? line : std::string(entry.pending.bytes == 0 ? kBrokeBeforeAnswer : kNotAnswered));
}

// ---- silence

void Lane::LookForSilence(std::chrono::milliseconds period) {
  if (!context_.breaker.watches_silence()) return EndSilence();
  if (state_ != State::kReady || use_ == LaneUse::kDedicated) return;
  if (silent_) return BreakIfOthersAreAnswered();
  const std::int64_t since = OwingSince();
  const auto quiet = std::chrono::nanoseconds(NowNs() - since);
  if (since != 0 && since == suspected_ns_ && quiet >= context_.options.timeout) {
    silent_ = true;
    context_.breaker.OnSilent("no answer");
    return;
  }
  suspected_ns_ = since != 0 && quiet >= context_.options.timeout - period ? since : 0;
}

// The way to the upstream is broken for this connection alone: it must not keep the others without.
void Lane::BreakIfOthersAreAnswered() {
  const auto answering_since = context_.breaker.AnsweringSince();
  const std::int64_t owing_since = OwingSince();
  if (!answering_since || owing_since == 0) return;
  // Whoever can't do without is not hurried: a CLIENT PAUSE holds writes, and no PING.
  bool patient = false;
  for (std::size_t i = 0; i < pendings_.size() && !patient; ++i)
    patient = !IsDropped(pendings_[i]) && !pendings_[i].pending.degradable;
  const auto patience = context_.options.timeout * (patient ? kPatientTimeouts : 1);
  const auto since = std::max<std::int64_t>(answering_since->time_since_epoch().count(), owing_since);
  if (std::chrono::nanoseconds(NowNs() - since) < patience) return;
  Broken(LaneLoss::kBroken, "no answer, while other connections are answered");
}

// Since when the upstream has had a whole request and said nothing, or has taken nothing of a request; 0: it owes none.
std::int64_t Lane::OwingSince() {
  if (pendings_.empty() || log_.sent_bytes() == 0) return 0;
  const std::size_t oldest = pendings_.Front().pending.bytes;
  const std::uint64_t answered_next = answered_total_ + oldest;
  while (!marks_.empty() && marks_.Front().end < answered_next && marks_.size() > 1) marks_.Pop();
  return marks_.empty() ? 0 : std::max(marks_.Front().at_ns, last_byte_ns_);
}

void Lane::EndSilence() {
  suspected_ns_ = 0;
  if (!silent_) return;
  silent_ = false;
  context_.breaker.OnSilenceEnded();
}

}  // namespace herdgate::upstream
