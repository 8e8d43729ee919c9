// Client: the commands that need a lane of their own, and the state they leave.
#include <string>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/local_commands.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/pipeline/transaction_block.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

using command::CommandClass;
using command::CommandSpec;
using net::Verdict;

// What is refused or tunnelled whatever the command's class.
std::optional<Verdict> Client::Gate(const CommandSpec& spec, const resp::Request& request) {
  if (raw_) {
    if (spec.name == "quit" || spec.name == "reset") return std::nullopt;
    dedicated_->SendRaw(request.raw);
    return Verdict::kDone;
  }
  if (spec.is_unknown() && texts::IsCrossProtocol(request.args[0])) {
    // A browser was made to speak to a local port: say nothing and close, as Redis does.
    session_->Kill(net::CloseReason::kProtocolError);
    return Verdict::kDone;
  }
  if (session_->peer().is_loopback || spec.group != command::CommandGroup::kAdmin) return std::nullopt;
  if (context_.facts->debug_is_local && spec.name.starts_with("debug")) return Answer(spec, texts::kDebugNotAllowed);
  if (context_.facts->module_is_local && spec.name.starts_with("module")) return Answer(spec, texts::kModuleNotAllowed);
  return std::nullopt;
}

Verdict Client::Local(const CommandSpec& spec, const resp::Request& request) {
  if (IsPinned(PinReason::kSubscribed) && spec.name != "quit" && spec.name != "reset") {
    // Whether the client is still subscribed is known when its commands are answered.
    if (outstanding_ > 0) return AwaitSettled();
    if (subscribed_in_resp2()) return ForwardDedicated(spec, request);
  }
  if (pinned() && (spec.name == "select" || spec.name == "hello" || spec.name == "auth"))
    return PinnedStateChange(spec, request);
  // What a dedicated lane still owes may block, or change what is answered here.
  const bool ends = spec.name == "quit" || spec.name == "reset";
  if (!ends && outstanding_ > 0 && current_ == dedicated_.get()) return AwaitSettled();
  return LocalCommands::Run(*this, spec, request);
}

Verdict Client::Transaction(const CommandSpec& spec, const resp::Request& request) {
  if (IsPinned(PinReason::kSubscribed)) {
    // In RESP2 a subscriber may not; whether the client still is one is known when its commands are answered.
    if (outstanding_ > 0) return AwaitSettled();
    if (subscribed_in_resp2()) return ForwardDedicated(spec, request);
  }
  if (!spec.AcceptsCount(request.args.size())) return Forward(spec, request, false);
  if (spec.name == "watch") return Pinned(spec, request, PinReason::kWatch, kPlain);
  if (spec.name == "unwatch") {
    const Verdict verdict = Forward(spec, request, false);
    if (verdict == Verdict::kDone) Unpin(PinReason::kWatch);
    return verdict;
  }
  if (spec.name != "multi") return Forward(spec, request, false);
  if (IsPinned(PinReason::kSubscribed) && proto_ == 2) {
    // Refused while the client is subscribed, which is known when its commands are answered.
    if (outstanding_ > 0) return AwaitSettled();
    if (subscribed_in_resp2()) return ForwardDedicated(spec, request);
  }
  const bool paused = context_.paused_until > context_.loop.Now();
  if (pins_ == 0 && !reply_off_ && !skip_this_ && !paused && !context_.policies->awaits_generation()) {
    const auto block = FindTransactionBlock(session_->BytesBehind(), *context_.facts->table, context_.limits());
    if (block.has_value()) {
      const Verdict verdict = Forward(spec, request, block->slow);
      if (verdict == Verdict::kDone) {
        block_left_ = block->commands;
        if (outstanding_ == 0) current_ = &SharedLane(block->slow);  // refused: so will be the rest of the block
        context_.metrics.whole_blocks.Add();
      }
      return verdict;
    }
  }
  if (const auto verdict = TakeDedicated()) return *verdict;
  NameLane(spec);
  const Verdict verdict = Pinned(spec, request, PinReason::kMulti, kMulti);
  if (verdict == Verdict::kDone && sent_) {
    in_multi_ = true;
    pause_request_.clear();
    resync_ = false;
    queued_ = 0;
  }
  return verdict;
}

// CLIENT GETNAME and INFO inside a transaction are answered by the upstream: its connection bears the client's name.
void Client::NameLane(const CommandSpec& spec) {
  if (dedicated_->name() == name_) return;
  std::string request;
  resp::AppendRequest(request, {"CLIENT", "SETNAME", name_});
  if (!dedicated_->Send(request, *this, MakePending(spec, kSwallow, false))) return;
  dedicated_->set_name(name_);
  ++outstanding_;
  current_ = dedicated_.get();
}

Verdict Client::InsideMulti(const CommandSpec& spec, const resp::Request& request) {
  if (spec.name == "quit" || spec.name == "reset") return LocalCommands::Run(*this, spec, request);
  const bool ends = (spec.name == "exec" || spec.name == "discard") && spec.AcceptsCount(request.args.size());
  // Queued it is answered by one line; if MULTI was refused it takes effect, and is answered as ever.
  const bool subscribes = spec.command_class == CommandClass::kPubSub && spec.AcceptsCount(request.args.size());
  const Verdict verdict = ForwardDedicated(spec, request, ends ? kExec : subscribes ? kSubscribe : kPlain);
  if (verdict != Verdict::kDone) return verdict;
  if (subscribes && sent_) Expect(spec, request.args.size() - 1);
  if (!ends) {
    ++queued_;
    if (spec.name == "client|pause") pause_request_ = request.raw;
    switch (spec.command_class) {
      case CommandClass::kLocal:
      case CommandClass::kPubSub:
      case CommandClass::kTracking:
      case CommandClass::kMonitor:
        resync_ = true;
        break;
      default:
        break;
    }
    return verdict;
  }
  in_multi_ = false;
  Unpin(PinReason::kWatch);
  if (resync_ && sent_) {
    // In RESP2 a message may follow EXEC's reply at once.
    if (proto_ == 2) dedicated_->set_pubsub(true);
    session_->Pause();
  } else {
    Unpin(PinReason::kMulti);
  }
  return verdict;
}

Verdict Client::PubSub(const CommandSpec& spec, const resp::Request& request) {
  if (!spec.AcceptsCount(request.args.size())) return Forward(spec, request, false);
  const Verdict verdict = Pinned(spec, request, PinReason::kSubscribed, kSubscribe);
  if (verdict == Verdict::kDone && sent_ && dedicated_) Subscribe(spec, request.args.size() - 1);
  return verdict;
}

void Client::Subscribe(const CommandSpec& spec, std::size_t names) {
  Pin(PinReason::kSubscribed);
  Expect(spec, names);
}

void Client::Expect(const CommandSpec& spec, std::size_t names) {
  subscriptions_.Sent(spec.name, names);
  if (proto_ == 2) dedicated_->set_pubsub(true);
}

Verdict Client::Blocking(const CommandSpec& spec, const resp::Request& request) {
  const Verdict verdict = Pinned(spec, request, PinReason::kBlocked, kBlocking);
  if (verdict == Verdict::kDone && sent_) ++blocked_;
  return verdict;
}

// Shard channels are matched by no pattern, so nobody hears it.
std::string_view Client::WaitPublisher() const {
  const CommandSpec* silent = context_.facts->table->FindFull("spublish");
  return silent != nullptr && !silent->absent ? "SPUBLISH" : "PUBLISH";
}

// WAIT asks about the writes of its own connection. The client's writes went over another one, so the dedicated lane
// first makes a write of its own to the replication stream, which stands behind all of them.
Verdict Client::Wait(const CommandSpec& spec, const resp::Request& request) {
  const bool fresh = !dedicated_;
  if (const auto verdict = TakeDedicated()) return *verdict;
  if (fresh) {
    std::string publish;
    resp::AppendRequest(publish, {WaitPublisher(), "__herdgate:wait", ""});
    if (dedicated_->Send(publish, *this, MakePending(spec, kSwallow, false))) {
      ++outstanding_;
      current_ = dedicated_.get();
    }
  }
  const Verdict verdict = Pinned(spec, request, PinReason::kWait, kBlocking);
  if (verdict == Verdict::kDone && sent_) ++blocked_;
  return verdict;
}

Verdict Client::Tracking(const CommandSpec& spec, const resp::Request& request) {
  if (spec.name == "client|trackinginfo") return Forward(spec, request, false, kTrackingInfo);
  if (spec.name != "client|tracking") return Forward(spec, request, false);
  if (request.args.size() > 2 && texts::Equals(request.args[2], "on"))
    return LocalCommands::TrackingOn(*this, spec, request);
  return Forward(spec, request, false, kTrackingOff);
}

Verdict Client::SendTracking(const CommandSpec& spec, const resp::Request& request, std::int64_t redirect) {
  const Verdict verdict = Pinned(spec, request, PinReason::kTracking, kTrackingOn);
  if (verdict == Verdict::kDone && sent_) asked_redirect_ = redirect;
  return verdict;
}

Verdict Client::Monitor(const CommandSpec& spec, const resp::Request& request) {
  if (outstanding_ > 0) return AwaitSettled();
  dirty_ = true;
  if (spec.name != "monitor") return Pinned(spec, request, PinReason::kMonitor, kPlain);
  const Verdict verdict = Pinned(spec, request, PinReason::kMonitor, kMonitor);
  if (verdict == Verdict::kDone && sent_) {
    // From its answer on nothing tells a reply from what is monitored.
    session_->Pause();
    answering_later_ = true;
  }
  return verdict;
}

Verdict Client::Replication(const CommandSpec& spec, const resp::Request& request) {
  if (outstanding_ > 0) return AwaitSettled();
  dirty_ = true;
  replicates_ = true;
  const bool tunnel = spec.name == "sync" || spec.name == "psync";
  const Verdict verdict = Pinned(spec, request, PinReason::kReplication, kPlain);
  if (verdict == Verdict::kDone && sent_ && tunnel && dedicated_) {
    raw_ = true;
    dedicated_->set_raw();
  }
  return verdict;
}

// A command the upstream has under another name (rename-command) may block or change the connection's state: from the
// first that turns out to exist, the client keeps a connection of its own.
Verdict Client::Unknown(const CommandSpec& spec, const resp::Request& request) {
  return Pinned(spec, request, PinReason::kUnknownCommand, kUnknown);
}

// Over a connection of database 0: while a script keeps the server busy it refuses SELECT, but neither HELLO nor this.
Verdict Client::Urgent(const CommandSpec& spec, const resp::Request& request) {
  if (!dedicated_) {
    if (outstanding_ > 0) return AwaitSettled();
    dedicated_ = context_.lanes.TakeDedicated({proto_, 0, identity_}, *this);
    if (dedicated_ && db_ != 0) dirty_ = true;
  }
  const Verdict verdict = Pinned(spec, request, PinReason::kUrgent, kBlocking);
  if (verdict == Verdict::kDone && sent_) {
    ++blocked_;
    must_settle_ |= dedicated_ && dedicated_->key().db != db_;  // what follows belongs to another database
  }
  return verdict;
}

Verdict Client::PinnedStateChange(const CommandSpec& spec, const resp::Request& request) {
  const Tag tag = spec.name == "select" ? kSelect : spec.name == "hello" ? kHello : kAuth;
  const Verdict verdict = ForwardDedicated(spec, request, tag);
  if (verdict == Verdict::kDone && sent_) {
    dirty_ = true;
    state_changes_.emplace_back(request.raw);
  }
  return verdict;
}

// ---- requests too large to be held

// Judges a large request by its head. A verdict ends it here: refused, or to be held whole.
std::optional<Verdict> Client::JudgeHead(const CommandSpec& spec, const net::LargeRequest& head,
                                         std::optional<LargeEdit>& edit) {
  edit = JudgeLarge(spec, head);
  if (edit && edit->plan != nullptr && edit->plan->action == policy::RequestPlan::Action::kRefuse) {
    if (in_multi_) Work().transaction.Refuse();
    context_.policies->Count(*edit->plan);
    return RefuseLarge(spec, edit->plan->error);
  }
  const bool waits = edit && edit->plan != nullptr && edit->plan->action == policy::RequestPlan::Action::kWait;
  if ((!edit || waits) && head.may_hold) return Verdict::kHold;
  // An argument that the upstream will find too long passes to its refusal.
  const bool hopeless = head.declared_bulk > context_.facts->max_bulk_bytes;
  if ((!edit || waits) && context_.policies->enforces() && !hopeless) return RefuseLarge(spec, texts::kTooLargeToJudge);
  if (waits) edit = LargeEdit{};
  return std::nullopt;
}

Verdict Client::HandleLarge(const net::LargeRequest& head) {
  if (raw_) {
    stream_failed_ = false;
    return Verdict::kDone;  // its bytes pass like all others
  }
  BeginRequest();
  degradable_ = false;
  const auto& table = *context_.facts->table;
  const CommandSpec& spec = head.args.empty() ? table.unknown() : *table.Resolve(head.args);
  if (flight_work_) BeforeNext(spec, head.args);
  std::optional<LargeEdit> edit;
  if (context_.policies->active()) {
    if (const auto verdict = JudgeHead(spec, head, edit)) return *verdict;
  }
  if (const auto verdict = TakeDedicated()) {
    if (*verdict == Verdict::kWait) session_->SetReading(false);
    return *verdict;
  }
  session_->SetReading(true);
  policy::RequestPlan* const plan = edit ? edit->plan : nullptr;
  const bool rewrites = plan != nullptr && !in_multi_ && !plan->reply.plain();
  const bool subscribes = spec.command_class == CommandClass::kPubSub;
  std::uint8_t tag = subscribes ? kSubscribe : kStreamed;
  if (reply_off_ || skip_this_) tag |= kDiscardBytes;
  if (rewrites) tag |= kRewriteReply;
  if (NoteNearLarge(spec, head, plan)) tag |= kNearReply;
  if (near_note_) {
    const resp::Request known{.args = head.args, .raw = {}, .was_inline = false};
    for (NearNote::Key& key : near_note_->keys) key.value_argument = 0;
    if (!in_multi_) (void)context_.flights->Sending(known, AsCaller(), false, plan, *near_note_);
  }
  stream_failed_ = !dedicated_->BeginStream(*this, MakePending(spec, tag, false));
  first_tried_ns_ = 0;
  ++queries_;
  last_command_ = spec.id;
  if (stream_failed_) {
    if (near_note_) FlightsAnswered(*near_note_, std::nullopt);
    return Answer(spec, dedicated_->RefusalError());
  }
  streaming_ = true;
  if (near_note_) context_.flights->Learn(spec, head.args, plan, id_, in_multi_, *near_note_);
  if (near_note_ && in_multi_) QueueNear();
  if (near_note_) NearSent();
  if (plan != nullptr) NoteLarge(std::move(*edit));
  if (subscribes) {
    Subscribe(spec, head.declared_args - 1);
  } else {
    Pin(PinReason::kLargeRequest);
    ++streams_;
    if (spec.command_class != CommandClass::kShared && spec.command_class != CommandClass::kSlow) dirty_ = true;
  }
  if (in_multi_) ++queued_;
  session_->replies().Expect();
  ++outstanding_;
  current_ = dedicated_.get();
  return Verdict::kDone;
}

// Its bytes are read and go nowhere.
Verdict Client::RefuseLarge(const CommandSpec& spec, std::string_view error) {
  stream_failed_ = true;
  first_tried_ns_ = 0;
  return Answer(spec, error);
}

void Client::HandleStream(std::string_view bytes, bool last) {
  if (last) streaming_ = false;
  if (!dedicated_ || stream_failed_) return;
  if (large_edit_) {
    StreamEdited(bytes, last);
  } else {
    dedicated_->StreamBytes(bytes);
  }
  if (last || !dedicated_->full()) return;
  session_->SetReading(false);
  awaiting_room_ = true;
  dedicated_->AwaitRoom(*this);
}

}  // namespace herdgate::pipeline
