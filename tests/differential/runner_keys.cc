// The part of Runner that looks at keys: SCAN followed to its end, and what the policies demand of the keys in Redis.
#include <algorithm>
#include <iterator>
#include <thread>

#include "tests/differential/keyspace.h"
#include "tests/differential/reply_value.h"
#include "tests/differential/runner.h"

namespace herdgate::differential {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kScanPatience{10000};
constexpr milliseconds kFollowUpPatience{1000};
constexpr milliseconds kFollowUpPause{10};
constexpr std::size_t kShown = 5;

std::string Shown(const std::vector<std::string>& keys) {
  std::string text;
  for (std::size_t i = 0; i < std::min(keys.size(), kShown); ++i) text += " \"" + Escape(keys[i]) + "\"";
  return text + (keys.size() > kShown ? " ..." : "");
}

void Normalize(std::vector<std::string>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

std::vector<std::string> Without(const std::vector<std::string>& keys, const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  std::set_difference(keys.begin(), keys.end(), others.begin(), others.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace

// REQUIRES: the client is in no transaction, subscribes to nothing, and awaits no reply.
bool Runner::Scan(const Event& event) {
  Client& client = *clients_[event.client];
  std::vector<std::string> direct;
  std::vector<std::string> proxied;
  if (!ScanOneSide(client.direct, event.commands[0], direct)) return Differs(client, "SCAN failed directly");
  if (!ScanOneSide(client.proxied, event.commands[0], proxied)) return Differs(client, "SCAN failed on the other side");
  Normalize(direct);
  Normalize(proxied);
  if (direct == proxied) return true;
  return Differs(client, "SCAN to the end: missing" + Shown(Without(direct, proxied)) + "; too many" +
                             Shown(Without(proxied, direct)));
}

bool Runner::ScanOneSide(Connection& connection, const Command& scan, std::vector<std::string>& keys) {
  Command step = scan;
  const auto deadline = Clock::now() + kScanPatience;
  do {
    std::string bytes;
    step.AppendTo(bytes);
    if (connection.Write(bytes) != bytes.size()) return false;
    ReplyValue reply;
    for (std::string_view text = connection.in().text(); !CutReply(text, reply); text = connection.in().text()) {
      if (connection.closed() || Clock::now() > deadline) return false;
      Wait(milliseconds(20));
    }
    connection.in().Take(connection.in().text().size());
    if (reply.items.size() != 2 || !reply.items[0].IsText()) return false;
    for (const ReplyValue& key : reply.items[1].items) keys.push_back(key.text);
    step.args[1] = Arg{reply.items[0].text};
  } while (step.args[1].text != "0");
  return true;
}

bool Runner::KeysAreRight(bool at_the_end) {
  if (policies_ == nullptr) return true;
  const auto deadline = Clock::now() + kFollowUpPatience;
  std::string wrong = JudgeKeys(at_the_end);
  while (!wrong.empty() && Clock::now() < deadline) {
    std::this_thread::sleep_for(kFollowUpPause);
    wrong = JudgeKeys(at_the_end);
  }
  return wrong.empty() || Differs(*clients_[0], wrong);
}

// The plain server counts every byte (Witness), so it is asked at the end only.
std::string Runner::JudgeKeys(bool at_the_end) {
  Keyspace behind;
  if (!ReadKeyspace(servers_.behind_port(), at_the_end, behind)) return "the second redis-server is silent";
  const auto age = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  std::string wrong = JudgeNamesAndTtls(*policies_, behind, age);
  if (!wrong.empty() || !at_the_end) return wrong;
  Keyspace direct;
  if (!ReadKeyspace(servers_.direct_port(), true, direct)) return "the plain server is silent";
  wrong = JudgeAgainst(*policies_, direct, behind, age);
  return wrong.empty() ? JudgeRandomKey(servers_.proxied_port(), direct) : wrong;
}

}  // namespace herdgate::differential
