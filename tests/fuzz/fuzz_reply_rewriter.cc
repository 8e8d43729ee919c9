// Oracle: a whole reply stays a whole reply, whatever shape it was taken for; and the rewriter reads no byte beyond it.
// The first byte of an input chooses the shape, the rest is the reply.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/policy/reply_rewriter.h"
#include "sidecar/resp/limits.h"
#include "sidecar/resp/reply_scanner.h"
#include "tests/property/resp_drivers.h"

namespace {

using namespace herdgate;

void Check(bool holds) {
  if (!holds) std::abort();
}

policy::SnapshotPtr MakeSnapshot() {
  std::vector<policy::Policy> policies(2);
  policies[0].match = {"a*"};
  policies[0].version.schema = 1;
  policies[1].match = {"b*"};
  policies[1].version.schema = 2;
  policies[1].version.generation = true;
  return std::make_shared<const policy::Snapshot>(std::make_shared<const policy::PolicySet>(std::move(policies)),
                                                  std::vector<std::uint64_t>{0, 3});
}

policy::ReplyWork MakeWork(std::uint8_t choice) {
  static const policy::SnapshotPtr kSnapshot = MakeSnapshot();
  policy::ReplyWork work;
  work.snapshot = kSnapshot;
  work.shape = static_cast<policy::ReplyShape>(choice % 8);
  if ((choice & 8U) != 0) work.keys = {{"v1:a", "a"}, {"v1:ab", "ab"}, {"v2.3:b", "b"}};
  if ((choice & 16U) != 0) work.pattern = "*a*";
  work.proto = (choice & 32U) != 0 ? 3 : 2;
  if (work.shape != policy::ReplyShape::kExec) return work;
  for (std::uint8_t shape = 0; shape < 7; ++shape) {
    work.queued.push_back(work);
    work.queued.back().queued.clear();
    work.queued.back().shape = static_cast<policy::ReplyShape>((shape + (choice >> 6U)) % 7);
  }
  return work;
}

bool IsWhole(std::string_view bytes) {
  const resp::Limits limits;
  resp::ReplyScanner scanner(limits);
  const resp::ReplyScanner::Progress progress = scanner.Scan(bytes);
  return progress.complete && progress.bytes == bytes.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const policy::ReplyWork work = MakeWork(data[0]);
  const resp::ExactCopy reply(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  const std::string shown = policy::RewriteReply(work, reply.view());
  const std::string push = policy::RewritePush(*work.snapshot, reply.view());
  if (IsWhole(reply.view())) {
    Check(IsWhole(shown));
    Check(push.empty() || IsWhole(push));
  }
  return 0;
}
