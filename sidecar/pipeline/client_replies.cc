// Client: what comes back on its lanes, and what becomes of the client when a lane or its session ends.
#include <algorithm>
#include <charconv>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/info_reply.h"
#include "sidecar/pipeline/kill_arguments.h"
#include "sidecar/pipeline/local_commands.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/policy/monitor_names.h"
#include "sidecar/policy/reply_rewriter.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {

using upstream::FrameVerdict;
using upstream::Lane;
using upstream::Pending;

void Client::OnReplies(Lane&, std::string_view bytes, std::size_t ended) {
  PassBytes(bytes, ended, false);
  Ended(ended);
}

void Client::PassBytes(std::string_view bytes, std::size_t ended, bool copy) {
  if (session_ == nullptr) return;
  auto& replies = session_->replies();
  if (copy) {
    replies.PassCopy(bytes, ended);
  } else {
    replies.Pass(bytes, ended);
  }
  if (singles()) set_singles(replies.has_open_slots());
  session_->TouchReplies();
}

void Client::Ended(std::size_t replies) {
  outstanding_ -= std::min(outstanding_, replies);
  if (outstanding_ == 0 && replies > 0) Settled();
}

void Client::Settled() {
  must_settle_ = false;
  current_ = nullptr;
  held_ = nullptr;
  if (session_ == nullptr) {
    const auto found = context_.owned.find(this);
    if (found == context_.owned.end()) return;
    context_.loop.DestroyLater(std::move(found->second));
    context_.owned.erase(found);
    return;
  }
  if (dedicated_ && pins_ == 0) GiveBackDedicated();
  if (awaiting_settled_) {
    awaiting_settled_ = false;
    if (!answering_later_) session_->Resume();
  }
}

void Client::GiveBackDedicated() {
  if (!in_frame_) return DropDedicated(true);
  // The lane counts the command as answered when OnFrame has returned; until then it is not idle.
  context_.loop.Post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->pins_ == 0 && (self->outstanding_ == 0 || self->current_ != self->dedicated_.get()))
      self->DropDedicated(true);
  });
}

void Client::OnTaggedReply(Lane&, const Pending& pending, std::string_view bytes, bool ended) {
  const bool rewrites = (pending.tag & kRewriteReply) != 0;
  const bool near = (pending.tag & kNearReply) != 0;
  const std::uint8_t tag = KindOf(pending.tag);
  const bool first = !std::exchange(reply_begun_, !ended);
  if (pending.tag == kNearReply && first && ended && (TakeForFlight(bytes) || TakeLookup(bytes))) return;
  if (near) NearArrived(bytes, first, first && ended);
  const bool fenced = near && HasFence();
  const bool is_error = captured_.empty() ? bytes.starts_with('-') : captured_.front() == '-';
  const bool whole_needed = tag == kResync || tag == kHello || tag == kInfo || tag == kTrackingInfo ||
                            tag == kRandomKey || rewrites || fenced || is_error;
  constexpr std::size_t kEnough = 64;
  if (whole_needed || (tag != kPlain && captured_.size() < kEnough))
    captured_.append(bytes.substr(0, whole_needed ? bytes.size() : kEnough));
  if (rewrites && ended) captured_ = Rewritten(captured_);
  if (!fenced) PassTagged(pending.tag, bytes, ended);
  if (!ended) return;
  const std::string reply = std::exchange(captured_, {});
  if (near) {
    if (const auto slot = NearEnded()) FillBehindFence(*slot, reply);
  }
  Effect(tag, reply);
  Ended(1);
}

// A piece of the reply to a tagged command, as the app may see it; captured_ holds what is needed whole.
void Client::PassTagged(std::uint8_t full_tag, std::string_view bytes, bool ended) {
  const std::uint8_t tag = KindOf(full_tag);
  const std::size_t count = ended ? 1 : 0;
  if (IsOwnQuestion(tag)) return;  // nobody expects the answer
  if ((full_tag & kDiscardBytes) != 0) return PassBytes({}, count, false);
  const bool whole = tag == kHello || tag == kInfo || tag == kTrackingInfo || (full_tag & kRewriteReply) != 0;
  if (!whole) return PassBytes(bytes, count, false);
  if (!ended) return;
  if (tag == kHello) return PassBytes(LocalCommands::HelloForClient(captured_, id_), 1, true);
  if (tag == kInfo) return PassBytes(InfoForClient(captured_, context_.connections), 1, true);
  if (tag == kTrackingInfo)
    return PassBytes(LocalCommands::TrackingInfoForClient(captured_, tracking_redirect()), 1, true);
  PassBytes(captured_, 1, true);
}

void Client::OnRefused(Lane&, const Pending& pending, const std::string& error) {
  const std::uint8_t tag = KindOf(pending.tag);
  // In the place of the upstream's own reply it may be one that others are a part of.
  const std::string shown = (pending.tag & kRewriteReply) != 0 ? Rewritten(error) : error;
  captured_.clear();
  reply_begun_ = false;
  std::optional<net::ReplyQueue::SlotId> slot;
  if ((pending.tag & kNearReply) != 0) {
    if (unavailable_) NearUnanswered();
    if (!unavailable_) NearArrived(error, true, true);
    slot = NearEnded();
  }
  if (slot) {
    FillBehindFence(*slot, shown);
  } else if (!IsOwnQuestion(tag)) {
    PassBytes((pending.tag & kDiscardBytes) != 0 ? std::string_view() : shown, 1, true);
  }
  if (streaming_) stream_failed_ = true;
  Effect(tag, error);
  Ended(1);
}

// What an answered command changes here.
void Client::Effect(std::uint8_t tag, const std::string& reply) {
  const bool failed = reply.starts_with('-') || reply.starts_with('!');
  switch (tag) {
    case kBlocking:
      return Unblocked();
    case kStreamed:
      return StreamAnswered(reply);
    case kSubscribe:
      subscriptions_.Refused();
      return CheckSubscriptionsOver();
    case kTrackingOn:
    case kTrackingOff:
      return TrackingAnswered(tag == kTrackingOn, failed);
    case kMonitor:
      return MonitorAnswered(failed);
    case kSelect:
    case kHello:
    case kAuth:
      return FinishStateChange(!failed);
    case kMulti:
      if (failed) LeaveMulti();
      return;
    case kRandomKey:
      return RandomKeyAnswered(reply);
    case kExec:
      if (reply.starts_with('*') && !pause_request_.empty()) SetPause(true);
      SendLateFollowUps();
      if (resync_) Resync();
      return;
    case kResync:
      return FinishResync(reply);
    case kPause:
    case kUnpause:
      if (!failed) SetPause(tag == kPause);
      return;
    case kSubstituted:
      return FinishSubstitute(reply);
    case kUnknown:
      if (reply.starts_with("-ERR unknown command") && !dirty_) return Unpin(PinReason::kUnknownCommand);
      dirty_ = true;
      return Pin(PinReason::kUnknownCommand);
    case kPermission:
      permission_ = reply.starts_with("-NOPERM") ? reply : std::string();
      return;
    case kLoginHook:
      if (!failed) RenewLogins();
      return;
    case kHook:
      if (!failed && context_.on_upstream_changed) context_.on_upstream_changed();
      return;
    default:
      return;
  }
}

void Client::Unblocked() {
  if (--blocked_ > 0) return;
  Unpin(PinReason::kBlocked);
  Unpin(PinReason::kWait);
  Unpin(PinReason::kUrgent);
}

void Client::StreamAnswered(const std::string& reply) {
  // The upstream reads no further, and closes; so is it here.
  if (reply.starts_with("-ERR Protocol error") && session_ != nullptr)
    session_->Drain(net::CloseReason::kProtocolError);
  if (--streams_ == 0) Unpin(PinReason::kLargeRequest);
}

void Client::MonitorAnswered(bool failed) {
  if (failed || !dedicated_) {
    Unpin(PinReason::kMonitor);
  } else {
    raw_ = true;
    monitor_filter_ = std::make_unique<MonitorFilter>(context_.own_addresses);
    dedicated_->set_raw();
  }
  answering_later_ = false;
  if (session_ != nullptr) session_->Resume();
}

void Client::TrackingAnswered(bool on, bool failed) {
  if (on && !failed) {
    tracking_ = dirty_ = true;
    Pin(PinReason::kTracking);  // one before it may have failed
    tracking_redirect_ = asked_redirect_;
  } else if (on ? !tracking_ : !failed) {
    tracking_ = false;
    Unpin(PinReason::kTracking);
  }
}

void Client::SetPause(bool paused) {
  const auto pause = paused ? ParsePause(pause_request_) : PauseArguments{};
  const auto until = context_.loop.Now() + pause.duration;
  for (LoopContext* peer : context_.peers) {
    peer->loop.Post([peer, until, reads = pause.reads] {
      peer->paused_until = until;
      peer->pauses_reads = reads;
    });
  }
}

void Client::FinishSubstitute(const std::string& reply) {
  if (session_ == nullptr) return;
  const auto substitute = std::exchange(substitute_, nullptr);
  if (!reply.starts_with('-')) return substitute(substitute_slot_);
  // Counted when the lane finished it.
  session_->replies().Fill(substitute_slot_, reply);
  EndAnswerLater();
}

// Who comes from now on asks the upstream anew whether it wants a password; who is connected may go on, as in Redis.
void Client::RenewLogins() {
  for (LoopContext* peer : context_.peers) {
    peer->loop.Post([peer] {
      if (!peer->identity->auth.empty()) return;
      auto renewed = std::make_shared<upstream::Identity>(*peer->identity);
      ++renewed->generation;
      peer->identity = std::move(renewed);
    });
  }
}

// MULTI was refused, by the upstream's rules or because it can't be reached: there is no transaction.
void Client::LeaveMulti() {
  if (!in_multi_) return;
  in_multi_ = false;
  if (policy_work_) policy_work_->transaction.Clear();
  if (!resync_) return Unpin(PinReason::kMulti);
  if (session_ != nullptr) session_->Pause();
  Resync();
}

void Client::FinishStateChange(bool accepted) {
  if (state_changes_.empty()) return;
  const std::string raw = std::move(state_changes_.front());
  state_changes_.pop_front();
  if (accepted) LocalCommands::ApplyAccepted(*this, raw);
  if (dedicated_) dedicated_->set_pubsub(proto_ == 2 && IsPinned(PinReason::kSubscribed));
}

// ---- after a transaction that changed the connection's own state: ask the upstream what it is now

void Client::Resync() {
  std::string request;
  resp::AppendRequest(request, {"CLIENT", "INFO"});
  Pending pending;
  pending.tag = kResync;
  pending.own = true;
  pending.started_ns = context_.loop.Now().time_since_epoch().count();
  if (dedicated_ && dedicated_->Send(request, *this, pending)) {
    ++outstanding_;
  } else {
    FinishResync("-");
  }
}

namespace {

std::string_view Field(std::string_view line, std::string_view name) {
  const std::string key = " " + std::string(name) + "=";
  const auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find_first_of(" \r\n"));
}

std::int64_t Number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void Client::FinishResync(std::string_view reply) {
  if (reply.starts_with("-ERR Can't execute") && dedicated_) {
    // Subscribed in RESP2, the connection may not be asked itself.
    context_.own_query->Ask({"CLIENT", "LIST", "ID", std::to_string(dedicated_->handshake().id)}, 0,
                            [weak = weak_from_this()](const std::string& line) {
                              if (const auto self = weak.lock(); self && self->dedicated_) self->FinishResync(line);
                            });
    return;
  }
  resync_ = false;
  if (!reply.starts_with('-')) {
    subscriptions_.Assume(Number(Field(reply, "sub")), Number(Field(reply, "psub")), Number(Field(reply, "ssub")));
    const auto proto = static_cast<int>(Number(Field(reply, "resp")));
    dirty_ = true;
    // The lane has no name unless the transaction gave it one.
    if (const auto name = Field(reply, "name"); !name.empty()) name_ = name;
    Become(proto == 3 ? 3 : 2, static_cast<std::uint32_t>(Number(Field(reply, "db"))), identity_);
    tracking_ = Field(reply, "flags").find('t') != std::string_view::npos;
    if (tracking_) Pin(PinReason::kTracking);
    if (subscriptions_.any()) Pin(PinReason::kSubscribed);
  }
  if (dedicated_) dedicated_->set_pubsub(proto_ == 2 && subscriptions_.any());
  Unpin(PinReason::kMulti);
  if (session_ != nullptr && !answering_later_) session_->Resume();
}

// ---- frames out of turn

FrameVerdict Client::OnFrame(Lane&, std::string_view frame, const Pending* oldest) {
  in_frame_ = true;
  const FrameVerdict verdict = TakeFrame(frame, oldest);
  in_frame_ = false;
  return verdict;
}

FrameVerdict Client::TakeFrame(std::string_view frame, const Pending* oldest) {
  const bool rewrites = oldest != nullptr && (oldest->tag & kRewriteReply) != 0;
  const auto parsed = resp::ParseReply(frame);
  static const std::vector<resp::Reply> none;
  const auto& elements = parsed.ok() ? parsed.value().reply.elements : none;
  const std::string_view what = elements.empty() ? std::string_view() : elements.front().text;
  const std::uint8_t tag = oldest == nullptr ? std::uint8_t{kPlain} : KindOf(oldest->tag);
  const bool asked = tag == kSubscribe;
  if (elements.size() == 3 && Subscriptions::IsConfirmation(what) && (asked || subscriptions_.any())) {
    const bool last =
        subscriptions_.Confirmed(what, elements[1].type == resp::ReplyType::kNull, elements[2].integer) && asked;
    PassPush(frame, last ? 1 : 0);
    if (subscriptions_.any()) Pin(PinReason::kSubscribed);
    if (!last) return FrameVerdict::kProgress;
    CheckSubscriptionsOver();
    Ended(1);
    return FrameVerdict::kAnswer;
  }
  // No answer to a question of the sidecar's own is an array.
  if (frame.starts_with('>') || (subscriptions_.any() && Subscriptions::IsMessage(what)) || oldest == nullptr ||
      IsOwnQuestion(tag)) {
    PassPush(frame, 0, oldest);
    return FrameVerdict::kPush;
  }
  const bool discard = (oldest->tag & kDiscardBytes) != 0;
  const std::string rewritten = rewrites ? Rewritten(frame) : std::string();
  const std::string_view shown = discard ? std::string_view() : rewrites ? std::string_view(rewritten) : frame;
  std::optional<net::ReplyQueue::SlotId> slot;
  if ((oldest->tag & kNearReply) != 0) {
    NearArrived(frame, true, true);
    slot = NearEnded();
  }
  if (slot) {
    FillBehindFence(*slot, std::string(shown));
  } else {
    PassBytes(shown, 1, true);
  }
  Effect(tag, std::string(frame.substr(0, 64)));
  Ended(1);
  return FrameVerdict::kAnswer;
}

// Bytes that came unasked, or a confirmation that ends `ended` replies: what the app may see of them. `oldest`: the
// command whose reply they came before.
void Client::PassPush(std::string_view frame, std::size_t ended, const Pending* oldest) {
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  // Without versions only the sidecars' own keys have to be hidden.
  const bool rewrites = context_.policies->versions() || frame.find(policy::kOwnKeyPrefix) != std::string_view::npos;
  const std::string rewritten = snapshot && rewrites ? policy::RewritePush(*snapshot, frame) : std::string();
  const std::string_view shown = snapshot && rewrites ? std::string_view(rewritten) : frame;
  if (session_ == nullptr || oldest == nullptr || (oldest->tag & kNearReply) == 0 || !HasFence())
    return PassBytes(shown, ended, true);
  session_->replies().PassBefore(near_work_->notes.Front()->slot, shown);
  session_->TouchReplies();
}

void Client::CheckSubscriptionsOver() {
  if (!subscriptions_.over()) return;
  Unpin(PinReason::kSubscribed);
  if (dedicated_ && !resync_) dedicated_->set_pubsub(false);  // else the transaction decides
}

void Client::OnRaw(Lane&, std::string_view bytes) {
  if (!monitor_filter_) return PassBytes(bytes, 0, false);
  const std::string lines = monitor_filter_->Take(bytes);
  PassBytes(context_.policies->versions() ? policy::ShowMonitored(*context_.policies->snapshot(), lines) : lines, 0,
            true);
}

// ---- ends

void Client::OnLost(Lane& lane) {
  const bool all_answered = std::exchange(outstanding_, 0) == 0;
  if (current_ == &lane) current_ = nullptr;
  LoseNear();
  if (session_ == nullptr) return Settled();
  context_.metrics.lost_clients.Add();
  if (!all_answered || !session_->replies().has_open_slots()) return session_->Kill(net::CloseReason::kUpstreamLost);
  // What waits for a fence was answered before the end.
  DropDedicated(false);
  session_->Drain(net::CloseReason::kUpstreamLost);
}

void Client::OnRoom(Lane&) {
  if (!std::exchange(awaiting_room_, false) || session_ == nullptr) return;
  session_->SetReading(true);
  if (!answering_later_) session_->Resume();
}

void Client::HandleHalfClose() {
  half_closed_ = true;
  if (MayNeverSettle()) return session_->Kill(net::CloseReason::kClient);
  if (flight_work_) LetGo([](const ParkedRead&) { return true; });
}

void Client::HandleBacklog(std::size_t bytes) {
  constexpr std::size_t kStopReading = std::size_t{1024} * 1024;
  if (bytes > context_.options.slow_reader_bytes) Pin(PinReason::kSlowReader);
  if (dedicated_) dedicated_->SetReading(bytes < kStopReading);
  if (bytes < kStopReading && IsPinned(PinReason::kSlowReader)) {
    Unpin(PinReason::kSlowReader);
    if (outstanding_ == 0 && pins_ == 0) DropDedicated(true);
  }
}

void Client::HandleClosed() {
  session_ = nullptr;
  context_.clients.erase(id_);
  LeaveFlights();
  const bool was_on_dedicated = dedicated_ && current_ == dedicated_.get();
  DropDedicated(false);
  for (auto* lane : {fast_.get(), slow_.get(), held_.get(), standby_.get()}) {
    if (lane != nullptr) lane->Forget(*this);
  }
  if (outstanding_ == 0 || was_on_dedicated) Settled();
}

}  // namespace herdgate::pipeline
