#include "sidecar/pipeline/near_work.h"

namespace herdgate::pipeline {

void NearNote::Keys::Clear() {
  constexpr std::size_t kLongName = 256;
  constexpr std::size_t kFew = 4;
  if (kept_.size() > kFew) kept_ = std::vector<Key>();  // what a large MGET needed is not kept
  for (Key& key : kept_) {
    std::string name = std::move(key.name);
    if (name.capacity() > kLongName) name = std::string();
    name.clear();
    key = Key{.name = std::move(name)};
  }
  size_ = 0;
}

NotePtr NotePool::Take() {
  if (free_.empty()) return std::make_unique<NearNote>();
  NotePtr note = std::move(free_.back());
  free_.pop_back();
  return note;
}

void NotePool::Give(NotePtr note) {
  if (free_.size() >= kMost) return;
  NearNote::Keys keys = std::move(note->keys);
  keys.Clear();
  *note = NearNote();
  note->keys = std::move(keys);
  free_.push_back(std::move(note));
}

}  // namespace herdgate::pipeline
