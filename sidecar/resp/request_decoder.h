// RequestDecoder cuts a client's byte stream into requests, multibulk or inline, exactly as Redis does
// (networking.c, processMultibulkBuffer and processInlineBuffer of 7.0: same limits, same error texts, same leniency).
//
// The caller keeps the bytes. Each call is given the unconsumed bytes from the first byte of the request under way:
// the same bytes as at the last kNeedMore, possibly moved in memory, plus what has arrived since. Nothing is looked at
// twice but a few headers at a request's start, and no body is copied: arguments are views into `input`.
//
//   kRequest   `request` is filled; drop consumed() bytes from the front and call again.
//   kSkip      an empty request (blank line, "*0", "*-1"): nothing to answer; drop consumed() bytes and call again.
//   kNeedMore  wait for bytes. declared_bytes() is the least size the whole request will have, from its first byte.
//   kError     error() is Redis' sentence after "-ERR Protocol error: "; answer it and close. The decoder is spent.
//
// A request too large to hold is streamed: after a kNeedMore, partial() shows the arguments that are already whole, and
// after BeginStream() the caller passes the bytes of this request on as they come: Stream(input) says how many of the
// bytes at the front of `input` (which now starts where the last Stream call ended) belong to it; streaming() turns
// false with its last byte. Stream may fail like Decode: check failed(); streaming() is false then too.
//
// Redis does not look at the byte behind '\r' nor at the two behind a body. Such a request is taken too, but its raw()
// is rewritten with true line ends, so no upstream has to be as lenient. Where Redis' answer depends on how the bytes
// were cut (a line longer than max_inline_bytes), this decoder answers as Redis does when they come one at a time.
//
// Threads: one owner. Memory: 16 bytes per argument; what a large request took is given back at the next call, for
// which an empty input will do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/limits.h"
#include "sidecar/resp/request.h"
#include "sidecar/resp/request_stream.h"

namespace herdgate::resp {

class RequestDecoder {
 public:
  enum class Outcome : unsigned char { kRequest, kSkip, kNeedMore, kError };

  // `limits` is borrowed, must outlive the decoder, and may change between calls (CONFIG SET proto-max-bulk-len).
  explicit RequestDecoder(const Limits& limits);

  Outcome Decode(std::string_view input, Request& request);
  std::size_t consumed() const { return consumed_; }
  std::size_t declared_bytes() const;
  const std::string& error() const { return error_; }
  bool failed() const { return !error_.empty(); }
  // True between requests: not one byte of the next has been looked at.
  bool idle() const;

  // While set, the tighter limits for clients that have not authenticated apply.
  void set_unauthenticated(bool value) { unauthenticated_ = value; }

  // After kNeedMore of a multibulk request: the arguments that are whole in `input`, which is what Decode was given.
  std::vector<std::string_view> Partial(std::string_view input) const;
  // The declared number of arguments of the request under way; 0 if not known yet.
  std::int64_t declared_args() const;
  // The declared size of the argument under way; 0 if its header has not come yet.
  std::int64_t declared_bulk() const { return bulk_bytes_ == kUnknown ? 0 : bulk_bytes_; }

  // REQUIRES: the last outcome was kNeedMore on a multibulk request. The next Stream starts at the request's first
  // byte.
  void BeginStream();
  std::size_t Stream(std::string_view input);
  bool streaming() const { return streaming_; }

 private:
  static constexpr std::int64_t kUnknown = RequestStream::kUnknown;

  bool DecodePlain(std::string_view input, Request& request);
  Outcome DecodeAny(std::string_view input, Request& request);
  Outcome DecodeMultibulk(std::string_view input, Request& request);
  Outcome DecodeInline(std::string_view input, Request& request);
  // Both leave position_ behind the header and true, or return false: then `outcome_` says why.
  bool ReadCount(std::string_view input);
  bool ReadBulkBytes(std::string_view input);
  // The bytes before the first `end` from position_ on; false as above.
  bool FindLine(std::string_view input, char end, std::string_view& line);

  void Start();
  void Rebase(const char* base);
  Outcome Pause(std::string_view input);
  Outcome Finish(Outcome outcome);
  Outcome Fail(std::string sentence);

  const Limits& limits_;
  std::vector<std::string_view> args_;  // found so far, as views into the bytes at base_
  const char* base_ = nullptr;          // where the request under way began at the last call
  std::size_t position_ = 0;            // first byte of the request that is not understood yet
  std::size_t searched_ = 0;            // no end of line in [position_, searched_)
  std::size_t seen_ = 0;                // bytes of the request that the last call was given
  std::int64_t declared_args_ = kUnknown;
  std::int64_t args_left_ = 0;
  std::int64_t bulk_bytes_ = kUnknown;  // of the argument at position_; kUnknown before its header
  bool line_blocked_ = false;           // a NUL was met: Redis never finds the end of such a line
  bool holds_much_ = false;             // more memory than an idle decoder keeps
  bool canonical_ = true;               // every line end was "\r\n"
  bool unauthenticated_ = false;
  bool streaming_ = false;
  Outcome outcome_ = Outcome::kNeedMore;
  std::size_t consumed_ = 0;
  std::string rewritten_;  // backs Request::raw where the client's bytes can't
  std::string error_;
  RequestStream stream_;
};

}  // namespace herdgate::resp
