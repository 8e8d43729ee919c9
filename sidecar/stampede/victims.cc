#include "sidecar/stampede/victims.h"

namespace herdgate::stampede {

Victims::Victims(const VictimOptions& options)
    : options_(options), turns_(options.max_keys), debtors_(options.max_sessions) {}

Choice Victims::Choose(std::uint64_t key, const Candidate& candidate, base::SteadyTime now) {
  if (candidate.pipelined) return Choice::kPipelined;
  const Turn* turn = TurnOf(key, now);
  if (turn != nullptr && turn->pending) return Choice::kInFlight;
  if (Owes(candidate.session, now)) return Choice::kUnfilled;
  const std::uint64_t previous = turn == nullptr ? 0 : turn->session;
  if (previous == candidate.session && !candidate.alone) return Choice::kSameSession;
  if (turn == nullptr && !MakeRoom(now)) return Choice::kFull;
  if (debtors_.full()) {
    if (now - debtors_.Oldest().second.at < options_.forgive_after) return Choice::kFull;
    debtors_.Erase(debtors_.Oldest().first);
  }
  turns_.Put(key, {.session = candidate.session, .previous = previous, .at = now, .pending = true});
  debtors_.Put(candidate.session, {.key = key, .at = now});
  return Choice::kChosen;
}

bool Victims::Cancel(std::uint64_t key) {
  Turn* turn = turns_.Find(key);
  if (turn == nullptr || !turn->pending) return false;
  debtors_.Erase(turn->session);
  turn->pending = false;
  turn->session = turn->previous;
  if (turn->previous == 0) turns_.Erase(key);
  return true;
}

void Victims::Filled(std::uint64_t key) {
  Turn* turn = turns_.Find(key);
  if (turn == nullptr) return;
  turn->pending = false;
  const Debt* debt = debtors_.Find(turn->session);
  if (debt != nullptr && debt->key == key) debtors_.Erase(turn->session);
}

// The debt stays, and with it the session's bad name.
void Victims::Unfilled(std::uint64_t key, base::SteadyTime now) {
  Turn* turn = turns_.Find(key);
  if (turn == nullptr || !turn->pending) return;
  turn->pending = false;
  if (Debt* debt = debtors_.Find(turn->session); debt != nullptr && debt->key == key) debt->at = now;
}

void Victims::Missed(std::uint64_t key) {
  const Turn* turn = turns_.Find(key);
  if (turn != nullptr && !turn->pending) turns_.Erase(key);
}

void Victims::Closed(std::uint64_t session) {
  const Debt* debt = debtors_.Find(session);
  if (debt == nullptr) return;
  if (Turn* turn = turns_.Find(debt->key); turn != nullptr && turn->session == session) turn->pending = false;
  debtors_.Erase(session);
}

// The turn of a key, after a look whether its SET was left out.
Victims::Turn* Victims::TurnOf(std::uint64_t key, base::SteadyTime now) {
  Turn* turn = turns_.Find(key);
  if (turn != nullptr && turn->pending && now - turn->at >= options_.set_within) Unfilled(key, now);
  return turn;
}

bool Victims::Owes(std::uint64_t session, base::SteadyTime now) {
  const Debt* debt = debtors_.Find(session);
  if (debt == nullptr) return false;
  if (now - debt->at < options_.forgive_after) return true;
  debtors_.Erase(session);
  return false;
}

// A turn that is over goes for a new one: to forget it costs at most one synthetic miss for the same session.
bool Victims::MakeRoom(base::SteadyTime now) {
  if (!turns_.full()) return true;
  const auto& [key, oldest] = turns_.Oldest();
  if (oldest.pending && now - oldest.at < options_.set_within) return false;
  Unfilled(key, now);
  turns_.Erase(turns_.Oldest().first);
  return true;
}

}  // namespace herdgate::stampede
