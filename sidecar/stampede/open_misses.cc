#include "sidecar/stampede/open_misses.h"

#include <utility>

namespace herdgate::stampede {

void OpenMisses::Open(std::uint64_t key, std::uint64_t session, base::SteadyTime now) {
  DropFront(now);
  Record* record = Find(key);
  // More misses of the same time are one record; once it has its SETs or is old, the next miss is another one.
  if (record != nullptr && record->sets < record->misses && !record->judged &&
      now - record->first_at < limits_.set_within) {
    ++record->misses;
    record->last_session = session;
    record->last_at = now;
    return;
  }
  if (records_.size() >= limits_.capacity) {
    Forget(key, now);
    return;
  }
  numbers_[key] = first_ + records_.size();
  records_.push_back({.key = key, .first_session = session, .last_session = session, .first_at = now, .last_at = now});
}

OpenMisses::Fill OpenMisses::Close(std::uint64_t key, std::uint64_t session, bool proof, base::SteadyTime now) {
  DropFront(now);
  Record* record = Find(key);
  if (record == nullptr || record->sets >= record->misses) {
    return {.kind = MayBeForgotten(key, now) ? Fill::Kind::kUnknown : Fill::Kind::kOrphan};
  }
  const bool first = session == record->first_session;
  const bool last = session == record->last_session;
  Fill fill{.kind = record->sets == 0 ? Fill::Kind::kFill : Fill::Kind::kRepeat,
            .same_session = first || last,
            .tainted = record->tainted,
            .delta = now - (last && !first ? record->last_at : record->first_at)};
  ++record->sets;
  if (proof) ++record->proven;
  record->fill_session = session;
  return fill;
}

void OpenMisses::End(std::uint64_t key) {
  if (Record* record = Find(key)) record->ended = true;
}

void OpenMisses::Taint(std::uint64_t key) {
  if (Record* record = Find(key)) record->tainted = true;
}

void OpenMisses::TaintAll() {
  for (Record& record : records_) record.tainted = true;
}

bool OpenMisses::RemovesOwnFill(std::uint64_t key, std::uint64_t session) const {
  const auto at = numbers_.find(key);
  if (at == numbers_.end()) return false;
  const Record& record = records_[at->second - first_];
  return record.sets > 0 && record.fill_session == session;
}

std::optional<OpenMisses::Verdict> OpenMisses::Next(base::SteadyTime now) {
  DropFront(now);
  if (judged_ == first_ + records_.size()) return std::nullopt;
  Record& record = records_[judged_ - first_];
  if (record.sets < record.misses && now - record.last_at < limits_.set_within) return std::nullopt;
  ++judged_;
  record.judged = true;
  return Verdict{.key = record.key,
                 .misses = record.misses,
                 .proven = record.proven,
                 .filled = record.sets > 0,
                 .ended = record.ended};
}

OpenMisses::Record* OpenMisses::Find(std::uint64_t key) {
  const auto at = numbers_.find(key);
  return at == numbers_.end() ? nullptr : &records_[at->second - first_];
}

// Those that are judged go when they are old; all of them, where there is no room.
void OpenMisses::DropFront(base::SteadyTime now) {
  while (first_ < judged_) {
    const Record& front = records_.front();
    if (now - front.last_at < limits_.kept_for && records_.size() < limits_.capacity) return;
    if (front.sets < front.misses || now - front.last_at < limits_.kept_for) Forget(front.key, now);
    const auto at = numbers_.find(front.key);
    if (at != numbers_.end() && at->second == first_) numbers_.erase(at);
    records_.pop_front();
    ++first_;
  }
}

void OpenMisses::Forget(std::uint64_t key, base::SteadyTime now) {
  TurnMarks(now);
  if (!marks_) marks_ = std::make_unique<Marks>();
  marks_->set(static_cast<std::size_t>(key >> 40U) % marks_->size());
}

bool OpenMisses::MayBeForgotten(std::uint64_t key, base::SteadyTime now) {
  TurnMarks(now);
  const std::size_t at = static_cast<std::size_t>(key >> 40U) % Marks().size();
  return (marks_ && marks_->test(at)) || (older_marks_ && older_marks_->test(at));
}

// A mark stands for one to two times as long as a miss is kept.
void OpenMisses::TurnMarks(base::SteadyTime now) {
  if (now - marks_since_ < limits_.kept_for) return;
  older_marks_ = now - marks_since_ < 2 * limits_.kept_for ? std::move(marks_) : nullptr;
  marks_.reset();
  marks_since_ = now;
}

}  // namespace herdgate::stampede
