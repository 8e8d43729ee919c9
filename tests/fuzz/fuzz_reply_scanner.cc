// Oracle: where ReplyScanner sees replies end does not depend on how the bytes were cut, and ParseReply sees the same.
// The first byte of an input chooses the cuts, the rest is the stream.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sidecar/resp/reply.h"
#include "tests/property/resp_drivers.h"

namespace {

using namespace herdgate;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckParser(std::string_view stream) {
  const resp::ExactCopy input(stream);
  const resp::Limits limits;
  resp::ReplyScanner scanner(limits);
  const resp::ReplyScanner::Progress scanned = scanner.Scan(input.view());
  const base::Result<resp::ParsedReply> parsed = resp::ParseReply(input.view());
  if (parsed.ok()) {
    Check(scanned.complete && scanned.bytes == parsed.value().bytes);
  } else {
    // The parser is the stricter one: it reads what the scanner only passes.
    Check(!scanned.complete || parsed.status().code() == base::ErrorCode::kProtocol);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  base::Random random(data[0]);
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const resp::Limits limits;
  const resp::ScannedReplies unsplit = resp::ScanStream(stream, {stream.size()}, limits);
  Check(resp::ScanStream(stream, resp::RandomCuts(random, stream.size()), limits) == unsplit);
  CheckParser(stream);
  return 0;
}
