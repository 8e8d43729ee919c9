// FlightModel: the flight tables of two pods in a modelled fleet, and the checker of what their callers are told.
//
// One instance is one history of random steps. Sends, executions and replies are steps of their own, on two data lanes
// and one tracked connection a pod, and time passes between them, so every order is some history. The pods keep the
// rules of flight_table.h, unless a Mutation leaves one out.
// Checked (violation() names the first):
//  - I3: a waiter gets only what was read or written after it began to wait, and from a fill nothing that is older than
//    a delete that its pod had sent before.
//  - I6: one leader a key and pod; where nothing fails, one caller in the fleet computes a key.
//  - I7: every waiter is answered once, within max_wait + overtime; nobody waits for the dead, for a value that is
//    there, or for nobody.
//  - I8: a parked GET with bytes behind it is answered at once.
//  - I9: a SET whose key was deleted, or written by another, after its caller was told nil is kept short or shortened.
//  - I10: a SET without a miss is stored in full.
//  - I11: who is not chosen for a refresh keeps the value; where nothing fails, one caller in the fleet is chosen.
//  - I19: a Guard of each pod counts each caller once: leaders and those let go, and those who were spared a recompute
//    are all that found nothing; no leader has waited.
//  - I20: books agree at every step; at the end there is no flight, no caller, and no lease that nobody keeps.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/stampede/flight_table.h"
#include "sidecar/stampede/guard.h"
#include "tests/property/flight_world.h"

namespace herdgate::stampede {

// The rule that the pods break.
enum class FlightMutation {
  kNone,
  kNoTaint,
  kNoCallerGone,
  kNoInvalidated,
  kNoSetDone,
  kNoDue,
  kNoUnpark,
  kNoReleases,    // releases are not sent
  kCallsReorder,  // what goes over the tracked connection overtakes
};

// How often each thing happens, and on what terms.
struct FlightWeather {
  int keys = kModelKeys;
  bool faults = true;      // clients die, forget, send bytes behind; others write
  bool losses = false;     // tracked connections are lost
  bool refreshes = false;  // values are refreshed before they end
  bool waits_while_leading = true;
  std::chrono::milliseconds max_wait{120};
  std::chrono::milliseconds lease_time{100};
};

class FlightModel {
 public:
  FlightModel(FlightMutation mutation, const FlightWeather& weather, std::uint64_t seed);

  // Some steps, then everything comes to rest.
  void Run(int steps);

  const std::string& violation() const { return violation_; }
  std::uint64_t waited() const { return waited_; }  // waiters that were handed a value
  std::uint64_t computed() const { return ends_.computed; }
  std::uint64_t shorts() const { return shorts_; }  // SETs kept short
  const std::vector<std::string>& log() const { return log_; }

 private:
  enum class State { kIdle, kBusy, kParked, kComputing };
  // A connection of the app. One that dies is replaced by a new one.
  struct Session {
    Caller caller;
    int pod = 0;
    State state = State::kIdle;
    int key = 0;
    WaiterId waiter = 0;
    base::SteadyTime parked_at;
    int parked_step = 0;
    int floor = 0;  // of the database when it began to wait: what its pod had deleted
    bool leads = false;
    bool refreshes = false;  // parked, and has a value
    base::SteadyTime nil_at;
    std::uint64_t deletes_at_nil = 0;
    std::uint64_t blinds_at_nil = 0;
    std::optional<int> computed;  // read from the database
    bool overtaken = false;       // Redis said so while it led
    std::array<int, kModelKeys> nils{};
  };
  struct Command {
    enum class Kind { kGet, kSet, kDelete } kind = Kind::kGet;
    std::uint64_t caller = 0;
    int key = 0;
    int version = 0;  // written, or read: 0 is nil
    SetPlan plan;
    bool computed = false;      // a SET after a miss
    std::uint64_t deletes = 0;  // of its pod when it was sent
    std::uint64_t blinds = 0;
    int step = 0;
    base::SteadyTime sent_at{};
    std::chrono::milliseconds left{0};
  };
  struct Lane {
    std::deque<Command> sent;
    std::deque<Command> answered;
  };
  struct Pod {
    FlightTable table;
    std::array<Lane, 2> lanes;
    std::deque<LeaseCall> calls;
    std::array<std::optional<std::uint64_t>, kModelKeys> leader;
    std::array<FlightId, kModelKeys> flight{};        // of the leader
    std::array<std::uint64_t, kModelKeys> deletes{};  // sent
    std::array<std::uint64_t, kModelKeys> blinds{};   // blind writes sent
    std::array<int, kModelKeys> deleted{};            // the database at the last delete that was sent
    std::array<bool, kModelKeys> muffled{};
  };
  // The value that a call brings with it.
  struct Brought {
    int version = 0;
    int step = 0;
    bool fill = false;
    FlightId flight = 0;
  };

  // How look-ups ended, as the apps saw it.
  struct Ends {
    std::uint64_t nothing = 0;    // found nothing, and were answered at last
    std::uint64_t computed = 0;   // told nil
    std::uint64_t synthetic = 0;  // of them, though there was a value
    std::uint64_t waited = 0;     // found nothing and were handed a value
    std::uint64_t timeouts = 0;   // waited as long as they may
  };

  static std::size_t At(int i) { return static_cast<std::size_t>(i); }
  bool Mutated(FlightMutation mutation) const { return mutation_ == mutation; }
  void Require(bool holds, const std::string& what) {
    if (!holds && violation_.empty()) violation_ = what;
  }
  void Log(const std::string& line) { log_.push_back(line); }
  cache::HashedKey Key(int key) const { return pods_[0].table.Hash(kNames[At(key)]); }
  static int NumberOf(const std::string& key) { return key == kNames[0] ? 0 : 1; }
  Session* Find(std::uint64_t caller);
  Lane& LaneOf(const Session& session) { return pods_[At(session.pod)].lanes[session.caller.id % 2]; }

  void Step();
  // Of an app.
  void Act(Session& session);
  void Get(Session& session, int key);
  void Compute(Session& session);
  void Update(Session& session, int key);
  void SendSet(Session& session, int key, int version);
  void SendDelete(Session& session, int key);
  void Die(Session& session);
  void BytesBehind(Session& session);
  // Of Redis and the pods.
  void ExecuteLane(Lane& lane);
  void AnswerLane(int pod, Lane& lane);
  void OnGot(Session& session, const Command& command);
  void OnSet(int pod, const Command& command);
  void ExecuteCall(int pod);
  void ReadStream(int pod);
  void LoseTracking(int pod);
  void ForeignWrite(int key);
  void Overtaken(int pod, const StreamItem& item);
  bool UnderWay(const Pod& pod, int number) const;
  void Pass(std::chrono::milliseconds time);
  void Carry(int pod, Todo& todo) { Carry(pod, todo, Brought()); }
  void Carry(int pod, Todo& todo, const Brought& brought);
  void Deliver(int pod, const Wake& wake, const Brought& brought);
  void TellNil(Session& session, int key, bool leads);
  void CheckTimeout(const Session& session);
  void CheckBooks();
  void CheckAccounts();
  Guard& GuardOf(int pod) { return guards_[At(pod)]; }
  void Rest();
  bool Quiet() const;

  static constexpr std::array<const char*, kModelKeys> kNames = {"a", "b"};
  const FlightMutation mutation_;
  const FlightWeather weather_;
  base::Random random_;
  FlightWorld world_;
  std::array<Pod, kPods> pods_;
  KeyHistory history_{64};
  StampedeEvents events_;
  std::deque<Guard> guards_;  // one a pod
  Ends ends_;
  std::vector<Session> sessions_;
  std::set<std::uint64_t> dead_;
  std::uint64_t last_caller_ = 0;
  bool resting_ = false;
  bool lost_ = false;  // a tracked connection was, so wake-ups may be too
  std::uint64_t waited_ = 0;
  std::uint64_t shorts_ = 0;
  std::string violation_;
  std::vector<std::string> log_;
};

}  // namespace herdgate::stampede

#include "tests/property/flight_model_inl.h"
#include "tests/property/flight_model_pods_inl.h"
