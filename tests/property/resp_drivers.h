// Drives the RESP codec over a byte stream cut at given points, and writes down all that it says.
//
// Shared by the property tests and the fuzz targets. Every piece is handed over in a heap block of exactly its size, so
// that AddressSanitizer sees a read of one byte too many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/reply_scanner.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::resp {

// Ends of pieces, ascending, the last being the size of the stream.
using Cuts = std::vector<std::size_t>;

inline Cuts RandomCuts(base::Random& random, std::size_t size) {
  Cuts cuts;
  const std::size_t largest = std::size_t{1} << random.Below(7);
  for (std::size_t at = 0; at < size;) cuts.push_back(at = std::min(size, at + 1 + random.Below(largest)));
  return cuts;
}

class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

struct DecodedRequest {
  RequestDecoder::Outcome outcome = RequestDecoder::Outcome::kNeedMore;
  std::vector<std::string> args;
  std::string raw;      // of a request
  std::string error;    // of an error
  std::size_t end = 0;  // where it ends in the stream; of a request or a skip
  bool was_inline = false;

  bool operator==(const DecodedRequest&) const = default;
};

// All that the decoder says before it needs more than the stream has.
inline std::vector<DecodedRequest> DecodeStream(std::string_view stream, const Cuts& cuts, const Limits& limits,
                                                bool unauthenticated = false) {
  using Outcome = RequestDecoder::Outcome;
  RequestDecoder decoder(limits);
  decoder.set_unauthenticated(unauthenticated);
  std::vector<DecodedRequest> said;
  std::size_t begin = 0;
  for (const std::size_t end : cuts) {
    while (true) {
      const ExactCopy input(stream.substr(begin, end - begin));
      Request request;
      const Outcome outcome = decoder.Decode(input.view(), request);
      if (outcome == Outcome::kNeedMore) break;
      DecodedRequest& one = said.emplace_back();
      one.outcome = outcome;
      if (outcome == Outcome::kError) {
        one.error = decoder.error();
        return said;
      }
      begin += decoder.consumed();
      one.end = begin;
      if (outcome == Outcome::kSkip) continue;
      one.args.assign(request.args.begin(), request.args.end());
      one.raw = request.raw;
      one.was_inline = request.was_inline;
    }
  }
  return said;
}

// Streams the request at the front of `stream` after Decode has seen `seen` of its bytes and asked for more.
// Says what DecodeStream says of it, without what a stream does not hold. A stream without an end says kNeedMore.
inline DecodedRequest StreamRequest(std::string_view stream, std::size_t seen, const Cuts& cuts, const Limits& limits) {
  using Outcome = RequestDecoder::Outcome;
  RequestDecoder decoder(limits);
  const ExactCopy front(stream.substr(0, seen));
  Request request;
  DecodedRequest said;
  if (decoder.Decode(front.view(), request) != Outcome::kNeedMore) std::abort();
  decoder.BeginStream();
  for (const std::size_t end : cuts) {
    const ExactCopy input(stream.substr(said.end, end - said.end));
    said.end += decoder.Stream(input.view());
    if (!decoder.streaming()) break;
    if (said.end != end) std::abort();  // a stream under way takes all of its input
  }
  said.error = decoder.error();
  if (decoder.failed()) {
    said.outcome = Outcome::kError;
    said.end = 0;
  } else if (!decoder.streaming()) {
    said.outcome = Outcome::kRequest;
  }
  return said;
}

struct ScannedReplies {
  std::vector<std::size_t> ends;  // where whole replies end in the stream
  std::string kinds;              // of the whole replies
  bool failed = false;
  bool idle = true;

  bool operator==(const ScannedReplies&) const = default;
};

inline ScannedReplies ScanStream(std::string_view stream, const Cuts& cuts, const Limits& limits) {
  ReplyScanner scanner(limits);
  ScannedReplies said;
  std::size_t at = 0;
  for (const std::size_t end : cuts) {
    while (at < end && !scanner.failed()) {
      const ExactCopy input(stream.substr(at, end - at));
      const ReplyScanner::Progress progress = scanner.Scan(input.view());
      at += progress.bytes;
      if (progress.complete) {
        said.ends.push_back(at);
        said.kinds += scanner.kind();
      } else if (!scanner.failed() && at != end) {
        std::abort();  // a reply under way takes all of its input
      }
    }
  }
  said.failed = scanner.failed();
  said.idle = scanner.idle();
  return said;
}

}  // namespace herdgate::resp
