// Client: reads answered from the near cache, and what its other commands mean for it.
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"

namespace herdgate::pipeline {

using command::CommandSpec;
using policy::RequestPlan;

namespace {

// Whether its reply may show keys that it does not name: the app must not see an older value of them afterwards.
bool ReadsUnknownKeys(const CommandSpec& spec) {
  if (spec.command_class != command::CommandClass::kSlow) return false;
  return spec.group == command::CommandGroup::kScript || spec.name == "sort" || spec.name == "sort_ro";
}

}  // namespace

bool Client::AnswerHit(const CommandSpec& spec, const resp::Request& request) {
  if (!context_.near->IsGet(spec, request)) return false;
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  const bool queued = in_multi_ || block_left_ > 0;
  if (!snapshot.nears() || raw_ || skip_this_ || subscriptions_.any() || !MayLookNear(queued)) return false;
  const auto max_key_bytes = static_cast<std::uint64_t>(context_.facts->max_bulk_bytes);
  net::ReplyQueue& replies = session_->replies();
  near_missed_ =
      !context_.near->AnswerGet(snapshot, request.args[1], near_work_.get(), proto_, max_key_bytes, id_, replies);
  if (near_missed_) return false;
  context_.commands.Count(spec.id, false);
  set_singles(replies.has_open_slots());
  session_->TouchReplies();
  return true;
}

std::optional<std::string_view> Client::AnswerNear(const CommandSpec& spec, const resp::Request& request,
                                                   const RequestPlan& plan, bool queued) {
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  if (near_missed_ || !snapshot.nears() || plan.watched_keys.empty() || !MayLookNear(queued)) return std::nullopt;
  return context_.near->Answer(snapshot, spec, request, plan, near_work_.get(), proto_);
}

void Client::NoteNear(const CommandSpec& spec, const resp::Request& request, const RequestPlan& plan, bool queued) {
  near_note_.reset();
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  if (!snapshot.watches()) return;
  near_note_ = context_.near->Sent(snapshot, spec, request, plan, MayLookNear(queued));
  if (snapshot.nears() && ReadsUnknownKeys(spec)) {
    if (!near_note_) near_note_ = context_.near->notes().Take();
    near_note_->kind = std::max(near_note_->kind, NearNote::Kind::kFence);
  }
  if (!near_note_) return;
  near_note_->refresh = refresh_due_;
  near_note_->own_user = SpeaksAsTheSidecar();
  if (db_ == context_.default_db) context_.flights->Classify(spec, request, *near_note_);
  // Its reply is nobody's business.
  const bool read = near_note_->kind == NearNote::Kind::kRead && !near_note_->has_near();
  if (read) context_.flights->Learn(spec, request.args, nullptr, id_, queued, *near_note_);
  if (read) near_note_.reset();
}

std::optional<std::string_view> Client::NearRest(const resp::Request& request) {
  if (!near_note_ || skip_this_) return std::nullopt;
  return context_.near->Rest(request, near_work_.get(), proto_, *near_note_);
}

bool Client::NoteNearLarge(const CommandSpec& spec, const net::LargeRequest& head, const RequestPlan* plan) {
  near_note_.reset();
  if (!context_.policies->active()) return false;
  static const RequestPlan no_keys;
  NoteNear(spec, {.args = head.args, .raw = {}, .was_inline = false}, plan == nullptr ? no_keys : *plan, true);
  // Its reply streams back by itself; a fence could not hold it.
  if (IsFenced()) near_note_->kind = NearNote::Kind::kFlush;
  return near_note_ != nullptr && !in_multi_;
}

// The command noted was queued: it will be carried out by EXEC.
void Client::QueueNear() {
  if (!near_note_) return;
  if (!near_work_) near_work_ = std::make_unique<NearWork>();
  NotePtr note = std::move(near_note_);
  if (note->kind == NearNote::Kind::kLookup) note->kind = NearNote::Kind::kRead;
  // EXEC's reply says nothing of each, and its request has no values.
  note->use = {};
  note->set_reply = NearNote::SetReply::kNone;
  for (NearNote::Key& key : note->keys) key.value_argument = 0;
  auto& all = near_work_->queued;
  if (!all) {
    all = std::move(note);
    return;
  }
  all->kind = std::max(all->kind, note->kind);
  for (NearNote::Key& key : note->keys) all->keys.Add() = std::move(key);
}

// The request noted was taken by its lane.
void Client::NearSent() {
  if (!near_work_) near_work_ = std::make_unique<NearWork>();
  // A reply that nobody is shown can't wait for a fence, but what follows it is shown.
  if (IsFenced() && near_note_->slot == 0) near_note_->kind = NearNote::Kind::kFlush;
  context_.near->Enter(*near_work_, *near_note_);
  near_work_->notes.Push(std::move(near_note_));
}

// REQUIRES: the reply is tagged with kNearReply.
void Client::NearArrived(std::string_view bytes, bool first, bool whole) {
  if (!near_work_ || near_work_->notes.empty()) return;
  NearNote& note = *near_work_->notes.Front();
  context_.near->Settle(note);
  const bool lookup = note.kind == NearNote::Kind::kLookup;
  if (first || !lookup) context_.near->Arrived(note, bytes, whole);
  if (first && !lookup) FlightsAnswered(note, bytes);
  if (first && lookup && bytes.starts_with('*') && session_ != nullptr) BeginQuietly(note);
}

bool Client::TakeLookup(std::string_view bytes) {
  if (!near_work_ || near_work_->notes.empty()) return false;
  const NearNote& note = *near_work_->notes.Front();
  if (note.kind != NearNote::Kind::kLookup || note.slot != 0) return false;
  NearArrived(bytes, true, true);
  PassBytes(bytes, 1, false);
  (void)NearEnded();
  Ended(1);
  return true;
}

// The oldest noted command is answered from here: it says nothing of what the upstream has.
void Client::NearUnanswered() {
  if (!near_work_ || near_work_->notes.empty()) return;
  NearNote& note = *near_work_->notes.Front();
  context_.near->Settle(note);
  context_.near->Lost(note);
  FlightsAnswered(note, std::nullopt);
}

// The oldest noted command is answered. The slot that its reply belongs into, if it waits for a fence.
std::optional<net::ReplyQueue::SlotId> Client::NearEnded() {
  if (!near_work_ || near_work_->notes.empty()) return std::nullopt;
  NotePtr note = near_work_->notes.Pop();
  const net::ReplyQueue::SlotId slot = note->slot;
  context_.near->notes().Give(std::move(note));
  near_work_->pending.End();
  if (slot != 0) ++near_work_->fences;
  return slot == 0 ? std::nullopt : std::optional(slot);
}

void Client::FillBehindFence(net::ReplyQueue::SlotId slot, const std::string& reply) {
  context_.near->fills().Fence(context_.loop, [weak = weak_from_this(), slot, reply] {
    const auto self = weak.lock();
    if (!self) return;
    --self->near_work_->fences;
    if (self->session_ == nullptr) return;
    self->session_->replies().Fill(slot, reply);
    self->set_singles(self->session_->replies().has_open_slots());
    self->session_->TouchReplies();
  });
}

// What was sent will not be answered: its fate is not known.
void Client::LoseNear() {
  if (!near_work_) return;
  for (std::size_t i = 0; i < near_work_->notes.size(); ++i) {
    NearNote& note = *near_work_->notes[i];
    context_.near->Settle(note);
    context_.near->Lost(note);
    FlightsAnswered(note, std::nullopt);
  }
  const std::size_t fences = near_work_->fences;
  *near_work_ = {};
  near_work_->fences = fences;
}

}  // namespace herdgate::pipeline
