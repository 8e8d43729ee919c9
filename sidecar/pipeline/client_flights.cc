// Client: reads that wait for a flight, and what its other commands mean for flights.
#include <algorithm>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandSpec;
using FlightAnswer = stampede::Answer;
using stampede::Guard;
using std::chrono::milliseconds;

namespace {

bool IsNil(std::string_view reply) {
  return reply == "$-1\r\n" || reply == "_\r\n";
}

std::string Nil(int proto) {
  std::string reply;
  resp::AppendNull(reply, proto);
  return reply;
}

Outcome StaleOutcome(bool shadow) {
  return shadow ? Outcome::kShadowStale : Outcome::kStale;
}

milliseconds Until(base::SteadyTime time, base::SteadyTime now) {
  return std::chrono::duration_cast<milliseconds>(time - now);
}

}  // namespace

FlightWork& Client::Flights() {
  if (!flight_work_) flight_work_ = std::make_unique<FlightWork>();
  return *flight_work_;
}

// ---- before a request

void Client::BeforeNext(const CommandSpec& spec, std::span<const std::string_view> args) {
  if (std::exchange(flight_work_->owes_fill, false)) context_.flights->desk().table().OnCallerReused(AsCaller());
  if (flight_work_->parked.empty()) return;
  // What fills the key wakes its reader in a moment, with the value.
  LetGo([&](const ParkedRead& read) { return !context_.flights->IsFillOf(spec, args, read.key); });
}

void Client::LetGo(const std::function<bool(const ParkedRead&)>& chosen) {
  FlightDesk& desk = context_.flights->desk();
  stampede::Todo todo;
  std::vector<ParkedRead> parked;
  parked.swap(flight_work_->parked);
  for (ParkedRead& read : parked) {
    read.hurried = true;
    const cache::HashedKey key = context_.flights->Hash(read.key);
    std::optional<FlightAnswer> answer;
    if (chosen(read)) answer = desk.table().Unpark(key, read.waiter, context_.loop.Now(), todo);
    desk.Carry(context_, todo, nullptr);
    if (!answer.has_value()) {  // its answer is on its way, or what is asked of its shadow
      flight_work_->parked.push_back(std::move(read));
      continue;
    }
    if (*answer == FlightAnswer::kMiss) read.guard->OnTurnedAway(key.hash);
    AnswerParked(read, *answer, nullptr);
  }
}

bool Client::IsRefreshDue(const CommandSpec& spec, const resp::Request& request) const {
  if (!context_.flights->refreshes() || !context_.near->IsGet(spec, request)) return false;
  if (in_multi_ || block_left_ > 0 || outstanding_ > 0 || !session_->BytesBehind().empty()) return false;
  if (raw_ || skip_this_ || subscriptions_.any() || !MayLookNear(false)) return false;
  return context_.flights->IsDue(*context_.policies->snapshot(), request.args[1]);
}

// ---- a read is answered

bool Client::IsLast() const {
  return outstanding_ == 1 && session_->input_bytes() == 0 && session_->replies().owes_last();
}

bool Client::TakeForFlight(std::string_view bytes) {
  if (session_ == nullptr || !near_work_ || near_work_->notes.empty()) return false;
  NearNote& note = *near_work_->notes.Front();
  if (note.kind != NearNote::Kind::kLookup || note.keys.size() != 1 || note.parts) return false;
  context_.near->Settle(note);
  const bool nil = IsNil(bytes);
  if (!nil && !note.refresh) return false;
  stampede::Guard* const guard = context_.flights->Find(note.keys.front().policy);
  if (guard == nullptr || !(nil ? TakeMiss(note, *guard) : TakeRefresh(note, *guard, bytes))) return false;
  (void)NearEnded();
  Ended(1);
  return true;
}

bool Client::TakeMiss(const NearNote& note, Guard& guard) {
  FlightStage& flights = *context_.flights;
  const NearNote::Key& key = note.keys.front();
  const auto now = context_.loop.Now();
  const cache::HashedKey hashed = flights.Hash(key.logical());
  const std::uint64_t hash = hashed.hash;
  guard.refresh().Missed(hash);
  if (!flights.Coalesces(key.policy, key.logical())) {
    guard.learning().OnNil(hash, id_, now);
    return false;
  }
  flights.desk().NoteMiss(context_, hashed, flights.RateOfMissed(hash));
  context_.near->Arrived(note, Nil(proto_), true, false);
  ParkedRead read = Parked(key.logical(), key.name, key.policy);
  stampede::FlightTerms terms = guard.Terms();
  terms.may_wait = IsLast();
  terms.patience = flights.PatienceFor(guard, hash, terms.max_wait, now);
  if (const auto old = OldReplyOf(key.name, read.rules->stampede)) {
    read.Keep(*old, terms);
  } else if (AwaitShadow(read)) {
    return true;
  }
  if (const auto reply = Begin(terms, std::move(read))) PassBytes(*reply, 1, true);
  return true;
}

// REQUIRES: the value lives.
bool Client::TakeRefresh(const NearNote& note, Guard& guard, std::string_view bytes) {
  FlightStage& flights = *context_.flights;
  const NearNote::Key& key = note.keys.front();
  const auto now = context_.loop.Now();
  const std::uint64_t hash = flights.Hash(key.logical()).hash;
  const auto facts = flights.FactsOf(hash);
  if (!bytes.starts_with('$') || !facts) return false;
  const stampede::Victims::Candidate candidate{
      .session = id_, .pipelined = !IsLast(), .alone = context_.connections.clients.load() == 1};
  if (guard.refresh().Choose(hash, candidate, now) != stampede::Choice::kChosen) return false;
  context_.near->Arrived(note, bytes, true, false);
  const auto ends = facts->set_at + facts->lifetime;
  const milliseconds left = Until(ends, now);
  ParkedRead read = Parked(key.logical(), key.name, key.policy);
  read.kept = ParkedRead::Kept::kValue;
  read.reply = bytes;
  read.left = left;
  stampede::FlightTerms terms = guard.Terms();
  terms.mode = stampede::Mode::kRefresh;
  // A value that another has refreshed has most of its life before it.
  constexpr milliseconds kDoubt{50};
  terms.refresh_below = left + std::max(kDoubt, (facts->lifetime - left) / 4);
  // With a store of its own the pod is the whole fleet: nobody else can have refreshed the value.
  if (!context_.options.embedded) terms.value_until = ends;
  if (const auto reply = Begin(terms, std::move(read))) PassBytes(*reply, 1, true);
  return true;
}

// REQUIRES: the policy is of the set in force, and coalesces.
ParkedRead Client::Parked(std::string_view logical, std::string physical, std::size_t policy) const {
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  ParkedRead read{.key = std::string(logical), .physical = std::move(physical)};
  read.rules = {snapshot, &snapshot->set().at(policy)};
  read.guard = context_.flights->GuardOf(policy);
  read.policy = policy;
  read.set = context_.near->set_number();
  return read;
}

void Client::Count(const ParkedRead& read, Outcome outcome) {
  context_.near->Count(context_.near->PolicyNow(read.key, read.policy, read.set), outcome);
}

std::optional<std::string> Client::Begin(stampede::FlightTerms terms, ParkedRead read) {
  FlightDesk& desk = context_.flights->desk();
  const bool refresh = terms.mode == stampede::Mode::kRefresh;
  const bool last = IsLast(read);
  const auto now = context_.loop.Now();
  if (last && !refresh && !desk.pool().MayWait(desk.table().waiters(), now)) {
    terms.may_wait = false;
    desk.pool().OnTurnedAway();
  }
  const bool parks = last && (terms.may_wait || refresh);
  terms.may_wait = parks && !refresh;
  const cache::HashedKey hashed = context_.flights->Hash(read.key);
  terms.lease = !read.away && (desk.table().Knows(hashed) ? desk.leases() : desk.TakeAsk(now));
  stampede::Todo todo;
  const stampede::Begun begun = desk.table().Begin(hashed, AsCaller(), terms, now, todo);
  Flights().involved = true;
  FlightAnswer answer = refresh ? FlightAnswer::kKeep : FlightAnswer::kMiss;
  if (begun.role == stampede::Role::kLead) {
    answer = FlightAnswer::kLead;
  } else if (begun.role == stampede::Role::kWait) {
    read.waiter = begun.waiter;
    if (!parks) (void)desk.table().Unpark(hashed, begun.waiter, now, todo);
  }
  // Each caller's end is told once; that of a refresh and of a stale answer elsewhere.
  const bool waits = begun.role == stampede::Role::kWait && parks;
  if (!waits && !refresh && begun.role != stampede::Role::kLead) read.guard->OnTurnedAway(hashed.hash);
  desk.Carry(context_, todo, nullptr);
  if (!waits) return ReplyTo(read, answer, nullptr);
  if (read.slot == 0) read.slot = read.away ? session_->replies().Open() : session_->replies().OpenInstead();
  set_singles(true);
  flight_work_->parked.push_back(std::move(read));
  return std::nullopt;
}

void Client::BeginQuietly(const NearNote& note) {
  constexpr std::size_t kMost = 64;
  FlightDesk& desk = context_.flights->desk();
  const auto now = context_.loop.Now();
  stampede::Todo todo;
  for (std::size_t n = 0; n < std::min(kMost, context_.near->nils().size()); ++n) {
    const NearNote::Key& key = note.keys[context_.near->nils()[n]];
    const auto guard = context_.flights->GuardOf(key.policy);
    if (!guard) continue;
    const cache::HashedKey hashed = context_.flights->Hash(key.logical());
    guard->learning().OnNil(hashed.hash, id_, now);
    guard->refresh().Missed(hashed.hash);
    if (!context_.flights->Coalesces(key.policy, key.logical())) continue;
    stampede::FlightTerms terms = guard->Terms();
    terms.may_wait = false;
    terms.lease = desk.table().Knows(hashed) ? desk.leases() : desk.TakeAsk(now);
    const stampede::Begun begun = desk.table().Begin(hashed, AsCaller(), terms, now, todo);
    if (begun.role == stampede::Role::kWait) (void)desk.table().Unpark(hashed, begun.waiter, now, todo);
    if (begun.role == stampede::Role::kRefused) guard->OnTurnedAway(hashed.hash);
    FlightWork& work = Flights();
    work.involved = work.owes_fill = true;
  }
  desk.Carry(context_, todo, nullptr);
}

// ---- a read that waited is answered

void Client::OnWake(const stampede::Wake& wake, const FlightValue& value) {
  if (!flight_work_) return;
  auto& parked = flight_work_->parked;
  const auto found = std::ranges::find(parked, wake.waiter, &ParkedRead::waiter);
  if (found == parked.end()) return;
  const ParkedRead read = std::move(*found);
  parked.erase(found);
  const auto now = context_.loop.Now();
  if (wake.answer == FlightAnswer::kValue) read.guard->companions().OnWaitEnded(now);
  const bool crowded = stampede::PoolWatch::Crowded(context_.flights->desk().table().waiters(), Sessions());
  if (wake.leader_reused && crowded) flight_work_->let_go_at = now;
  // Each caller's end is told once: that of a stale answer is told with its age.
  const bool told = wake.answer == FlightAnswer::kTimeout && StaleAtTimeout(read).has_value();
  if (!told) read.guard->OnWake(context_.flights->Hash(read.key).hash, wake);
  AnswerParked(read, wake.answer, value);
}

void Client::AnswerParked(const ParkedRead& read, FlightAnswer answer, const FlightValue& value) {
  if (session_ != nullptr) FillParked(read.slot, ReplyTo(read, answer, value));
}

void Client::FillParked(net::ReplyQueue::SlotId slot, std::string_view reply) {
  session_->replies().Fill(slot, reply);
  set_singles(session_->replies().has_open_slots());
  session_->TouchReplies();
}

// Counts what becomes of the look-up, too.
std::string Client::ReplyTo(const ParkedRead& read, FlightAnswer answer, const FlightValue& value) {
  const bool stale = read.kept == ParkedRead::Kept::kStale;
  const std::uint64_t hash = context_.flights->Hash(read.key).hash;
  switch (answer) {
    case FlightAnswer::kValue: {
      Count(read, Outcome::kWaited);
      if (read.kept == ParkedRead::Kept::kValue) read.guard->refresh().Cancel(hash);
      std::string reply;
      resp::AppendBulk(reply, *value);
      return reply;
    }
    case FlightAnswer::kTimeout:
      return ReplyToTimeout(read);
    case FlightAnswer::kKeep:
      Count(read, stale ? StaleOutcome(read.shadow) : Outcome::kHit);
      if (stale) read.guard->OnStale(hash, read.left);
      if (!stale) read.guard->refresh().Cancel(hash);
      return read.reply;
    case FlightAnswer::kLead:
    case FlightAnswer::kMiss:
      break;
  }
  const bool synthetic = read.kept == ParkedRead::Kept::kValue;
  const Outcome led = synthetic ? Outcome::kSyntheticMiss : Outcome::kMiss;
  const Outcome unled = read.away ? Outcome::kAwayMiss : Outcome::kPlainMiss;
  Count(read, answer == FlightAnswer::kLead ? led : unled);
  if (synthetic) read.guard->OnRefreshed(read.left);
  // Learning hears of what the app sees: who waits and gets a value will not SET it.
  read.guard->learning().OnNil(hash, id_, context_.loop.Now());
  flight_work_->owes_fill = true;
  flight_work_->was_chosen |= synthetic;
  return Nil(proto_);
}

std::optional<OldReply> Client::StaleAtTimeout(const ParkedRead& read) {
  if (read.rules->stampede.on_timeout != policy::OnTimeout::kStale) return std::nullopt;
  return OldReplyOf(read.physical, read.rules->stampede);
}

std::string Client::ReplyToTimeout(const ParkedRead& read) {
  if (read.rules->stampede.on_timeout == policy::OnTimeout::kError) {
    Count(read, Outcome::kError);
    return std::string(texts::kFlightTimeout);
  }
  if (const auto stale = StaleAtTimeout(read)) {
    Count(read, StaleOutcome(stale->shadow));
    read.guard->OnStale(context_.flights->Hash(read.key).hash, stale->age);
    return stale->reply;
  }
  Count(read, Outcome::kTimeoutMiss);
  read.guard->learning().OnNil(context_.flights->Hash(read.key).hash, id_, context_.loop.Now());
  flight_work_->owes_fill = true;
  return Nil(proto_);
}

// ---- writes

std::optional<std::string_view> Client::FlightsSending(const CommandSpec& spec, const resp::Request& request,
                                                       std::string_view& raw) {
  // What is answered OK in its place must be a plain SET, and nobody else's on this connection.
  const bool plain = (spec.name == "set" && near_note_->set_reply == NearNote::SetReply::kStoredUnlessNil &&
                      !near_note_->use.only_if_absent) ||
                     spec.name == "setex" || spec.name == "psetex";
  const bool may_drop = plain && outstanding_ == 0 && session_->BytesBehind().empty();
  if (context_.flights->Sending(request, AsCaller(), may_drop, plan_, *near_note_)) {
    FlightsAnswered(*near_note_, std::nullopt);
    return "+OK\r\n";
  }
  if (near_note_->keys.size() == 1) NoteSet(near_note_->keys.front());
  if (near_note_->use.only_if_absent && near_note_->keys.size() == 1 && FlightStage::Refreshes(*near_note_)) {
    raw = AsPlainSet(raw);
    if (spec.name == "setnx") instead_ = ":1\r\n";
    if (spec.name == "setnx") near_note_->set_reply = NearNote::SetReply::kStoredUnlessNil;
  }
  return std::nullopt;
}

// A SET behind one that followed a miss may be of what was computed with it.
void Client::NoteSet(const NearNote::Key& key) {
  if (key.use != stampede::KeyUse::Kind::kSet || (!flight_work_ && !key.fill.is_fill)) return;
  const auto now = context_.loop.Now();
  FlightWork& work = Flights();
  if (key.fill.is_fill) {
    if (now - std::exchange(work.let_go_at, {}) <= stampede::PoolWatch::kAtOnce) SetWasHeldUp();
    work.filled_at = now;
    work.filled_policy = key.policy;
    work.filled = key.logical();
  } else if (!work.filled.empty() && work.filled_policy == key.policy && key.fill.missed <= now - work.filled_at) {
    if (const auto guard = context_.flights->GuardOf(key.policy))
      guard->companions().OnSecondSet(context_.flights->Hash(work.filled), context_.flights->Hash(key.logical()),
                                      now - work.filled_at, now);
  }
}

std::size_t Client::Sessions() const {
  return static_cast<std::size_t>(context_.connections.clients.load(std::memory_order_relaxed));
}

void Client::SetWasHeldUp() {
  if (!context_.flights->desk().pool().OnHeldUp(Sessions(), context_.loop.Now())) return;
  base::LogWarn("app.pool_is_small",
                {{"connections", Sessions()},
                 {"hint",
                  "SETs stand in line for a connection behind reads that wait for them: give the app's pool as "
                  "many connections as it has callers. Until then a quarter of them never waits"}});
}

// SET without NX, whatever else it says.
std::string_view Client::AsPlainSet(std::string_view raw) {
  resp::RequestDecoder decoder(context_.limits());
  resp::Request sent;
  if (decoder.Decode(raw, sent) != resp::RequestDecoder::Outcome::kRequest || sent.args.size() < 3) return raw;
  std::vector<std::string_view> args = {"SET", sent.args[1], sent.args[2]};
  for (const std::string_view word : sent.args.subspan(3)) {
    if (!texts::Equals(word, "nx")) args.push_back(word);
  }
  plain_set_.clear();
  resp::AppendRequest(plain_set_, args);
  return plain_set_;
}

// REQUIRES, for what came late to be cut short: called while the lane's reply is being delivered.
void Client::FlightsAnswered(const NearNote& note, std::optional<std::string_view> reply) {
  const std::vector<policy::FollowUp> late = context_.flights->Answered(note, reply);
  if (late.empty() || current_ == nullptr || session_ == nullptr) return;
  SendFollowUps(*context_.facts->table->FindFull("pexpire"), late);
}

// ---- the end

void Client::LeaveFlights() {
  if (!flight_work_) return;
  FlightDesk& desk = context_.flights->desk();
  flight_work_->parked.clear();
  if (flight_work_->was_chosen) context_.flights->Closed(id_);
  if (!flight_work_->involved) return;
  stampede::Todo todo;
  desk.table().OnCallerGone(AsCaller(), context_.loop.Now(), todo);
  desk.Carry(context_, todo, nullptr);
}

}  // namespace herdgate::pipeline
