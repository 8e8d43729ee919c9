// Client: commands of cache policies while the upstream is away.
#include <utility>

#include "sidecar/pipeline/absent_reply.h"
#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/offline_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandFlag;
using command::CommandSpec;
using net::Verdict;
using policy::RequestPlan;
using upstream::Lane;

// Answers are made, and deletes carried out later, as the sidecar itself: only where that is who the client is.
bool Client::MayDegrade(const RequestPlan& plan, bool queued) const {
  return plan.degradable && MayLookNear(queued);
}

std::optional<Verdict> Client::AnswerOffline(const CommandSpec& spec, const resp::Request& judged, RequestPlan& plan,
                                             bool queued) {
  if (!MayDegrade(plan, queued) || !context_.offline->away()) return std::nullopt;
  if (plan.action == RequestPlan::Action::kWait) {
    const auto reply = context_.offline->ReplyUnnamed(spec, judged.args, plan.waiting_for, proto_);
    if (!reply) return std::nullopt;
    return Answer(spec, *reply);
  }
  resp::RequestDecoder decoder(context_.limits());
  resp::Request sent;
  if (decoder.Decode(judged.raw, sent) != resp::RequestDecoder::Outcome::kRequest) return std::nullopt;
  const auto standby = context_.offline->OfferStandby(spec, sent.args);
  if (standby == OfflineStage::Standby::kNotNow) return std::nullopt;
  // What its connection sent before may yet be carried out: not after the delete. (A write to the store waits too.)
  const bool follows = outstanding_ > 0 && current_ != standby_.get();
  if (standby == OfflineStage::Standby::kNo && follows && IsDelete(spec)) return std::nullopt;
  if (standby == OfflineStage::Standby::kNo && context_.near->IsGet(spec, judged) && plan.watched_keys.size() == 1 &&
      !context_.offline->HasStaleOfAll()) {
    if (const auto verdict = MissAway(spec, judged.args[1], plan.watched_keys.front().policy)) return verdict;
  }
  std::optional<std::string> reply;
  if (standby == OfflineStage::Standby::kFull) reply = texts::kTooManyDeletes;
  if (standby == OfflineStage::Standby::kNo)
    reply = context_.offline->Reply(spec, sent.args, proto_, context_.offline->Unavailable());
  if (standby == OfflineStage::Standby::kWait || (reply && reply->empty())) {
    context_.offline->Await(weak_from_this());
    return Verdict::kWait;
  }
  if (!reply && standby != OfflineStage::Standby::kYes) return std::nullopt;
  if (!spec.flags.Has(CommandFlag::kReadonly)) {
    // What the app wants gone or changed is not served any more, not even as stale.
    NoteNear(spec, judged, plan, queued);
    if (near_note_ && reply) FillAway(spec, judged, plan);
    near_note_.reset();
  }
  return reply ? Answer(spec, *reply) : SendStandby(spec, judged, plan);
}

std::optional<Verdict> Client::MissAway(const CommandSpec& spec, std::string_view key, std::size_t policy) {
  FlightStage& flights = *context_.flights;
  const policy::Snapshot& snapshot = *context_.policies->snapshot();
  const auto guard = flights.GuardOf(policy);
  const bool misses = snapshot.set().at(policy).offline_reads() == policy::OfflineReads::kMiss;
  if (!guard || !misses || reply_off_ || skip_this_) return std::nullopt;
  const cache::HashedKey hashed = flights.Hash(key);
  if (!flights.Coalesces(policy, key)) {
    guard->learning().OnNil(hashed.hash, id_, context_.loop.Now());
    return std::nullopt;
  }
  flights.desk().NoteMiss(context_, hashed, flights.RateOfMissed(hashed.hash));
  ParkedRead read = Parked(key, snapshot.Physical(key), policy);
  read.away = true;
  if (const auto reply = Begin(guard->Terms(), std::move(read))) return Answer(spec, *reply);
  context_.commands.Count(spec.id, false);
  return Verdict::kDone;
}

// The value can't be stored, but those who wait for it may have it.
void Client::FillAway(const CommandSpec& spec, const resp::Request& judged, const RequestPlan& plan) {
  (void)context_.flights->Sending(judged, AsCaller(), false, nullptr, *near_note_);
  context_.flights->Learn(spec, judged.args, &plan, id_, false, *near_note_);
  const bool set = near_note_->use.kind == stampede::KeyUse::Kind::kSet;
  const bool if_one = near_note_->set_reply == NearNote::SetReply::kStoredIfOne;
  FlightsAnswered(*near_note_, set ? std::optional<std::string_view>(if_one ? ":1" : "+OK") : std::nullopt);
}

// Over a lane to the store that stands in. Nothing joins it there: what follows may be the upstream's again.
Verdict Client::SendStandby(const CommandSpec& spec, const resp::Request& judged, RequestPlan& plan) {
  const std::uint32_t db = context_.offline->standby_db();
  if (standby_ && (standby_->key().proto != proto_ || standby_->key().db != db)) {
    if (outstanding_ > 0) return AwaitSettled();
    standby_ = nullptr;
  }
  if (!standby_) standby_ = context_.standby->Shared({proto_, db, std::make_shared<const upstream::Identity>()}, false);
  if (outstanding_ > 0 && current_ != standby_.get()) return AwaitSettled();
  if (const auto wait = AwaitRoomIfFull(*standby_)) return *wait;
  degradable_ = false;
  near_note_.reset();
  if (spec.flags.Has(CommandFlag::kReadonly)) NoteNear(spec, judged, plan, false);
  if (near_note_ && near_note_->kind == NearNote::Kind::kLookup) near_note_->kind = NearNote::Kind::kStandby;
  if (near_note_ && near_note_->kind != NearNote::Kind::kStandby) near_note_.reset();
  plan_ = &plan;
  const Verdict verdict = SendOn(*standby_, spec, judged, kPlain);
  plan_ = nullptr;
  if (!sent_) return verdict;
  must_settle_ = true;
  context_.policies->Count(plan);
  SendFollowUps(spec, plan.follow_ups);
  return verdict;
}

// A command that its lane could not get answered. It is answered as a new one would be while the upstream is away, even
// if only this lane is without it.
void Client::OnUnavailable(upstream::Lane& lane, const upstream::Pending& pending, std::string_view request,
                           const std::string& error) {
  const std::string reply = session_ == nullptr ? error : InsteadOf(pending, request, error).value_or(error);
  if (!IsOwnQuestion(KindOf(pending.tag))) context_.commands.Count(pending.command, reply.starts_with('-'));
  unavailable_ = true;
  OnRefused(lane, pending, reply);
  unavailable_ = false;
}

// What the lane did not take.
std::string Client::RefusalOf(Lane& lane, const upstream::Pending& pending, std::string_view request) {
  std::string error = lane.RefusalError();
  if (!pending.degradable) return error;
  const auto reply = InsteadOf(pending, request, error);
  if (!reply) return error;
  return HasNearParts() ? Merge(*near_note_->parts, *reply) : *reply;
}

std::optional<std::string> Client::InsteadOf(const upstream::Pending& pending, std::string_view request,
                                             const std::string& error) {
  if (request.empty() || IsOwnQuestion(KindOf(pending.tag))) return std::nullopt;
  resp::RequestDecoder decoder(context_.limits());
  resp::Request sent;
  if (decoder.Decode(request, sent) != resp::RequestDecoder::Outcome::kRequest) return std::nullopt;
  auto reply = context_.offline->Reply(context_.facts->table->at(pending.command), sent.args, proto_, error);
  if (reply && reply->empty()) return std::nullopt;  // it can't be asked again
  return reply;
}

}  // namespace herdgate::pipeline
