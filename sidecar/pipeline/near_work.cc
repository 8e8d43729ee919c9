#include "sidecar/pipeline/near_work.h"

namespace herdgate::pipeline {

// Field by field: each look-up that goes upstream ends here, and assigning whole records costs ten times as much.
void NearNote::Key::Clear() {
  constexpr std::size_t kLongName = 256;
  static_assert(sizeof(Key) == 128, "another field? Clear it too");
  if (name.capacity() > kLongName) name = std::string();
  name.clear();
  policy = prefix = argument = value_argument = 0;
  near = true;
  written = false;
  use = stampede::KeyUse::Kind::kNothing;
  fill = {};
  if (value) value.reset();
}

void NearNote::Keys::Clear() {
  constexpr std::size_t kFew = 4;
  if (kept_.size() > kFew) kept_ = std::vector<Key>();  // what a large MGET needed is not kept
  const std::size_t used = std::min(size_, kept_.size());
  for (std::size_t i = 0; i < used; ++i) kept_[i].Clear();
  size_ = 0;
}

void NearNote::Clear() {
  static_assert(sizeof(NearNote) == 80, "another field? Clear it too");
  kind = Kind::kRead;
  keys.Clear();
  set_reply = SetReply::kNone;
  set = 0;
  use = {};
  own_user = refresh = false;
  slot = 0;
  if (parts) parts.reset();
}

NotePtr NotePool::Take() {
  if (free_.empty()) return std::make_unique<NearNote>();
  NotePtr note = std::move(free_.back());
  free_.pop_back();
  return note;
}

void NotePool::Give(NotePtr note) {
  if (free_.size() >= kMost) return;
  note->Clear();
  free_.push_back(std::move(note));
}

}  // namespace herdgate::pipeline
