// Client: the virtual session behind one client connection. Redis keeps this state per connection; because lanes are
// shared, the sidecar keeps it here: protocol, database, user, name, reply mode, and what pins it to a dedicated lane.
//
// Routing. All commands of a client that are owed a reply are on one lane, current_. A command for another lane waits
// until nothing is owed (the barrier), so Redis sees a client's commands in the order it wrote them. While anything is
// owed on a slow or dedicated lane, quick commands join it instead of waiting.
// Pins. While pins_ is not empty every command goes to the dedicated lane; it is given back when pins_ is empty and
// nothing is owed. A lane whose own state was changed (database, protocol, user, tracking) is dirty: closed, not
// reused.
//
// Threads: its loop. Ownership: LoopContext::owned; it outlives its session until the last reply it is owed arrives.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sidecar/command/spec.h"
#include "sidecar/net/session.h"
#include "sidecar/pipeline/client_view.h"
#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/flight_work.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/monitor_filter.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/near_work.h"
#include "sidecar/pipeline/policy_work.h"
#include "sidecar/pipeline/subscriptions.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/upstream/lane.h"

namespace herdgate::pipeline {

class Client final : public upstream::ReplySink, public std::enable_shared_from_this<Client> {
 public:
  Client(LoopContext& context, net::Session& session);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  net::Verdict Handle(const resp::Request& request);
  net::Verdict HandleLarge(const net::LargeRequest& head);
  void HandleStream(std::string_view bytes, bool last);
  void HandleEmptyRequest() { skip_next_ = false; }  // it uses up CLIENT REPLY SKIP
  void HandleHalfClose();
  void HandleBacklog(std::size_t bytes);
  void HandleClosed();

  // ---- for the local commands (local_commands.cc, client_commands.cc)
  LoopContext& context() { return context_; }
  net::Session& session() { return *session_; }
  bool has_session() const { return session_ != nullptr; }
  std::uint64_t id() const { return id_; }
  int proto() const { return proto_; }
  std::uint32_t db() const { return db_; }
  const std::string& name() const { return name_; }
  void set_name(std::string_view name) { name_ = name; }
  const upstream::IdentityPtr& identity() const { return identity_; }
  ClientView View() const;
  // The upstream's id of the connection that blocks for this client; 0 if none.
  std::int64_t BlockedUpstreamId() const;
  // Makes this client the target of another's CLIENT TRACKING REDIRECT: pins it, and gives the upstream's id of its
  // connection when that is known; 0 if there is none.
  void BecomeRedirectTarget(std::function<void(std::int64_t upstream_id)> done);
  // CLIENT TRACKING ON with the upstream's id of the redirect's target in it.
  net::Verdict SendTracking(const command::CommandSpec& spec, const resp::Request& request, std::int64_t redirect);
  // Pauses the client until ResumeFrom; the request being handled comes again.
  net::Verdict AwaitLookup() {
    answering_later_ = true;
    return net::Verdict::kWait;
  }
  void ResumeFromLookup(std::int64_t found) {
    answering_later_ = false;
    looked_up_ = found;
    if (session_ != nullptr) session_->Resume();
  }
  void KeepLookedUp(std::int64_t found) { looked_up_ = found; }
  std::optional<std::int64_t> TakeLookedUp() { return std::exchange(looked_up_, std::nullopt); }
  // Keys have new names: a client that tracks them (RESP3) is told that all it remembers is void.
  void ForgetTracked();
  std::int64_t tracking_redirect() const { return tracking_ ? tracking_redirect_ : -1; }

  // Answers the request being handled from here, in turn.
  net::Verdict Answer(const command::CommandSpec& spec, std::string_view reply);
  // The same, later: the client's next requests wait.
  net::ReplyQueue::SlotId AnswerLater();
  // The same for a command that the upstream has answered too, and that is counted already.
  void FillCounted(net::ReplyQueue::SlotId slot, std::string_view reply);
  std::string_view last_command_name() const { return context_.facts->table->at(last_command_).name; }
  void FillAnswer(std::uint16_t command, net::ReplyQueue::SlotId slot, std::string_view reply);
  // Sends the request being handled to the upstream, for its rules and statistics, and answers with what `substitute`
  // makes of it unless the upstream refuses. Later requests wait.
  using Substitute = std::function<void(net::ReplyQueue::SlotId slot)>;
  net::Verdict AnswerInItsPlace(const command::CommandSpec& spec, const resp::Request& request, Substitute substitute);
  // Whether a named user's rules allow the request being handled, which is answered here: asks the upstream for
  // something harmless of the same name. Nothing if they do; else what the caller returns.
  std::optional<net::Verdict> AskPermission(const command::CommandSpec& spec,
                                            std::initializer_list<std::string_view> harmless);
  // Sends the request being handled to the upstream, unchanged.
  net::Verdict PassOn(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict AwaitSettled();

  // Changes of state; the next command takes a lane that fits.
  void Become(int proto, std::uint32_t db, upstream::IdentityPtr identity);
  void SetUnauthenticated(bool value);
  void ResetState();
  void SetReplyMode(bool off, bool skip_next);
  void SkipNextReply() { skip_next_ = !reply_off_; }
  void Quit();
  void SetLibrary(bool is_name, std::string_view value) { (is_name ? lib_name_ : lib_version_) = value; }
  upstream::LaneKey Key() const { return {proto_, db_, identity_}; }
  bool unauthenticated() const { return unauthenticated_; }
  bool owes_replies() const { return outstanding_ > 0; }
  bool tunnelled() const { return raw_; }
  bool pinned() const { return pins_ != 0; }
  bool subscribed_in_resp2() const { return proto_ == 2 && subscriptions_.any(); }

  // What a flight says to a read of this client that waits for it.
  void OnWake(const stampede::Wake& wake, const FlightValue& value);

  // ---- upstream::ReplySink
  void OnReplies(upstream::Lane& lane, std::string_view bytes, std::size_t ended) override;
  void OnTaggedReply(upstream::Lane& lane, const upstream::Pending& pending, std::string_view bytes,
                     bool ended) override;
  upstream::FrameVerdict OnFrame(upstream::Lane& lane, std::string_view frame,
                                 const upstream::Pending* oldest) override;
  void OnRaw(upstream::Lane& lane, std::string_view bytes) override;
  void OnRefused(upstream::Lane& lane, const upstream::Pending& pending, const std::string& error) override;
  void OnUnavailable(upstream::Lane& lane, const upstream::Pending& pending, std::string_view request,
                     const std::string& error) override;
  void OnLost(upstream::Lane& lane) override;
  void OnRoom(upstream::Lane& lane) override;

 private:
  friend class LocalCommands;

  // What a reply means beyond its bytes: Pending::tag. The high bit asks to drop the bytes (CLIENT REPLY OFF), the next
  // one to pass them through the front of PolicyWork::replies.
  enum Tag : std::uint8_t {
    kPlain,
    kBlocking,
    kSubscribe,
    kStreamed,
    kTrackingOn,
    kTrackingOff,
    kMonitor,
    kSelect,
    kHello,
    kAuth,
    kExec,
    kHook,
    kLoginHook,
    kPermission,
    kSwallow,
    kResync,
    kUnknown,
    kSubstituted,
    kInfo,
    kPause,
    kUnpause,
    kTrackingInfo,
    kMulti,
    kRandomKey,
    kNearReply = 0x20,
    kRewriteReply = 0x40,
    kDiscardBytes = 0x80
  };
  static std::uint8_t KindOf(std::uint8_t tag) {
    return tag & static_cast<std::uint8_t>(~(kDiscardBytes | kRewriteReply | kNearReply));
  }

  // Near cache (client_near.cc).
  // Only what the sidecar itself may read, where it reads it.
  bool SpeaksAsTheSidecar() const { return identity_ == context_.identity || *identity_ == *context_.identity; }
  bool MayLookNear(bool queued) const {
    return !queued && pins_ == 0 && !unauthenticated_ && !reply_off_ && db_ == context_.default_db &&
           SpeaksAsTheSidecar();
  }
  // Answers a GET of a key that is here, before anything is judged. The same as AnswerNear after judging, for a client
  // that is in no state of its own.
  bool AnswerHit(const command::CommandSpec& spec, const resp::Request& request);
  std::optional<std::string_view> AnswerNear(const command::CommandSpec& spec, const resp::Request& request,
                                             const policy::RequestPlan& plan, bool queued);
  void NoteNear(const command::CommandSpec& spec, const resp::Request& request, const policy::RequestPlan& plan,
                bool queued);
  // Of a large request; true if its reply is tagged.
  bool NoteNearLarge(const command::CommandSpec& spec, const net::LargeRequest& head, const policy::RequestPlan* plan);
  void QueueNear();
  void NearSent();
  bool HasFence() const { return near_work_ && !near_work_->notes.empty() && near_work_->notes.Front()->slot != 0; }
  // The request for what is not here of the request noted; nothing if it is to be asked whole.
  std::optional<std::string_view> NearRest(const resp::Request& request);
  bool HasNearParts() const { return near_note_ && near_note_->parts; }
  bool IsFenced() const { return near_note_ && near_note_->kind == NearNote::Kind::kFence; }
  void NearArrived(std::string_view bytes, bool first, bool whole);
  // The reply to the oldest noted command came whole, and needs nothing else: passes it on if that is a look-up.
  bool TakeLookup(std::string_view bytes);
  void NearUnanswered();
  std::optional<net::ReplyQueue::SlotId> NearEnded();
  void FillBehindFence(net::ReplyQueue::SlotId slot, const std::string& reply);
  void LoseNear();

  // Flights (client_flights.cc).
  FlightWork& Flights();
  stampede::Caller AsCaller() const { return {.id = id_, .loop = static_cast<std::uint32_t>(context_.loop.index())}; }
  // A request has come: the reads that wait are let go.
  void BeforeNext(const command::CommandSpec& spec, std::span<const std::string_view> args);
  // Client connections of the process.
  std::size_t Sessions() const;
  void SetWasHeldUp();
  void NoteSet(const NearNote::Key& key);
  void LetGo(const std::function<bool(const ParkedRead&)>& chosen);
  bool IsRefreshDue(const command::CommandSpec& spec, const resp::Request& request) const;
  // Nothing stands behind the reply that has just come.
  bool IsLast() const;
  // The reply to the oldest noted command, a GET, came whole. True: it was answered here, or will be.
  bool TakeForFlight(std::string_view bytes);
  bool TakeMiss(const NearNote& note, stampede::Guard& guard);
  bool TakeRefresh(const NearNote& note, stampede::Guard& guard, std::string_view bytes);
  // Begins or joins the key's flight. What to answer now; nothing: the read is parked.
  std::optional<std::string> Begin(stampede::FlightTerms terms, ParkedRead read);
  // The same while the upstream is away, for a key of which nothing is here. Nothing: it has no flights.
  std::optional<net::Verdict> MissAway(const command::CommandSpec& spec, std::string_view key, std::size_t policy);
  void FillAway(const command::CommandSpec& spec, const resp::Request& judged, const policy::RequestPlan& plan);
  // The keys that an MGET did not find have flights too, for which it doesn't wait.
  void BeginQuietly(const NearNote& note);
  ParkedRead Parked(std::string_view logical, std::string physical, std::size_t policy) const;
  void Count(const ParkedRead& read, Outcome outcome);
  void AnswerParked(const ParkedRead& read, stampede::Answer answer, const FlightValue& value);
  void FillParked(net::ReplyQueue::SlotId slot, std::string_view reply);
  std::string ReplyTo(const ParkedRead& read, stampede::Answer answer, const FlightValue& value);
  std::string ReplyToTimeout(const ParkedRead& read);
  std::optional<OldReply> StaleAtTimeout(const ParkedRead& read);
  // Old values, of the near cache or of shadows (client_shadow.cc). Nothing: none is known here.
  std::optional<OldReply> OldReplyOf(std::string_view physical, const policy::StampedeRules& rules);
  // Asks for the shadow of a key for which OldReplyOf knows nothing. True: the read will be answered later.
  bool AwaitShadow(ParkedRead& read);
  void OnShadow(std::uint64_t ask, const stampede::OldValue& old);
  // Nothing stands behind the read: one that has just come, or one whose reply is held.
  bool IsLast(const ParkedRead& read) const;
  // The command noted goes out now. A reply: it is answered so and not sent. `raw`: what is sent, maybe another.
  std::optional<std::string_view> FlightsSending(const command::CommandSpec& spec, const resp::Request& request,
                                                 std::string_view& raw);
  std::string_view AsPlainSet(std::string_view raw);
  void FlightsAnswered(const NearNote& note, std::optional<std::string_view> reply);
  void LeaveFlights();

  // While the upstream is away (client_offline.cc).
  bool MayDegrade(const policy::RequestPlan& plan, bool queued) const;
  std::optional<net::Verdict> AnswerOffline(const command::CommandSpec& spec, const resp::Request& judged,
                                            policy::RequestPlan& plan, bool queued);
  net::Verdict SendStandby(const command::CommandSpec& spec, const resp::Request& judged, policy::RequestPlan& plan);
  std::string RefusalOf(upstream::Lane& lane, const upstream::Pending& pending, std::string_view request);
  std::optional<std::string> InsteadOf(const upstream::Pending& pending, std::string_view request,
                                       const std::string& error);

  // A large request whose key is renamed or that gets an expiry while it streams by.
  struct LargeEdit {
    policy::RequestPlan* plan = nullptr;
    std::string front;  // in the place of the first `skip` bytes
    std::string back;   // behind the last
    std::size_t skip = 0;
    std::vector<policy::FollowUp> follow_ups;
    std::uint16_t command = 0;
  };

  // Redis takes a half-close for a disconnect; for a client in this state that is the only end there is.
  bool MayNeverSettle() const { return blocked_ > 0 || raw_ || tracking_ || subscriptions_.any(); }
  void LearnRules();
  void BeginRequest();
  net::Verdict Local(const command::CommandSpec& spec, const resp::Request& request);
  bool IsPaused(const command::CommandSpec& spec) const;
  void SetPause(bool paused);
  std::string_view WaitPublisher() const;
  void NameLane(const command::CommandSpec& spec);
  static std::uint8_t TagOf(const command::CommandSpec& spec, const resp::Request& request);
  // The sidecar asks on its own account.
  static bool IsOwnQuestion(std::uint8_t tag) {
    return tag == kSwallow || tag == kResync || tag == kSubstituted || tag == kPermission || tag == kRandomKey;
  }
  void RenewLogins();

  // Policies (client_policies.cc).
  PolicyWork& Work();
  // Judges the request in full, or finds that it needn't be: a command whose only key belongs to no policy means
  // nothing to any, and a GET that its policy leaves as it is needs no more than its note.
  net::Verdict Weighed(const command::CommandSpec& spec, const resp::Request& request);
  bool IsPlainGet(const command::CommandSpec& spec, const resp::Request& request, std::size_t policy) const;
  net::Verdict SendPlainGet(const command::CommandSpec& spec, const resp::Request& request, std::size_t policy);
  std::optional<net::Verdict> TagKey(const resp::Request& request);
  net::Verdict Judged(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict JudgedExec(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Carry(const command::CommandSpec& spec, const resp::Request& judged, policy::RequestPlan& plan);
  bool NeedsReplyWork() const {
    return plan_ != nullptr && (!plan_->reply.plain() || !instead_.empty() || HasNearParts());
  }
  void NoteReplyWork();
  net::Verdict RefuseByPolicy(const command::CommandSpec& spec, const policy::RequestPlan& plan);
  net::Verdict AwaitGeneration(const command::CommandSpec& spec, const policy::RequestPlan& plan);
  void SendFollowUps(const command::CommandSpec& spec, const std::vector<policy::FollowUp>& follow_ups);
  void SendLateFollowUps();
  std::string Rewritten(std::string_view reply);
  net::Verdict FindRandomKey(const command::CommandSpec& spec);
  void AskRandomKey(upstream::Lane& lane, std::uint16_t command, std::initializer_list<std::string_view> args);
  void RandomKeyAnswered(const std::string& reply);
  std::optional<LargeEdit> JudgeLarge(const command::CommandSpec& spec, const net::LargeRequest& head);
  std::optional<net::Verdict> JudgeHead(const command::CommandSpec& spec, const net::LargeRequest& head,
                                        std::optional<LargeEdit>& edit);
  net::Verdict RefuseLarge(const command::CommandSpec& spec, std::string_view error);
  void NoteLarge(LargeEdit edit);
  void StreamEdited(std::string_view bytes, bool last);

  net::Verdict Dispatch(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Forward(const command::CommandSpec& spec, const resp::Request& request, bool slow,
                       std::uint8_t tag = kPlain);
  net::Verdict ForwardDedicated(const command::CommandSpec& spec, const resp::Request& request,
                                std::uint8_t tag = kPlain);
  net::Verdict SendOn(upstream::Lane& lane, const command::CommandSpec& spec, const resp::Request& request,
                      std::uint8_t tag);
  net::Verdict Transaction(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict InsideMulti(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict PubSub(const command::CommandSpec& spec, const resp::Request& request);
  void Subscribe(const command::CommandSpec& spec, std::size_t names);
  void Expect(const command::CommandSpec& spec, std::size_t names);
  net::Verdict Blocking(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Wait(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Tracking(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Monitor(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Replication(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Unknown(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Urgent(const command::CommandSpec& spec, const resp::Request& request);
  net::Verdict Pinned(const command::CommandSpec& spec, const resp::Request& request, PinReason reason,
                      std::uint8_t tag);
  net::Verdict PinnedStateChange(const command::CommandSpec& spec, const resp::Request& request);
  std::optional<net::Verdict> Gate(const command::CommandSpec& spec, const resp::Request& request);

  // The dedicated lane, or what the caller returns instead (barrier, cap, full).
  std::optional<net::Verdict> TakeDedicated();
  std::optional<net::Verdict> AwaitRoomIfFull(upstream::Lane& lane);
  upstream::Lane& SharedLane(bool slow);
  upstream::Pending MakePending(const command::CommandSpec& spec, std::uint8_t tag, bool retryable) const;
  void Pin(PinReason reason);
  void Unpin(PinReason reason) { pins_ &= ~(1U << static_cast<unsigned>(reason)); }
  bool IsPinned(PinReason reason) const { return (pins_ >> static_cast<unsigned>(reason) & 1U) != 0; }
  void DropDedicated(bool clean);
  void GiveBackDedicated();
  upstream::FrameVerdict TakeFrame(std::string_view frame, const upstream::Pending* oldest);
  void Ended(std::size_t replies);
  void Settled();
  void PassBytes(std::string_view bytes, std::size_t ended, bool copy);
  void Effect(std::uint8_t tag, const std::string& reply);
  void Unblocked();
  void StreamAnswered(const std::string& reply);
  void MonitorAnswered(bool failed);
  void TrackingAnswered(bool on, bool failed);
  void FinishSubstitute(const std::string& reply);
  void EndAnswerLater();
  void FinishStateChange(bool accepted);
  void LeaveMulti();
  void Resync();
  void FinishResync(std::string_view reply);
  void PassTagged(std::uint8_t full_tag, std::string_view bytes, bool ended);
  void PassPush(std::string_view frame, std::size_t ended, const upstream::Pending* oldest = nullptr);
  void CheckSubscriptionsOver();

  LoopContext& context_;
  net::Session* session_;
  const std::uint64_t id_;
  int proto_ = 2;
  std::uint32_t db_ = 0;
  upstream::IdentityPtr identity_;
  bool unauthenticated_ = false;
  bool rules_known_ = false;  // unauthenticated_ is what the upstream says
  std::string name_;
  std::string lib_name_;
  std::string lib_version_;
  std::uint16_t last_command_ = 0;
  std::size_t request_bytes_ = 0;
  std::int64_t queries_ = 0;

  std::shared_ptr<upstream::Lane> fast_;
  std::shared_ptr<upstream::Lane> slow_;
  std::shared_ptr<upstream::Lane> dedicated_;
  std::shared_ptr<upstream::Lane> standby_;  // to the store that stands in while the upstream is away
  upstream::Lane* current_ = nullptr;        // where the owed replies come from, while outstanding_ > 0
  std::size_t outstanding_ = 0;
  bool must_settle_ = false;  // the key changed: current_ may take no more
  bool half_closed_ = false;
  bool awaiting_settled_ = false;
  bool awaiting_room_ = false;
  bool answering_later_ = false;
  bool sent_ = false;                     // the last SendOn was taken by its lane
  std::shared_ptr<upstream::Lane> held_;  // keeps current_ while fast_ and slow_ are already others
  std::int64_t first_tried_ns_ = 0;       // when the request that waits was first handled

  std::uint32_t pins_ = 0;
  bool dirty_ = false;
  std::size_t block_left_ = 0;  // commands of a whole transaction still to be forwarded in this run
  bool in_multi_ = false;
  std::int64_t queued_ = 0;
  bool resync_ = false;
  std::size_t blocked_ = 0;  // blocking commands owed
  bool in_frame_ = false;    // inside OnFrame
  Subscriptions subscriptions_;
  bool tracking_ = false;
  std::int64_t tracking_redirect_ = 0;
  std::int64_t asked_redirect_ = 0;
  std::optional<std::int64_t> looked_up_;
  std::size_t streams_ = 0;  // large requests owed
  bool raw_ = false;
  bool replicates_ = false;
  std::unique_ptr<MonitorFilter> monitor_filter_;
  bool streaming_ = false;  // bytes of a large request are still to come
  bool stream_failed_ = false;
  bool reply_off_ = false;
  bool skip_next_ = false;
  bool skip_this_ = false;
  std::optional<std::string> permission_;  // the answer to AskPermission: empty or an error line
  std::string pause_request_;              // an owed CLIENT PAUSE
  Substitute substitute_;
  net::ReplyQueue::SlotId substitute_slot_ = 0;
  std::deque<std::string> state_changes_;  // arguments of owed SELECT, HELLO and AUTH on the dedicated lane
  bool reply_begun_ = false;               // bytes of the tagged reply under way were delivered
  std::string captured_;                   // bytes of the tagged reply under way
  policy::RequestPlan* plan_ = nullptr;    // of the request being dispatched
  std::string instead_;                    // what the app gets in the place of its reply; see PolicyWork
  std::unique_ptr<PolicyWork> policy_work_;
  NotePtr near_note_;  // of the request being dispatched
  std::unique_ptr<NearWork> near_work_;
  bool near_missed_ = false;  // AnswerHit has looked for what the request being handled asks
  bool refresh_due_ = false;  // the GET being handled should compute its value anew
  std::unique_ptr<FlightWork> flight_work_;
  std::string plain_set_;     // what is sent in the place of a SET NX that refreshes
  bool degradable_ = false;   // the request being dispatched may be answered from here if the upstream goes away
  bool unavailable_ = false;  // inside OnUnavailable: the reply is not the upstream's
  std::unique_ptr<LargeEdit> large_edit_;  // of the request being streamed
  int random_key_draws_ = 0;
  net::ReplyQueue::SlotId random_key_slot_ = 0;
};

}  // namespace herdgate::pipeline
