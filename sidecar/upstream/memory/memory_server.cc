#include "sidecar/upstream/memory/memory_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <unordered_set>
#include <utility>

#include "sidecar/metrics/cell.h"
#include "sidecar/net/loop.h"
#include "sidecar/net/session_set.h"
#include "sidecar/net/timer.h"
#include "sidecar/upstream/memory/command_table.h"
#include "sidecar/upstream/memory/store.h"

namespace herdgate::upstream {
namespace {

using memory::Client;
using memory::Store;

// While there are volatile keys a part of them is looked at in each tick, so that a dead one is gone within 13 seconds;
// while many are dead, more often.
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kBusyTick{5};
// A request is held whole up to the bound of the store and a little more for its other arguments.
constexpr std::size_t kRequestSlack = 64UL * 1024;
// Beyond this much unsent output a client's next requests wait, so that a pipeline of large GETs takes no more.
constexpr std::size_t kHighBacklog = 16UL * 1024 * 1024;
constexpr std::size_t kLowBacklog = 4UL * 1024 * 1024;
constexpr std::size_t kKeptReplyBytes = 256UL * 1024;

// A descriptor on its way to the loop: closed if it never arrives.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int Take() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

net::SessionOptions SessionOptionsFor(const MemoryOptions& options) {
  net::SessionOptions session;
  session.max_held_request = options.max_bytes + kRequestSlack;
  session.max_output = memory::StoreOptions().max_reply_bytes + 2 * kHighBacklog;
  return session;
}

memory::StoreOptions StoreOptionsFor(const MemoryOptions& options) {
  std::uint64_t seed = options.seed;
  if (seed == 0) {
    std::random_device device;
    seed = (std::uint64_t{device()} << 32U) | device();
  }
  return {.max_bytes = options.max_bytes, .seed = seed};
}

}  // namespace

class MemoryServer::Core final : public net::RequestHandler {
 public:
  Core(const MemoryOptions& options, const base::Clock& clock);
  ~Core() override { Stop(); }

  void Start();
  void Stop();
  void Adopt(int fd, std::string peer);
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  MemoryStats Stats() const;

  void OnOpen(net::Session& session) override;
  net::Verdict OnRequest(net::Session& session, const resp::Request& request) override;
  net::Verdict OnLarge(net::Session& session, const net::LargeRequest& head) override;
  void OnStream(net::Session& session, std::string_view bytes, bool last) override;
  void OnHalfClose(net::Session& /*session*/) override {}
  void OnBacklog(net::Session& session, std::size_t bytes) override;
  void OnClosed(net::Session& session) override;

 private:
  struct Cells {
    metrics::Gauge keys;
    metrics::Gauge bytes;
    metrics::Gauge connections;
    metrics::Counter evictions;
    metrics::Counter expired;
    metrics::Counter hits;
    metrics::Counter misses;
    metrics::Counter commands;
  };

  static Client& ClientOf(net::Session& session) { return *static_cast<Client*>(session.attachment()); }
  void Reply(net::Session& session);
  void EverySecond();
  void Tick();
  void ResumeWaiting();
  void Publish();
  static void Raise(metrics::Counter& counter, std::uint64_t to);

  const MemoryOptions options_;
  net::Loop loop_;
  Store store_;
  net::NetMetrics net_metrics_;
  std::unique_ptr<net::SessionSet> sessions_;
  std::unique_ptr<net::Timer> timer_;
  std::unordered_set<net::Session*> waiting_;  // for their output to drain
  std::string reply_;                          // kept for its capacity
  Cells cells_;
  std::atomic<bool> started_{false};
  std::atomic<bool> stopped_{false};
};

MemoryServer::Core::Core(const MemoryOptions& options, const base::Clock& clock)
    : options_(options), loop_(0), store_(StoreOptionsFor(options), clock) {
  // Posted before any connection can be.
  loop_.Post([this] {
    sessions_ = std::make_unique<net::SessionSet>(loop_, *this, SessionOptionsFor(options_), net_metrics_);
    sessions_->limits().max_bulk_bytes = memory::kMaxStringBytes;
    timer_ = std::make_unique<net::Timer>(loop_);
    loop_.EverySecond([this] {
      if (timer_) EverySecond();
    });
  });
}

void MemoryServer::Core::Start() {
  loop_.Start();
  started_.store(true);
}

void MemoryServer::Core::Stop() {
  if (stopped_.exchange(true) || !started_.load()) return;
  loop_.Post([this] {
    timer_.reset();
    sessions_.reset();
  });
  loop_.Stop();
}

void MemoryServer::Core::Adopt(int fd, std::string peer) {
  auto descriptor = std::make_shared<Descriptor>(fd);
  loop_.Post([this, descriptor, peer = std::move(peer)] {
    if (!sessions_) return;
    sessions_->Add(descriptor->Take(), {.address = peer, .local_address = "memory://", .is_unix = true});
  });
}

void MemoryServer::Core::OnOpen(net::Session& session) {
  auto client = std::make_unique<Client>();
  client->address = session.peer().address;
  client->local_address = session.peer().local_address;
  client->fd = session.fd();
  client->send = [&session](std::string_view bytes) {
    session.replies().Local(bytes);
    session.TouchReplies();
  };
  client->unsent = [&session] { return session.replies().out().size(); };
  client->kill = [&session] { session.Kill(net::CloseReason::kOutputLimit); };
  store_.Open(*client);
  session.set_attachment(client.release());
  cells_.connections.Add(1);
}

void MemoryServer::Core::OnClosed(net::Session& session) {
  const std::unique_ptr<Client> client(&ClientOf(session));
  session.set_attachment(nullptr);
  store_.Close(*client);
  waiting_.erase(&session);
  cells_.connections.Sub(1);
}

net::Verdict MemoryServer::Core::OnRequest(net::Session& session, const resp::Request& request) {
  if (session.replies().out().size() > kHighBacklog) {
    // OnBacklog says when to go on, but not if this turn's flush happens to write it all: so look again behind it.
    waiting_.insert(&session);
    loop_.Post([this] { ResumeWaiting(); });
    return net::Verdict::kWait;
  }
  store_.Execute(ClientOf(session), request.args, reply_);
  if (!session.closed()) Reply(session);
  return net::Verdict::kDone;
}

void MemoryServer::Core::Reply(net::Session& session) {
  if (!reply_.empty()) session.replies().Local(reply_);
  reply_.clear();
  if (reply_.capacity() > kKeptReplyBytes) reply_ = std::string();
  session.TouchReplies();
  if (ClientOf(session).closing) session.Drain(net::CloseReason::kQuit);
}

net::Verdict MemoryServer::Core::OnLarge(net::Session& /*session*/, const net::LargeRequest& /*head*/) {
  return net::Verdict::kDone;
}

void MemoryServer::Core::OnStream(net::Session& session, std::string_view /*bytes*/, bool last) {
  if (!last) return;
  store_.RefuseLarge(ClientOf(session), reply_);
  Reply(session);
}

void MemoryServer::Core::OnBacklog(net::Session& session, std::size_t bytes) {
  if (bytes <= kLowBacklog && waiting_.erase(&session) != 0) session.Resume();
}

void MemoryServer::Core::ResumeWaiting() {
  const auto waiting = waiting_;
  for (net::Session* session : waiting) OnBacklog(*session, session->replies().out().size());
}

// An idle store without volatile keys wakes once a second, no more.
void MemoryServer::Core::EverySecond() {
  if (!timer_->armed()) Tick();
  ResumeWaiting();
  Publish();
}

void MemoryServer::Core::Tick() {
  if (!store_.keys().HasVolatile() && !store_.keys().migrating()) return;
  timer_->After(store_.Tick() ? kBusyTick : kTick, [this] { Tick(); });
}

void MemoryServer::Core::Raise(metrics::Counter& counter, std::uint64_t to) {
  const std::uint64_t now = counter.value();
  if (to > now) counter.Add(to - now);
}

void MemoryServer::Core::Publish() {
  const memory::Keyspace& keys = store_.keys();
  cells_.keys.Set(static_cast<std::int64_t>(keys.total_size()));
  cells_.bytes.Set(static_cast<std::int64_t>(keys.bytes()));
  const memory::KeyspaceCounters& totals = store_.keys().counters();
  Raise(cells_.evictions, totals.evicted);
  Raise(cells_.expired, totals.expired);
  Raise(cells_.hits, totals.hits);
  Raise(cells_.misses, totals.misses);
  Raise(cells_.commands, store_.counters().commands);
}

MemoryStats MemoryServer::Core::Stats() const {
  return {.keys = static_cast<std::uint64_t>(cells_.keys.value()),
          .bytes = static_cast<std::uint64_t>(cells_.bytes.value()),
          .max_bytes = options_.max_bytes,
          .connections = static_cast<std::uint64_t>(cells_.connections.value()),
          .evictions = cells_.evictions.value(),
          .expired = cells_.expired.value(),
          .hits = cells_.hits.value(),
          .misses = cells_.misses.value(),
          .commands = cells_.commands.value()};
}

MemoryServer::MemoryServer(MemoryOptions options, const base::Clock& clock)
    : core_(std::make_unique<Core>(options, clock)) {}
MemoryServer::~MemoryServer() = default;
void MemoryServer::Start() {
  core_->Start();
}
void MemoryServer::Stop() {
  core_->Stop();
}
void MemoryServer::Adopt(int fd, std::string peer) {
  core_->Adopt(fd, std::move(peer));
}
bool MemoryServer::Has(std::string_view command) {
  return memory::CommandTable::Get().Find(command) != nullptr;
}

MemoryStats MemoryServer::Stats() const {
  return core_->Stats();
}

base::Result<int> MemoryServer::Connect() {
  if (core_->stopped()) return base::Status(base::ErrorCode::kUnavailable, "the embedded store has stopped");
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::Status(base::ErrorCode::kIo,
                        std::string("cannot connect to the embedded store: ") + std::strerror(errno));
  }
  core_->Adopt(ends[1], "memory://");
  return ends[0];
}

}  // namespace herdgate::upstream
