#include "sidecar/cache/s3_fifo.h"

namespace herdgate::cache {

void S3Fifo::Queue::Push(Entry& entry) {
  entry.newer = nullptr;
  entry.older = newest;
  (newest != nullptr ? newest->newer : oldest) = &entry;
  newest = &entry;
  ++count;
  bytes += entry.allocated();
}

void S3Fifo::Queue::Unlink(Entry& entry) {
  (entry.newer != nullptr ? entry.newer->older : newest) = entry.older;
  (entry.older != nullptr ? entry.older->newer : oldest) = entry.newer;
  --count;
  bytes -= entry.allocated();
}

void S3Fifo::Insert(Entry& entry) {
  entry.set_in_main(ghost_.Take(entry.hash()));
  QueueOf(entry).Push(entry);
}

void S3Fifo::Replace(Entry& old, Entry& by) {
  by.set_in_main(old.in_main());
  by.set_frequency(old.frequency());
  by.newer = old.newer;
  by.older = old.older;
  Queue& queue = QueueOf(old);
  (by.newer != nullptr ? by.newer->older : queue.newest) = &by;
  (by.older != nullptr ? by.older->newer : queue.oldest) = &by;
  queue.bytes += by.allocated();
  queue.bytes -= old.allocated();
}

void S3Fifo::Remove(Entry& entry) {
  QueueOf(entry).Unlink(entry);
  if (entry.in_main()) ghost_.Insert(entry.hash());
}

void S3Fifo::MoveToMain(Entry& entry, std::uint8_t frequency) {
  entry.set_in_main(true);
  entry.set_frequency(frequency);
  main_.Push(entry);
}

}  // namespace herdgate::cache
