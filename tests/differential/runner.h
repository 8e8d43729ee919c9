// Runner: plays a script on both sides and compares every reply byte.
//
// One event at a time: its bytes go to the plain server and through Herdgate, cut into the same pieces; when the plain
// server is done (Witness), what each client of the plain side got is what the same client of the other side must get,
// no byte less, more or other, and the same clients must be blocked and closed. Only then does the next event begin, so
// commands run in the same order on both sides. Under policies the keys behind Herdgate are looked at now and then, and
// at the end against those of the plain server. Servers are fresh for every Run. Threads: one owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/connection.h"
#include "tests/differential/policy_case.h"
#include "tests/differential/script.h"
#include "tests/differential/servers.h"
#include "tests/differential/split.h"
#include "tests/differential/witness.h"

namespace herdgate::differential {

struct Mismatch {
  std::size_t event = 0;
  uint32_t client = 0;        // who got other bytes; often, not always, the one that sent
  std::size_t reply = 0;      // how many replies of this event that client had got right
  std::string what;           // one line
  std::string direct_bytes;   // from the first difference on
  std::string proxied_bytes;  // the same
};

struct RunnerOptions {
  // How long the second side may lag behind the plain server before its reply counts as missing.
  std::chrono::milliseconds patience{5000};
};

class Runner {
 public:
  Runner(Servers& servers, RunnerOptions options) : servers_(servers), options_(options) {}

  // The first difference, if there is one. A server that can't be run is a difference too.
  std::optional<Mismatch> Run(const Script& script);
  void set_patience(std::chrono::milliseconds patience) { options_.patience = patience; }
  uint64_t reply_bytes() const { return reply_bytes_; }
  bool is_near() const { return policies_ != nullptr && policies_->near; }
  // Of the last run: keys that were answered from the near cache.
  uint64_t near_hits() const { return near_hits_; }

 private:
  using Clock = std::chrono::steady_clock;

  // One client: its connection to the plain server and its connection to the other side.
  struct Client {
    Connection direct;
    Connection proxied;
    std::string matched;     // what was equal since the event began, up to a limit
    bool unordered = false;  // its replies may stand in any order now
  };

  uint64_t NearHits();
  bool Prepare(const Script& script);
  bool Reconnect(Client& client);
  bool Play(const Event& event);
  void Exchange(Client& client, const Event& event);
  bool AwaitPlainServer(const Event& event);
  bool PlainServerIsQuiet(const Event& event, const Witness::State& state, Clock::duration silence);
  bool AwaitOtherSide(Clock::time_point deadline);
  bool AwaitSameBlocked();
  bool AwaitEnd(Client& client);
  bool Scan(const Event& event);
  bool ScanOneSide(Connection& connection, const Command& scan, std::vector<std::string>& keys);
  bool KeysAreRight(bool at_the_end);
  std::string JudgeKeys(bool at_the_end);
  bool CompareAll();
  bool Compare(Client& client);
  bool CompareUnordered(Client& client);
  bool Differs(const Client& client, const std::string& what);
  void Wait(std::chrono::microseconds most, std::initializer_list<const PacedWriter*> writers = {});

  Servers& servers_;
  RunnerOptions options_;
  const PolicyCase* policies_ = nullptr;  // of this run; null: none, or nobody enforces them
  Clock::time_point started_;             // this run
  std::vector<std::unique_ptr<Client>> clients_;
  Witness direct_witness_;
  Witness behind_witness_;
  std::optional<Mismatch> mismatch_;
  std::size_t event_index_ = 0;
  uint64_t reply_bytes_ = 0;
  uint64_t near_hits_ = 0;
  uint64_t sent_ = 0;      // to the plain server, by clients and witness
  uint64_t received_ = 0;  // from it
  uint64_t input_offset_ = 0;
  uint64_t output_offset_ = 0;
  uint64_t blocked_ = 0;  // clients of the plain server that are left blocked
};

}  // namespace herdgate::differential
