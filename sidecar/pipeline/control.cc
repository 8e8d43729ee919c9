#include "sidecar/pipeline/control.h"

#include <algorithm>
#include <future>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/key_probe.h"
#include "sidecar/pipeline/worker.h"
#include "sidecar/policy/glob.h"

namespace herdgate::pipeline {
namespace {

using base::ErrorCode;
using policy::PolicySet;

// What a loop is asked for, wherever its answer ends: the one who asks may have gone when it comes.
template <typename T>
class Awaited {
 public:
  Awaited() : answer_(promise_->get_future()) {}

  // On the loop, once.
  auto Teller() const {
    return [promise = promise_](T value) { promise->set_value(std::move(value)); };
  }
  base::Result<T> Wait(std::chrono::steady_clock::time_point until) {
    // A loop that has stopped drops its tasks, and with them the promise's last owner but this one.
    if (answer_.wait_until(until) != std::future_status::ready) {
      return base::Status(ErrorCode::kUnavailable, "no answer within a second");
    }
    return answer_.get();
  }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
  std::future<T> answer_;
};

struct LoopSessions {
  std::size_t open = 0;
  std::vector<SessionView> oldest;
};

SessionView ViewOf(const Client& client, int loop) {
  const ClientView view = client.View();
  return {.id = view.id,
          .address = view.address,
          .local_address = view.local_address,
          .name = view.name,
          .user = view.user,
          .library = view.lib_name + (view.lib_version.empty() ? "" : " " + view.lib_version),
          .last_command = view.last_command,
          .loop = loop,
          .protocol = view.proto,
          .db = view.db,
          .age_s = view.age_s,
          .idle_s = view.idle_s,
          .output_bytes = view.output_bytes,
          .is_dedicated = client.pinned()};
}

// Ids grow: the lowest are the oldest.
LoopSessions SessionsOf(const LoopContext& context, std::size_t most) {
  LoopSessions sessions{.open = context.clients.size(), .oldest = {}};
  std::vector<std::uint64_t> ids;
  ids.reserve(context.clients.size());
  for (const auto& [id, client] : context.clients) ids.push_back(id);
  const std::size_t shown = std::min(most, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(shown), ids.end());
  for (std::size_t i = 0; i < shown; ++i) {
    sessions.oldest.push_back(ViewOf(*context.clients.at(ids[i]), context.loop.index()));
  }
  return sessions;
}

}  // namespace

std::string PatternOf(const policy::Policy& policy, std::string_view key) {
  const std::string* best = nullptr;
  std::size_t longest = 0;
  for (const std::string& pattern : policy.match) {
    const std::size_t prefix = policy::LiteralPrefix(pattern).size();
    if (!policy::GlobMatches(pattern, key) || (best != nullptr && prefix <= longest)) continue;
    best = &pattern;
    longest = prefix;
  }
  return best == nullptr ? "" : *best;
}

Control::Control(SharedState& shared, const std::vector<std::unique_ptr<Worker>>& workers)
    : shared_(shared), workers_(workers), probe_(std::make_shared<KeyProbe>(shared.identity)) {}

Control::~Control() = default;

base::Result<SessionsView> Control::Sessions(std::size_t most) const {
  std::vector<Awaited<LoopSessions>> asked(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[i];
    worker.loop().Post([&worker, most, tell = asked[i].Teller()] { tell(SessionsOf(worker.context(), most)); });
  }
  SessionsView view;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (Awaited<LoopSessions>& loop : asked) {
    base::Result<LoopSessions> answer = loop.Wait(until);
    if (!answer.ok()) return answer.status();
    view.per_loop.push_back(answer.value().open);
    std::move(answer.value().oldest.begin(), answer.value().oldest.end(), std::back_inserter(view.oldest));
  }
  std::ranges::sort(view.oldest, {}, &SessionView::id);
  if (view.oldest.size() > most) view.oldest.resize(most);
  return view;
}

base::Result<PoliciesView> Control::Policies() const {
  Awaited<policy::SnapshotPtr> asked;
  Worker& home = *workers_.front();
  home.loop().Post([&home, tell = asked.Teller()] { tell(home.context().policies->snapshot()); });
  const base::Result<policy::SnapshotPtr> answer = asked.Wait(std::chrono::steady_clock::now() + kPatience);
  if (!answer.ok()) return answer.status();
  const policy::SnapshotPtr& snapshot = answer.value();
  if (!snapshot)
    return PoliciesView{.set = std::make_shared<const PolicySet>(std::vector<policy::Policy>{}), .generations = {}};
  return PoliciesView{.set = snapshot->shared_set(), .generations = snapshot->generations()};
}

base::Result<KeyView> Control::Inspect(KeyQuestion question) {
  Awaited<base::Result<KeyView>> asked;
  const std::string key = question.key;
  const auto ask = [this, probe = probe_, question = std::move(question), tell = asked.Teller()] {
    LoopContext& context = workers_.front()->context();
    const policy::SnapshotPtr snapshot = context.policies->snapshot();
    KeyView view;
    view.physical = question.key;
    view.db = question.db.value_or(shared_.default_db);
    if (snapshot) {
      view.set = snapshot->shared_set();
      view.policy = view.set->Match(question.key);
      if (view.policy != PolicySet::kNone && snapshot->IsWaiting(view.policy)) {
        return tell(base::Status(ErrorCode::kUnavailable, "the generation of the key's policy is not known yet"));
      }
      view.physical = snapshot->Physical(question.key);
    }
    const auto done = [tell, view](base::Result<KeyFacts> facts) mutable {
      if (!facts.ok()) return tell(facts.status());
      view.type = std::move(facts.value().type);
      view.pttl_ms = facts.value().pttl_ms;
      view.bytes = facts.value().bytes;
      view.length = facts.value().length;
      view.value = std::move(facts.value().value);
      tell(std::move(view));
    };
    probe->Ask(context.lanes, view.physical, view.db, question.wants_value ? kValueBytes : 0, done);
  };
  if (!probe_) return base::Status(ErrorCode::kUnavailable, "the sidecar ends");
  workers_.front()->loop().Post(ask);
  base::Result<base::Result<KeyView>> answer = asked.Wait(std::chrono::steady_clock::now() + kPatience);
  if (!answer.ok()) return answer.status();
  if (!answer.value().ok()) return answer.value().status();
  KeyView view = std::move(answer.value().value());
  AddLocalFacts(key, view);
  return view;
}

// What the sidecar knows of the key by itself.
void Control::AddLocalFacts(const std::string& key, KeyView& view) const {
  const base::SteadyTime now = base::SystemClock().Now();
  if (view.policy != PolicySet::kNone) view.pattern = PatternOf(view.set->at(view.policy), key);
  if (view.db != shared_.default_db) return;
  const cache::Found near = shared_.near_cache->Lookup(shared_.near_cache->Hash(view.physical), now);
  view.near = near.freshness;
  view.near_age = near.age;
  view.near_fresh_for = near.fresh_for;
  if (near.value) view.near_bytes = near.value.bytes().size();
  const cache::HashedKey logical = shared_.flights->Hash(key);
  view.in_flight = shared_.flights->Knows(logical);
  for (std::size_t loop = 0; loop < workers_.size(); ++loop) {
    view.per_second += shared_.hot->RateOf(loop, logical.hash, now);
  }
}

UpstreamView Control::Upstream() const {
  return {.health = shared_.health.Get(),
          .breaker = shared_.breaker.Get(),
          .connections = shared_.connections.lanes.load(),
          .dedicated = shared_.dedicated_in_use.load(),
          .remembered_deletes = shared_.deletes->GetStats().keys,
          .default_db = shared_.default_db};
}

std::vector<stampede::HotKey> Control::HotKeys(std::size_t n) const {
  return shared_.hot->Top(n, base::SystemClock().Now());
}

std::vector<stampede::StampedeEvent> Control::Stampedes(std::size_t n) const {
  return shared_.guards.events().Newest(n);
}

stampede::StampedeEvents::Totals Control::StampedeTotals() const {
  return shared_.guards.events().totals();
}

FlightsView Control::Flights() const {
  return {.stats = shared_.flights->Stats(), .callers = shared_.flights->callers()};
}

std::vector<cache::HitCurve> Control::Curves() const {
  if (!shared_.curves) return {};
  return shared_.curves->Snapshot(base::SystemClock().Now());
}

void Control::Close() {
  if (!probe_) return;
  const std::shared_ptr<KeyProbe> probe = std::exchange(probe_, nullptr);
  Awaited<bool> asked;
  workers_.front()->loop().Post([probe, tell = asked.Teller()] {
    probe->Close();
    tell(true);
  });
  (void)asked.Wait(std::chrono::steady_clock::now() + kPatience);
}

}  // namespace herdgate::pipeline
