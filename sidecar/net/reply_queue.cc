#include "sidecar/net/reply_queue.h"

#include <cassert>

namespace herdgate::net {

// Invariant: slots_ is ordered by `after`; the front slot is unfilled or stands behind a lane reply that has not ended.

void ReplyQueue::Pass(std::string_view bytes, std::size_t ended) {
  if (!slots_ || (slots_->front().after >= received_ + ended && (ended > 0 || slots_->front().after > received_))) {
    out_.Borrow(bytes, loop_);
    received_ += ended;
    if (slots_) Settle();
    return;
  }
  PassCopy(bytes, ended);
}

void ReplyQueue::PassCopy(std::string_view bytes, std::size_t ended) {
  assert(ended <= 1 || !slots_);
  Slot* behind = nullptr;
  if (slots_) {
    for (Slot& slot : *slots_) {
      if (slot.after > received_) break;
      behind = &slot;
    }
  }
  if (behind == nullptr) {
    out_.Append(bytes);
  } else {
    behind->behind.append(bytes);
    held_bytes_ += bytes.size();
  }
  received_ += ended;
  if (slots_) Settle();
}

void ReplyQueue::Local(std::string_view bytes) {
  if (settled()) {
    out_.Append(bytes);
    return;
  }
  Fill(Open(), bytes);
}

ReplyQueue::SlotId ReplyQueue::Open() {
  if (!slots_) slots_ = std::make_unique<std::deque<Slot>>();
  slots_->push_back({.id = next_slot_, .after = expected_, .filled = false, .bytes = {}, .behind = {}});
  return next_slot_++;
}

// Ids are consecutive: slots are opened at the back and leave at the front.
ReplyQueue::Slot& ReplyQueue::At(SlotId id) {
  assert(slots_);
  Slot& slot = (*slots_)[static_cast<std::size_t>(id - slots_->front().id)];
  assert(slot.id == id);
  return slot;
}

void ReplyQueue::Fill(SlotId id, std::string_view bytes) {
  Slot& slot = At(id);
  slot.filled = true;
  slot.bytes += bytes;
  held_bytes_ += bytes.size();
  Settle();
}

void ReplyQueue::PassBefore(SlotId id, std::string_view bytes) {
  Slot& slot = At(id);
  const bool is_next = slot.id == slots_->front().id && slot.after <= received_;
  if (is_next && slot.bytes.empty()) {
    out_.Append(bytes);
    return;
  }
  slot.bytes += bytes;
  held_bytes_ += bytes.size();
}

void ReplyQueue::Settle() {
  while (slots_ && !slots_->empty()) {
    Slot& front = slots_->front();
    if (!front.filled || front.after > received_) return;
    held_bytes_ -= front.bytes.size() + front.behind.size();
    out_.Append(front.bytes);
    out_.Append(front.behind);
    slots_->pop_front();
  }
  slots_.reset();
}

}  // namespace herdgate::net
