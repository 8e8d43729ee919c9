#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"

#include <algorithm>
#include <utility>

#include "sidecar/command/keys.h"
#include "sidecar/pipeline/absent_reply.h"
#include "sidecar/pipeline/local_commands.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/tag_members.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/pipeline/transaction_block.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

using command::CommandClass;
using command::CommandFlag;
using command::CommandSpec;
using net::Verdict;
using upstream::Lane;
using upstream::LaneUse;

Client::Client(LoopContext& context, net::Session& session)
    : context_(context),
      session_(&session),
      id_(context.next_client_id.fetch_add(1, std::memory_order_relaxed)),
      db_(context.default_db),
      identity_(context.identity) {
  LearnRules();
}

Client::~Client() = default;

// Whether the upstream asks for a password is known once it has been reached.
void Client::LearnRules() {
  const Lane& lane = SharedLane(false);
  rules_known_ = lane.state() == Lane::State::kReady;
  if (rules_known_) SetUnauthenticated(lane.handshake().unauthenticated);
}

// A request that had to wait comes again: it begins once.
void Client::BeginRequest() {
  if (first_tried_ns_ != 0) return;
  if (!rules_known_) LearnRules();
  first_tried_ns_ = context_.loop.Now().time_since_epoch().count();
  skip_this_ = std::exchange(skip_next_, false);
}

Verdict Client::Handle(const resp::Request& request) {
  BeginRequest();
  const CommandSpec& spec = *context_.facts->table->Resolve(request.args);
  request_bytes_ = request.raw.size();
  if (flight_work_) BeforeNext(spec, request.args);
  if (blocked_ == 0) last_command_ = spec.id;  // Redis has not looked at what stands behind a blocking command
  Verdict verdict = Verdict::kDone;
  const bool tags = spec.is_unknown() && IsTagCommand(request.args[0]);
  if (const auto tagged = tags ? TagKey(request) : std::nullopt) {
    verdict = *tagged;
  } else if (!context_.policies->active()) {
    verdict = Dispatch(spec, request);
  } else if (near_missed_ = refresh_due_ = IsRefreshDue(spec, request); refresh_due_ || !AnswerHit(spec, request)) {
    verdict = Weighed(spec, request);
  }
  if (verdict == Verdict::kDone) {
    // The commands of a block are refused together if they can't be sent in time.
    if (block_left_ == 0) first_tried_ns_ = 0;
    ++queries_;
    if (half_closed_ && session_ != nullptr && MayNeverSettle()) session_->Kill(net::CloseReason::kClient);
  }
  return verdict;
}

Verdict Client::Dispatch(const CommandSpec& spec, const resp::Request& request) {
  if (block_left_ > 0) {
    const Verdict verdict = SendOn(*current_, spec, request, kPlain);
    --block_left_;
    return verdict;
  }
  if (const auto verdict = Gate(spec, request)) return *verdict;
  if (in_multi_) return InsideMulti(spec, request);
  switch (spec.command_class) {
    case CommandClass::kShared:
      if (spec.is_unknown()) return Unknown(spec, request);
      return Forward(spec, request, false, TagOf(spec, request));
    case CommandClass::kSlow:
      return Forward(spec, request, true, TagOf(spec, request));
    case CommandClass::kLocal:
      return Local(spec, request);
    case CommandClass::kTransaction:
      return Transaction(spec, request);
    case CommandClass::kPubSub:
      return PubSub(spec, request);
    case CommandClass::kBlocking:
      return Blocking(spec, request);
    case CommandClass::kMaybeBlocking:
      return command::MayBlock(spec, request.args) ? Blocking(spec, request) : Forward(spec, request, false);
    case CommandClass::kWait:
      return Wait(spec, request);
    case CommandClass::kTracking:
      return Tracking(spec, request);
    case CommandClass::kMonitor:
      return Monitor(spec, request);
    case CommandClass::kReplication:
      return Replication(spec, request);
    case CommandClass::kUrgent:
      return Urgent(spec, request);
    case CommandClass::kRefused:
      return Answer(spec, texts::UnknownSubcommand(request.args[0], request.args[1]));
  }
  return Forward(spec, request, false);
}

std::uint8_t Client::TagOf(const CommandSpec& spec, const resp::Request& request) {
  if (spec.group != command::CommandGroup::kAdmin) return kPlain;
  if (spec.name == "info") return kInfo;
  if (spec.name == "client|pause") return kPause;
  if (spec.name == "client|unpause") return kUnpause;
  if (LocalCommands::ChangesLogins(spec, request)) return kLoginHook;
  return LocalCommands::ChangesUpstream(spec, request) ? kHook : kPlain;
}

// ---- lanes

Lane& Client::SharedLane(bool slow) {
  auto& lane = slow ? slow_ : fast_;
  if (!lane || lane->state() == Lane::State::kRefused || lane->state() == Lane::State::kClosed) {
    lane = context_.lanes.Shared(Key(), slow);
  }
  return *lane;
}

Verdict Client::Forward(const CommandSpec& spec, const resp::Request& request, bool slow, std::uint8_t tag) {
  // A request so large that it was held only for its policy's sake would keep others waiting.
  if (pins_ != 0 || request.raw.size() > context_.sessions->options().max_held_request)
    return ForwardDedicated(spec, request, tag);
  if (context_.paused_until > context_.loop.Now() && IsPaused(spec)) return Blocking(spec, request);
  Lane* lane = current_;
  if (outstanding_ == 0) {
    lane = &SharedLane(slow);
  } else if (must_settle_ || (slow && lane->use() == LaneUse::kShared)) {
    return AwaitSettled();
  }
  if (const auto wait = AwaitRoomIfFull(*lane)) return *wait;
  return SendOn(*lane, spec, request, tag);
}

// Whether CLIENT PAUSE stops the command: it would hold up everything behind it on a shared lane.
bool Client::IsPaused(const CommandSpec& spec) const {
  if (context_.pauses_reads || spec.flags.Has(CommandFlag::kWrite)) return true;
  // What may replicate is stopped too; COMMAND does not say which those are.
  if (spec.group == command::CommandGroup::kScript) return !spec.flags.Has(CommandFlag::kReadonly);
  return spec.name == "pfcount" || spec.name == "publish" || spec.name == "spublish";
}

Verdict Client::PassOn(const CommandSpec& spec, const resp::Request& request) {
  return Forward(spec, request, false);
}

Verdict Client::ForwardDedicated(const CommandSpec& spec, const resp::Request& request, std::uint8_t tag) {
  if (const auto verdict = TakeDedicated()) return *verdict;
  return SendOn(*dedicated_, spec, request, tag);
}

std::optional<Verdict> Client::TakeDedicated() {
  if (outstanding_ > 0 && (current_ != dedicated_.get() || must_settle_)) return AwaitSettled();
  // One that only waits to be given back may be of another database.
  if (dedicated_ && pins_ == 0 && outstanding_ == 0 && !(dedicated_->key() == Key())) DropDedicated(true);
  if (dedicated_) return AwaitRoomIfFull(*dedicated_);
  dedicated_ = context_.lanes.TakeDedicated(Key(), *this);
  if (dedicated_) return std::nullopt;
  context_.metrics.lane_cap_refusals.Add();
  session_->replies().Local(texts::kMaxClients);
  session_->Drain(net::CloseReason::kRefused);
  return Verdict::kDone;
}

void Client::DropDedicated(bool clean) {
  if (!dedicated_) return;
  dedicated_->Forget(*this);
  if (current_ == dedicated_.get()) {
    current_ = nullptr;
    outstanding_ = 0;
    if (policy_work_) policy_work_->replies.clear();
    LoseNear();
  }
  Lane& dropped = *dedicated_;
  context_.lanes.GiveBack(std::exchange(dedicated_, nullptr), clean && !dirty_);
  dirty_ = false;
  OnRoom(dropped);  // it will not tell any more
}

Verdict Client::AwaitSettled() {
  if (!awaiting_settled_) context_.metrics.barriers.Add();
  awaiting_settled_ = true;
  return Verdict::kWait;
}

std::optional<Verdict> Client::AwaitRoomIfFull(Lane& lane) {
  if (!lane.full()) return std::nullopt;
  awaiting_room_ = true;
  lane.AwaitRoom(*this);
  return Verdict::kWait;
}

upstream::Pending Client::MakePending(const CommandSpec& spec, std::uint8_t tag, bool retryable) const {
  // What is asked in the place of the client's command is counted as that.
  const std::uint8_t kind = KindOf(tag);
  const bool is_extra = IsOwnQuestion(kind) && kind != kSubstituted && kind != kRandomKey;
  return {.started_ns = first_tried_ns_,
          .bytes = 0,
          .command = spec.id,
          .group = static_cast<std::uint8_t>(spec.group),
          .tag = tag,
          .retryable = retryable,
          .own = is_extra};
}

Verdict Client::SendOn(Lane& lane, const CommandSpec& spec, const resp::Request& request, std::uint8_t tag) {
  const bool near = plan_ != nullptr && near_note_ != nullptr;
  std::string_view raw = request.raw;
  const bool tells = near && near_note_->kind > NearNote::Kind::kStandby;  // look-ups tell when they are answered
  if (tells) {
    if (const auto reply = FlightsSending(spec, request, raw)) return Answer(spec, *reply);
  }
  const bool rewrites = NeedsReplyWork();
  if (reply_off_ || skip_this_) tag |= kDiscardBytes;
  const bool retryable =
      tag == kPlain && spec.flags.Has(CommandFlag::kReadonly) && lane.use() != LaneUse::kDedicated && block_left_ == 0;
  const bool degradable = plan_ != nullptr && degradable_ && lane.use() != LaneUse::kDedicated;
  if (tag == kPause) pause_request_ = request.raw;
  if (rewrites) tag |= kRewriteReply;
  if (near) tag |= kNearReply;
  upstream::Pending pending = MakePending(spec, tag, retryable && (!rewrites || HasNearParts()));
  pending.degradable = degradable;
  pending.probe = context_.commands.overhead.Begin(context_.loop);
  if (degradable && IsDelete(spec)) pending.retryable = true;  // deleted twice is deleted
  sent_ = lane.Send(raw, *this, pending);
  if (!sent_) {
    if (tells) FlightsAnswered(*near_note_, std::nullopt);
    return Answer(spec, RefusalOf(lane, pending, request.raw));
  }
  if (tells) context_.flights->Learn(spec, request.args, plan_, id_, false, *near_note_);
  if (rewrites) NoteReplyWork();
  if (near && IsFenced() && (tag & kDiscardBytes) == 0) {
    near_note_->slot = session_->replies().Open();
    set_singles(true);
  } else {
    session_->replies().Expect();
  }
  if (near) NearSent();
  ++outstanding_;
  current_ = &lane;
  return Verdict::kDone;
}

Verdict Client::Pinned(const CommandSpec& spec, const resp::Request& request, PinReason reason, std::uint8_t tag) {
  const Verdict verdict = ForwardDedicated(spec, request, tag);
  if (verdict == Verdict::kDone && sent_ && dedicated_) Pin(reason);
  return verdict;
}

void Client::Pin(PinReason reason) {
  if (!IsPinned(reason)) context_.metrics.pins[static_cast<std::size_t>(reason)].Add();
  pins_ |= 1U << static_cast<unsigned>(reason);
}

// ---- answers made here

Verdict Client::Answer(const CommandSpec& spec, std::string_view reply) {
  context_.commands.Count(spec.id, reply.starts_with('-'));
  if (reply_off_ || skip_this_) return Verdict::kDone;
  session_->replies().Local(reply);
  set_singles(session_->replies().has_open_slots());
  session_->TouchReplies();
  return Verdict::kDone;
}

std::optional<Verdict> Client::AskPermission(const CommandSpec& spec,
                                             std::initializer_list<std::string_view> harmless) {
  if (identity_->auth.empty() || *identity_ == *context_.identity) return std::nullopt;
  if (const auto answer = std::exchange(permission_, std::nullopt)) {
    if (answer->empty()) return std::nullopt;
    return Answer(spec, *answer);
  }
  if (outstanding_ > 0) return AwaitSettled();
  Lane& lane = SharedLane(false);
  std::string question;
  resp::AppendRequest(question, harmless);
  if (!lane.Send(question, *this, MakePending(spec, kPermission, false))) return Answer(spec, lane.RefusalError());
  ++outstanding_;
  current_ = &lane;
  return AwaitSettled();
}

Verdict Client::AnswerInItsPlace(const CommandSpec& spec, const resp::Request& request, Substitute substitute) {
  if (pins_ != 0) {
    if (const auto verdict = TakeDedicated()) return *verdict;
  }
  Lane& lane = pins_ != 0 ? *dedicated_ : outstanding_ > 0 ? *current_ : SharedLane(false);
  if (must_settle_) return AwaitSettled();
  if (!lane.Send(request.raw, *this, MakePending(spec, kSubstituted, false))) return Answer(spec, lane.RefusalError());
  ++outstanding_;
  current_ = &lane;
  substitute_ = std::move(substitute);
  substitute_slot_ = AnswerLater();
  return Verdict::kDone;
}

net::ReplyQueue::SlotId Client::AnswerLater() {
  session_->Pause();
  answering_later_ = true;
  const auto slot = session_->replies().Open();
  set_singles(true);
  return slot;
}

void Client::FillAnswer(std::uint16_t command, net::ReplyQueue::SlotId slot, std::string_view reply) {
  if (session_ == nullptr) return;
  context_.commands.Count(command, reply.starts_with('-'));
  FillCounted(slot, reply);
}

void Client::FillCounted(net::ReplyQueue::SlotId slot, std::string_view reply) {
  session_->replies().Fill(slot, reply_off_ || skip_this_ ? std::string_view() : reply);
  EndAnswerLater();
}

void Client::EndAnswerLater() {
  set_singles(session_->replies().has_open_slots());
  answering_later_ = false;
  session_->TouchReplies();
  session_->Resume();
}

// ---- state

void Client::Become(int proto, std::uint32_t db, upstream::IdentityPtr identity) {
  proto_ = proto;
  db_ = db;
  identity_ = std::move(identity);
  if (outstanding_ > 0) {
    must_settle_ = true;
    held_ = current_ == fast_.get() ? fast_ : current_ == slow_.get() ? slow_ : held_;
  }
  fast_ = nullptr;
  slow_ = nullptr;
}

void Client::SetUnauthenticated(bool value) {
  rules_known_ = true;
  unauthenticated_ = value;
  session_->set_unauthenticated(value);
}

void Client::SetReplyMode(bool off, bool skip_next) {
  reply_off_ = off;
  skip_next_ = skip_next;
  skip_this_ &= off;
}

void Client::ResetState() {
  DropDedicated(false);
  pins_ = 0;
  monitor_filter_ = nullptr;
  in_multi_ = resync_ = tracking_ = raw_ = replicates_ = reply_off_ = skip_next_ = skip_this_ = false;
  blocked_ = 0;
  subscriptions_.Clear();
  state_changes_.clear();
  if (policy_work_) {
    policy_work_->transaction.Clear();
    policy_work_->watched.Clear();
  }
  if (near_work_) near_work_->queued.reset();
  name_.clear();
  Become(2, context_.default_db, context_.identity);
  LearnRules();
}

void Client::Quit() {
  session_->Drain(net::CloseReason::kQuit);
}

ClientView Client::View() const {
  ClientView view;
  const auto now = context_.loop.Now();
  const auto seconds = [&](base::SteadyTime since) {
    return std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
  };
  view.id = id_;
  view.address = session_->peer().address;
  view.local_address = session_->peer().local_address;
  view.fd = session_->fd();
  view.name = name_;
  view.age_s = seconds(session_->opened_at());
  view.idle_s = seconds(session_->last_request_at());
  view.db = db_;
  view.channels = subscriptions_.channels();
  view.patterns = subscriptions_.patterns();
  view.shards = subscriptions_.shards();
  view.multi = in_multi_ ? queued_ : -1;
  view.input_bytes = session_->input_bytes() + (answering_later_ ? request_bytes_ : 0);
  view.output_bytes = session_->replies().out().size();
  view.last_command = queries_ == 0 && first_tried_ns_ == 0 ? "NULL" : context_.facts->table->at(last_command_).name;
  view.user = identity_->user;
  view.redirect = tracking_redirect();
  view.proto = proto_;
  view.lib_name = lib_name_;
  view.lib_version = lib_version_;
  view.queries = queries_;
  view.blocked_upstream_id = BlockedUpstreamId();
  view.is_replica = replicates_;
  std::string flags;
  if (replicates_) flags += 'S';
  if (monitor_filter_) flags += 'O';
  if (view.is_pubsub()) flags += 'P';
  if (in_multi_) flags += 'x';
  if (blocked_ > 0) flags += 'b';
  if (tracking_) flags += 't';
  if (session_->peer().is_unix) flags += 'U';
  view.flags = flags.empty() ? "N" : flags;
  return view;
}

std::int64_t Client::BlockedUpstreamId() const {
  return blocked_ > 0 && dedicated_ ? dedicated_->handshake().id : 0;
}

void Client::BecomeRedirectTarget(std::function<void(std::int64_t)> done) {
  if (!dedicated_) {
    if (outstanding_ > 0) return done(0);
    dedicated_ = context_.lanes.TakeDedicated(Key(), *this);
    if (!dedicated_) return done(0);
  }
  Pin(PinReason::kTracking);
  dirty_ = true;
  dedicated_->WhenReady([weak = weak_from_this(), done = std::move(done)](bool ready) {
    const auto self = weak.lock();
    done(ready && self && self->dedicated_ ? self->dedicated_->handshake().id : 0);
  });
}

}  // namespace herdgate::pipeline
