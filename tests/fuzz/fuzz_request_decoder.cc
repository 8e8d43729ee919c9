// Oracle: what RequestDecoder says does not depend on how the bytes were cut, and streaming agrees with decoding.
// The first byte of an input chooses the cuts, the rest is the stream.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/property/resp_drivers.h"

namespace {

using namespace herdgate;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckStreaming(std::string_view stream, base::Random& random, const resp::Limits& limits) {
  using Outcome = resp::RequestDecoder::Outcome;
  const std::size_t seen = 1 + random.Below(stream.size());
  if (!resp::DecodeStream(stream, {seen}, limits).empty()) return;  // decided already: nothing to stream
  const std::vector<resp::DecodedRequest> decoded = resp::DecodeStream(stream, {stream.size()}, limits);
  const resp::DecodedRequest streamed =
      resp::StreamRequest(stream, seen, resp::RandomCuts(random, stream.size()), limits);
  if (decoded.empty()) return Check(streamed.outcome == Outcome::kNeedMore);
  if (decoded.front().outcome == Outcome::kError) return Check(streamed.error == decoded.front().error);
  Check(streamed.outcome == Outcome::kRequest && streamed.end == decoded.front().end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  base::Random random(data[0]);
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  resp::Limits limits;
  limits.max_inline_bytes = 64;
  limits.max_bulk_bytes = 1'000'000;
  const bool unauthenticated = data[0] % 4 == 0;
  const auto unsplit = resp::DecodeStream(stream, {stream.size()}, limits, unauthenticated);
  Check(resp::DecodeStream(stream, resp::RandomCuts(random, stream.size()), limits, unauthenticated) == unsplit);
  if (stream.front() == '*') CheckStreaming(stream, random, limits);
  return 0;
}
