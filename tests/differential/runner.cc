#include "tests/differential/runner.h"

#include <poll.h>

#include <algorithm>
#include <ctime>

#include "tests/differential/reply_value.h"

namespace herdgate::differential {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How long a client may stay blocked, with nothing coming, before the run takes it for blocked until somebody wakes it.
// Scripts use timeouts far shorter than this.
constexpr milliseconds kBlockedForGood{150};
constexpr milliseconds kPlainServerPatience{20000};
constexpr std::size_t kRemembered = 1U << 20U;
// How many events pass between two looks at the keys.
constexpr std::size_t kEventsPerLook = 40;

std::string Pipeline(const Event& event) {
  std::string bytes;
  for (const Command& command : event.commands) command.AppendTo(bytes);
  return bytes;
}

}  // namespace

std::optional<Mismatch> Runner::Run(const Script& script) {
  mismatch_.reset();
  reply_bytes_ = 0;
  event_index_ = 0;
  started_ = Clock::now();
  policies_ = nullptr;
  servers_.set_configuration("");
  if (std::string error; !script.policies.empty()) {
    policies_ = FindPolicyCase(script.policies, error);
    if (policies_ == nullptr) return Mismatch{0, 0, 0, error, "", ""};
    servers_.set_configuration(policies_->yaml);
    if (!servers_.policies_are_enforced() || !policies_->names_known) policies_ = nullptr;
  }
  if (!Prepare(script)) {
    mismatch_ = Mismatch{0, 0, 0, "can't start: " + servers_.error(), "", ""};
    return mismatch_;
  }
  for (; event_index_ < script.events.size(); ++event_index_) {
    const bool at_the_end = event_index_ + 1 == script.events.size();
    if (!Play(script.events[event_index_])) break;
    if ((at_the_end || event_index_ % kEventsPerLook == 0) && !KeysAreRight(at_the_end)) break;
  }
  near_hits_ = is_near() ? NearHits() : 0;
  const std::string obituary = mismatch_ ? servers_.Obituary() : "";
  if (!obituary.empty()) mismatch_->what += "; " + obituary;
  return mismatch_;
}

uint64_t Runner::NearHits() {
  const double hits = servers_.Metric("herdgate_lookups_total{outcome=\"near_hit\"") +
                      servers_.Metric("herdgate_lookups_total{outcome=\"negative_hit\"");
  return static_cast<uint64_t>(hits);
}

bool Runner::Prepare(const Script& script) {
  clients_.clear();
  direct_witness_.connection().Close();
  behind_witness_.connection().Close();
  if (!servers_.Start()) return false;
  sent_ = received_ = blocked_ = 0;
  if (!direct_witness_.Open(servers_.direct_port()) || !behind_witness_.Open(servers_.behind_port())) return false;
  direct_witness_.connection().CountInto(&sent_, &received_);
  Witness::State state;
  do {  // until the server has noticed that the probes of its start are gone
    if (!direct_witness_.Ask(state)) return false;
  } while (state.clients > 1 || state.output_waits);
  Witness::State settled;
  const uint64_t received = received_;
  if (!direct_witness_.Ask(settled)) return false;
  input_offset_ = settled.input_bytes - sent_;
  output_offset_ = settled.output_bytes - received;
  for (uint32_t i = 0; i < script.clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    if (!Reconnect(*clients_.back())) return false;
  }
  return true;
}

bool Runner::Reconnect(Client& client) {
  client.direct.CountInto(&sent_, &received_);
  return client.direct.Open(servers_.direct_port()) && client.proxied.Open(servers_.proxied_port());
}

bool Runner::Play(const Event& event) {
  for (const auto& client : clients_) client->matched.clear();
  Client& client = *clients_[event.client];
  if (!client.direct.is_open() && !Reconnect(client)) return Differs(client, "can't connect");
  // A blocked client gets its replies in a later event.
  if (event.compare == Event::Compare::kScan) return blocked_ > 0 || Scan(event);
  client.unordered = event.compare == Event::Compare::kUnordered || (client.unordered && blocked_ > 0);
  Exchange(client, event);
  if (!AwaitPlainServer(event) || !AwaitOtherSide(Clock::now() + options_.patience) || !AwaitSameBlocked())
    return false;
  if (event.ends && client.direct.is_open()) return AwaitEnd(client);
  return true;
}

// Sends the pipeline to both sides at once, while all clients read what comes.
void Runner::Exchange(Client& client, const Event& event) {
  const std::string bytes = Pipeline(event);
  const std::vector<Piece> plan = SplitPlan(bytes.size(), event.split_seed);
  PacedWriter direct(client.direct, bytes, plan);
  PacedWriter proxied(client.proxied, bytes, plan);
  const auto deadline = Clock::now() + kPlainServerPatience;
  while (!(direct.done() && proxied.done()) && Clock::now() < deadline) {
    const auto now = Clock::now();
    direct.Step(now);
    proxied.Step(now);
    if (direct.done() && proxied.done()) return;
    if (direct.done() && client.proxied.closed()) return;
    auto due = Clock::time_point::max();
    for (const PacedWriter* writer : {&direct, &proxied}) {
      if (!writer->done() && !writer->blocked()) due = std::min(due, writer->due());
    }
    const auto rest = std::chrono::duration_cast<microseconds>(due - now);
    Wait(std::min<microseconds>(rest, milliseconds(100)), {&direct, &proxied});
  }
}

// Sleeps until a socket has something to read, a blocked writer can go on, or `most` is over; then reads everything.
void Runner::Wait(microseconds most, std::initializer_list<const PacedWriter*> writers) {
  std::vector<pollfd> sockets;
  for (const auto& client : clients_) {
    for (Connection* connection : {&client->direct, &client->proxied}) {
      if (connection->is_open() && !connection->closed()) sockets.push_back({connection->fd(), POLLIN, 0});
    }
  }
  for (const PacedWriter* writer : writers) {
    if (writer->blocked()) sockets.push_back({writer->fd(), POLLOUT, 0});
  }
  const auto nanoseconds = std::chrono::nanoseconds(std::max(most, microseconds(0))).count();
  const timespec limit{nanoseconds / 1000000000, nanoseconds % 1000000000};
  ppoll(sockets.data(), sockets.size(), &limit, nullptr);
  for (const auto& client : clients_) {
    client->direct.Read();
    client->proxied.Read();
  }
}

bool Runner::AwaitPlainServer(const Event& event) {
  const auto start = Clock::now();
  auto progress = start;  // the last time that something came
  for (uint64_t before = received_; Clock::now() - start < kPlainServerPatience;) {
    Wait(microseconds(0));
    const uint64_t received = received_;
    if (received != before) progress = Clock::now();
    const auto silence = Clock::now() - progress;  // before the question: its answer may be late
    Witness::State state;
    if (!direct_witness_.Ask(state)) return Differs(*clients_[event.client], "the plain server is silent");
    before = received_;
    state.output_bytes -= received + output_offset_;
    if (PlainServerIsQuiet(event, state, silence)) return true;
    Wait(microseconds(200));
  }
  return Differs(*clients_[event.client], "the plain server does not come to rest");
}

// REQUIRES: state.output_bytes is what the server has sent and we have not read.
bool Runner::PlainServerIsQuiet(const Event& event, const Witness::State& state, Clock::duration silence) {
  uint64_t open = 1;
  bool lost = false;
  for (const auto& client : clients_) {
    if (client->direct.is_open() && !client->direct.closed()) ++open;
    lost = lost || client->direct.closed();
  }
  if (state.output_waits || state.clients != open) return false;
  if (lost) {  // what a closed connection left unread, on either end, is no longer owed
    input_offset_ = state.input_bytes - sent_;
    output_offset_ += state.output_bytes;
  } else if (state.input_bytes != sent_ + input_offset_ || state.output_bytes != 0) {
    return false;
  }
  if (state.blocked > blocked_ && !event.parks && silence < kBlockedForGood) return false;
  blocked_ = state.blocked;
  return true;
}

// Until each client of the other side has what its twin has.
bool Runner::AwaitOtherSide(Clock::time_point deadline) {
  while (true) {
    if (!CompareAll()) return false;
    const auto late = std::find_if(clients_.begin(), clients_.end(), [](const auto& client) {
      return !client->direct.in().text().empty() || client->direct.in().tail() != client->proxied.in().tail() ||
             client->direct.closed() != client->proxied.closed();
    });
    if (late == clients_.end()) break;
    const Client& client = **late;
    if (client.proxied.closed() && !client.direct.closed()) return Differs(client, "the connection was closed");
    if (Clock::now() > deadline) {
      const bool bytes_differ =
          !client.direct.in().text().empty() || client.direct.in().tail() != client.proxied.in().tail();
      return Differs(client, bytes_differ ? "bytes are missing" : "the connection should be closed");
    }
    Wait(milliseconds(20));
  }
  for (const auto& client : clients_) {
    if (!client->direct.closed()) continue;
    client->direct.Close();
    client->proxied.Close();
  }
  return true;
}

bool Runner::AwaitSameBlocked() {
  const auto deadline = Clock::now() + options_.patience;
  Witness::State state;
  while (behind_witness_.Ask(state)) {
    if (state.blocked == blocked_) return true;
    if (Clock::now() > deadline) break;
    Wait(milliseconds(1));
  }
  return Differs(*clients_[0], "blocked clients: " + std::to_string(blocked_) + " directly, " +
                                   std::to_string(state.blocked) + " on the other side");
}

// Half-closes both connections: what comes until both ends are closed must be equal too.
bool Runner::AwaitEnd(Client& client) {
  client.direct.HalfClose();
  client.proxied.HalfClose();
  const auto deadline = Clock::now() + options_.patience;
  while (!client.direct.closed() && Clock::now() < deadline) Wait(milliseconds(20));
  return AwaitOtherSide(deadline) && AwaitPlainServer(Event{});
}

bool Runner::CompareAll() {
  return std::all_of(clients_.begin(), clients_.end(), [this](const auto& client) { return Compare(*client); });
}

// Two servers that order keys by their hashes: judged when as many bytes are there.
bool Runner::CompareUnordered(Client& client) {
  const std::string_view direct = client.direct.in().text();
  const std::string_view proxied = client.proxied.in().text();
  if (proxied.size() < direct.size()) return true;
  if (proxied.size() > direct.size()) return Differs(client, "more bytes");
  if (Ordered(direct) != Ordered(proxied)) return Differs(client, "other bytes, in whatever order");
  reply_bytes_ += direct.size();
  client.direct.in().Take(direct.size());
  client.proxied.in().Take(proxied.size());
  return true;
}

bool Runner::Compare(Client& client) {
  if (client.unordered) return CompareUnordered(client);
  const std::string_view direct = client.direct.in().text();
  const std::string_view proxied = client.proxied.in().text();
  const auto [end, unused] = std::mismatch(
      direct.begin(), direct.begin() + static_cast<std::ptrdiff_t>(std::min(direct.size(), proxied.size())),
      proxied.begin());
  const auto equal = static_cast<std::size_t>(end - direct.begin());
  const bool ends_early = equal == std::min(direct.size(), proxied.size());
  if (client.matched.size() < kRemembered) client.matched += direct.substr(0, equal);
  reply_bytes_ += equal;
  client.direct.in().Take(equal);
  client.proxied.in().Take(equal);
  if (!ends_early) return Differs(client, "other bytes");
  return proxied.size() <= equal || Differs(client, "more bytes");
}

// Always false, so that a caller can return it.
bool Runner::Differs(const Client& client, const std::string& what) {
  const auto at =
      std::find_if(clients_.begin(), clients_.end(), [&client](const auto& one) { return one.get() == &client; });
  Mismatch mismatch;
  mismatch.event = event_index_;
  mismatch.client = static_cast<uint32_t>(at - clients_.begin());
  mismatch.reply = CountReplies(client.matched);
  mismatch.what = what;
  mismatch.direct_bytes = std::string(client.direct.in().text()) + client.direct.in().tail();
  mismatch.proxied_bytes = std::string(client.proxied.in().text()) + client.proxied.in().tail();
  mismatch_ = mismatch;
  return false;
}

}  // namespace herdgate::differential
