// RequestSource makes the requests of one worker: it chooses command and key, and appends the bytes to a SendQueue.
//
// The request texts are made once; only the key's digits are written anew. Values of kSharedFrom bytes and more are
// sent from one shared body.
// Threads: one owner, its worker. Lifetime: must outlive every SendQueue that it appended to.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/load/options.h"
#include "tests/bench/load/reply_scanner.h"
#include "tests/bench/load/send_queue.h"

namespace herdgate::bench {

enum class Command : unsigned char { kGet, kSet, kMget };

enum class Verdict { kGood, kError, kWrongReply };

class RequestSource {
 public:
  // In preload mode this source writes the keys first_key to end_key - 1 in order.
  RequestSource(const LoadOptions& options, uint64_t seed, uint32_t first_key, uint32_t end_key);

  // False: preload has written its last key, nothing was appended.
  bool Append(SendQueue& queue, Command& command);

  // Judges a reply by its type and its lengths; a nil value is good (reply.nils counts the misses).
  Verdict Judge(Command command, const ReplyScanner::Reply& reply) const;

 private:
  static constexpr uint32_t kSharedFrom = 4096;

  Command Choose();
  uint32_t NextKey();
  void AppendSet(SendQueue& queue);

  const LoadOptions& options_;
  uint64_t random_;
  uint64_t turn_;
  uint32_t next_key_;
  uint32_t end_key_;
  std::string get_text_;
  std::string set_text_;  // whole for small values, up to the body for large ones
  std::string set_tail_;  // behind a shared body
  std::string mget_text_;
  std::string body_;
  size_t get_digits_ = 0;  // where the key's digits start in get_text_, set_text_ and mget_text_
  size_t set_digits_ = 0;
  size_t mget_digits_ = 0;
  size_t mget_stride_ = 0;
};

}  // namespace herdgate::bench
