#include "tests/bench/load/worker.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tests/bench/load/dial.h"

namespace herdgate::bench {
namespace {

constexpr size_t kReadBytes = size_t{256} * 1024;
constexpr size_t kMaxEvents = 512;
constexpr uint64_t kTick = 100'000'000;          // the longest sleep, in nanoseconds: how late the end is noticed
constexpr uint64_t kDrainLimit = 2'000'000'000;  // how long outstanding replies are waited for after the window
constexpr uint64_t kStallLimit = 10'000'000'000;

// The keys that this worker preloads: the key space is cut into equal ranges.
uint32_t RangeStart(const LoadOptions& options, unsigned index) {
  return static_cast<uint32_t>(uint64_t{options.key_space} * index / options.threads);
}

}  // namespace

Worker::Worker(const LoadOptions& options, RunControl& control, unsigned index)
    : options_(options),
      control_(control),
      index_(index),
      source_(options, options.seed * 1000 + index, RangeStart(options, index), RangeStart(options, index + 1)),
      read_buffer_(kReadBytes) {}

Worker::~Worker() {
  for (const auto& connection : connections_) close(connection->fd);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

void Worker::Run() {
  const bool connected = ConnectAll();
  control_.connected.count_down();
  control_.start.wait();
  if (!connected || control_.failed) return;
  Loop();
  result_.unanswered = outstanding_;
  if (options_.linger_seconds > 0 && result_.failure.empty()) {
    const auto wait = static_cast<uint64_t>(options_.linger_seconds * 1e9);
    const timespec time{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
    nanosleep(&time, nullptr);
  }
}

bool Worker::ConnectAll() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  const unsigned share = options_.connections / options_.threads + (index_ < options_.connections % options_.threads);
  for (unsigned i = 0; i < share; ++i) {
    DialResult dialled = Dial(options_);
    if (dialled.fd < 0) {
      Fail(std::move(dialled.error));
      return false;
    }
    connections_.push_back(std::make_unique<Connection>());
    Connection& connection = *connections_.back();
    connection.fd = dialled.fd;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, connection.fd, &event);
  }
  return true;
}

void Worker::Loop() {
  last_reply_ = NowNanoseconds();
  if (open_loop()) {
    interval_ = 1e9 * options_.threads / options_.rate;
    due_ = static_cast<double>(last_reply_) + interval_ * index_ / options_.threads;
  } else {
    for (const auto& connection : connections_) StartBatch(*connection);
  }
  for (;;) {
    const uint64_t now = NowNanoseconds();
    SampleCpu(now);
    if (options_.mode != Mode::kPreload && now >= control_.measure_end) sending_ = false;
    if (Done(now)) return;
    if (outstanding_ > 0 && now > last_reply_ + kStallLimit) Fail("no reply for 10 s");
    if (sending_ && open_loop()) SendDue(now);
    Wait(now);
  }
}

bool Worker::Done(uint64_t now) const {
  if (control_.failed) return true;
  if (options_.mode == Mode::kPreload) return outstanding_ == 0;
  return !sending_ && (outstanding_ == 0 || now > control_.measure_end + kDrainLimit);
}

void Worker::SendDue(uint64_t now) {
  while (due_ <= static_cast<double>(now)) {
    Connection& connection = *connections_[next_connection_++ % connections_.size()];
    Command command{};
    source_.Append(connection.queue, command);
    connection.pending.push_back({static_cast<uint64_t>(due_), command});
    ++outstanding_;
    due_ += interval_;
    if (!connection.wants_write) Flush(connection);
  }
}

void Worker::StartBatch(Connection& connection) {
  Command command{};
  for (unsigned i = 0; i < options_.pipeline && source_.Append(connection.queue, command); ++i) {
    connection.pending.push_back({0, command});
  }
  outstanding_ += connection.pending.size();
  const uint64_t now = NowNanoseconds();
  for (Pending& pending : connection.pending) pending.since = now;
  Flush(connection);
}

void Worker::Wait(uint64_t now) {
  uint64_t sleep = kTick;
  if (sending_ && open_loop()) {
    now = NowNanoseconds();
    const auto due = static_cast<uint64_t>(due_);
    sleep = due > now ? std::min(due - now, kTick) : 0;
  } else if (sending_ && control_.measure_end > now) {
    sleep = std::min(control_.measure_end - now, kTick);
  }
  const timespec timeout{0, static_cast<long>(sleep)};
  std::array<epoll_event, kMaxEvents> events;
  const int ready = epoll_pwait2(epoll_fd_, events.data(), kMaxEvents, &timeout, nullptr);
  for (int i = 0; i < ready && !control_.failed; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    OnEvent(*static_cast<Connection*>(event.data.ptr), event.events);
  }
}

void Worker::OnEvent(Connection& connection, uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush(connection);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) OnReadable(connection);
}

void Worker::OnReadable(Connection& connection) {
  const ssize_t got = recv(connection.fd, read_buffer_.data(), read_buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) return Fail(std::string("read: ") + std::strerror(errno));
  if (got == 0) return Fail("the server closed a connection");
  if (!TakeReplies(connection, read_buffer_.data(), read_buffer_.data() + got)) return Fail("malformed reply");
  if (sending_ && !open_loop() && connection.pending.empty()) StartBatch(connection);
}

bool Worker::TakeReplies(Connection& connection, const char* data, const char* end) {
  const uint64_t now = NowNanoseconds();
  while (data < end) {
    const ReplyScanner::Outcome outcome = connection.scanner.Feed(&data, end);
    if (outcome == ReplyScanner::Outcome::kNeedMore) break;
    // A reply that nobody asked for means that the stream and the requests no longer fit together.
    if (outcome == ReplyScanner::Outcome::kMalformed || connection.pending.empty()) return false;
    Count(connection, now);
  }
  return true;
}

void Worker::Count(Connection& connection, uint64_t now) {
  const Pending request = connection.pending.front();
  connection.pending.pop_front();
  --outstanding_;
  last_reply_ = now;
  ++result_.total_ops;
  const ReplyScanner::Reply& reply = connection.scanner.reply();
  if (request.command != Command::kSet) result_.misses += reply.nils;
  const Verdict verdict = source_.Judge(request.command, reply);
  if (verdict != Verdict::kGood) {
    ++result_.errors;
    if (result_.first_error.empty()) {
      result_.first_error =
          verdict == Verdict::kError ? connection.scanner.error_text() : "reply of a wrong type or length";
    }
  }
  const bool measured =
      options_.mode == Mode::kPreload || (now >= control_.measure_start && now < control_.measure_end);
  if (!measured) return;
  ++result_.ops;
  result_.latency.Record(now > request.since ? now - request.since : 0);
}

void Worker::Flush(Connection& connection) {
  const SendQueue::Outcome outcome = connection.queue.Flush(connection.fd);
  if (outcome == SendQueue::Outcome::kFailed) return Fail(std::string("write: ") + std::strerror(errno));
  const bool wants_write = outcome == SendQueue::Outcome::kBlocked;
  if (wants_write == connection.wants_write) return;
  connection.wants_write = wants_write;
  epoll_event event{};
  event.events = wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Worker::SampleCpu(uint64_t now) {
  if (cpu_sampled_ || now < control_.measure_start) return;
  const uint64_t cpu = ReadClock(CLOCK_THREAD_CPUTIME_ID);
  if (cpu_at_start_ == 0) {
    cpu_at_start_ = cpu;
  } else if (now >= control_.measure_end) {
    cpu_sampled_ = true;
    const double window = static_cast<double>(control_.measure_end - control_.measure_start);
    result_.busy = static_cast<double>(cpu - cpu_at_start_) / window;
  }
}

void Worker::Fail(std::string why) {
  if (result_.failure.empty()) result_.failure = std::move(why);
  control_.failed = true;
}

}  // namespace herdgate::bench
