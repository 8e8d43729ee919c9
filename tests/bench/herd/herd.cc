#include "tests/bench/herd/herd.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

namespace herdgate::bench {
namespace {

std::uint64_t Nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

ArrivalOptions WithPods(ArrivalOptions options, std::size_t pods) {
  options.pods = static_cast<std::uint32_t>(pods);
  return options;
}

}  // namespace

Herd::Herd(HerdPlan plan)
    : plan_(std::move(plan)),
      arrivals_(WithPods(plan_.arrivals, plan_.pods.size())),
      links_(plan_.pods, plan_.order,
             {[this](Link& link, const RespReply& reply) { OnReply(link, reply); },
              [this](Link& link, std::string_view why) { OnLost(link, why); }}),
      queues_(plan_.pods.size()),
      under_way_(plan_.pods.size()),
      start_(Nanoseconds()) {
  // The last one is for what is not hot, and has no limit.
  for (std::uint32_t i = 0; i < (plan_.own_origins ? plan_.arrivals.keys : 1); ++i) origins_.emplace_back(plan_.slots);
  origins_.emplace_back(0);
  for (std::uint32_t key = 0; key < plan_.arrivals.keys; ++key) AddKey(true, key, 0);
  first_other_ = static_cast<std::uint32_t>(keys_.size());
  for (std::uint32_t key = 0; key < plan_.arrivals.other_keys; ++key) AddKey(false, key, 0);
}

double Herd::Now() const {
  return static_cast<double>(Nanoseconds() - start_) / 1e9;
}

HerdResult Herd::Run() {
  arriving_ = false;
  Preload();
  arriving_ = true;
  offset_ = Now();
  next_second_ = offset_ + 1;
  if (plan_.cold_every > 0) measured_from_ = offset_ + plan_.warmup * plan_.cold_every;
  if (plan_.warmup == 0) measured_from_ = offset_;
  while (!Finished()) Turn();
  const double end = Now();
  arriving_ = false;
  while (Reading() && Now() < end + plan_.timeout && !Stopped()) Turn();
  result_.seconds = end - measured_from_;
  FinishJobs();
  Collect();
  return std::move(result_);
}

bool Herd::Finished() {
  if (Stopped()) return true;
  const double now = Now();
  if (now >= next_second_ && plan_.each_second) {
    next_second_ += 1;
    const bool go_on = plan_.each_second(now - offset_);
    second_ = {};
    if (!go_on) return true;
  }
  if (plan_.max_seconds > 0 && now - offset_ >= plan_.max_seconds) return true;
  return plan_.expiries > 0 && counted_epochs_ >= plan_.expiries;
}

bool Herd::Reading() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.state == State::kReading; });
}

double Herd::NextEvent() const {
  double next = next_second_;
  if (arriving_) next = std::min(next, offset_ + arrivals_.next().due);
  for (const ProcessorSharing& origin : origins_) next = std::min(next, origin.NextEnd().value_or(kNever));
  if (!timeouts_.empty()) next = std::min(next, timeouts_.front().at);
  if (!kills_.empty()) next = std::min(next, kills_.front().at);
  return next;
}

void Herd::Turn() {
  const double now = Now();
  FireDeadlines(now);
  EndJobs(now);
  for (; arriving_ && offset_ + arrivals_.next().due <= now; arrivals_.Advance()) Arrive(arrivals_.next(), now);
  links_.Wait(NextEvent() - Now());
}

void Herd::EndJobs(double now) {
  for (ProcessorSharing& origin : origins_) {
    for (const ProcessorSharing::Ended& ended : origin.TakeEnded(now)) {
      if (requests_[ended.id].dead) {
        Free(ended.id);
      } else {
        SendSet(ended.id, keys_[requests_[ended.id].key].ttl);
      }
    }
  }
}

void Herd::FireDeadlines(double now) {
  for (; !kills_.empty() && kills_.front().at <= now; kills_.pop_front()) {
    const Deadline& kill = kills_.front();
    const Request& request = requests_[kill.request];
    if (request.serial == kill.stamp && request.state == State::kComputing) Kill(kill.request);
  }
  for (; !timeouts_.empty() && timeouts_.front().at <= now; timeouts_.pop_front()) {
    const Deadline& timeout = timeouts_.front();
    Request& request = requests_[timeout.request];
    if (request.command != timeout.stamp || request.link == nullptr || !request.link->busy) continue;
    ++result_.timeouts;
    links_.Close(*std::exchange(request.link, nullptr));
    OnUnanswered(timeout.request);
  }
}

void Herd::Arrive(const Arrival& arrival, double now) {
  std::uint64_t id = requests_.size();
  if (free_.empty()) {
    requests_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Request& request = requests_[id];
  request = {};
  request.serial = ++serial_;
  request.key = KeyOf(arrival);
  request.pod = arrival.pod;
  request.due = offset_ + arrival.due;
  result_.lateness = std::max(result_.lateness, now - request.due);
  request.state = State::kQueued;
  const std::uint32_t share = (plan_.clients + arrival.pod) / static_cast<std::uint32_t>(plan_.pods.size());
  if (plan_.clients > 0 && under_way_[request.pod] >= std::max(1U, share)) {
    queues_[request.pod].push_back(id);
  } else {
    Begin(id);
  }
}

void Herd::Begin(std::uint64_t id) {
  ++under_way_[requests_[id].pod];
  SendGet(id);
}

// Takes a link unless the request has one. False: there is none to have.
bool Herd::HasLink(std::uint64_t id) {
  Request& request = requests_[id];
  if (request.link == nullptr) request.link = links_.Take(request.pod);
  if (request.link != nullptr) request.link->owner = id;
  return request.link != nullptr;
}

void Herd::GiveLink(Request& request) {
  if (request.link != nullptr) links_.Give(*std::exchange(request.link, nullptr));
}

void Herd::Send(std::uint64_t id, std::string command) {
  Request& request = requests_[id];
  request.command = ++serial_;
  timeouts_.push_back({request.sent + plan_.timeout, id, request.command});
  links_.Send(*request.link, std::move(command));
}

void Herd::SendGet(std::uint64_t id) {
  Request& request = requests_[id];
  const Key& key = keys_[request.key];
  request.state = State::kReading;
  request.sent = Now();
  request.mark = key.book.read_mark();
  if (HasLink(id)) return Send(id, RespCommand({"GET", key.name}));
  Fail("no socket");
  Compute(id);
}

void Herd::Compute(std::uint64_t id) {
  Request& request = requests_[id];
  Key& key = keys_[request.key];
  const double now = Now();
  if (!plan_.pinned) GiveLink(request);
  request.state = State::kComputing;
  ++result_.jobs;
  if (key.hot) ++second_.jobs;
  const bool opened = key.book.OnMiss(request.due, request.sent);
  if (opened && plan_.kill_leader && key.hot) kills_.push_back({now + key.cost / 2, id, request.serial});
  origins_[key.origin].Start(now, id, key.cost);
}

void Herd::SendSet(std::uint64_t id, double ttl) {
  Request& request = requests_[id];
  Key& key = keys_[request.key];
  request.state = State::kWriting;
  request.sent = Now();
  if (!HasLink(id)) {
    Fail("no socket");
    return Done(id, request.sent);
  }
  request.version = key.book.BeginWrite(request.sent, ttl);
  const std::string value = ValueOf(request.key, request.version);
  const bool whole = ttl == std::floor(ttl);
  const std::string time = std::to_string(std::llround(whole ? ttl : ttl * 1000));
  const char* const unit = whole ? "EX" : "PX";
  Send(id, plan_.set_nx ? RespCommand({"SET", key.name, value, unit, time, "NX"})
                        : RespCommand({"SET", key.name, value, unit, time}));
}

void Herd::OnReply(Link& link, const RespReply& reply) {
  const std::uint64_t id = link.owner;
  if (requests_[id].state == State::kReading) return OnRead(id, reply);
  if (requests_[id].state == State::kWriting) return OnWritten(id, reply);
}

void Herd::OnLost(Link& link, std::string_view why) {
  const std::uint64_t id = link.owner;
  requests_[id].link = nullptr;
  if (!link.busy) return;
  Fail(why);
  OnUnanswered(id);
}

void Herd::OnUnanswered(std::uint64_t id) {
  if (requests_[id].state == State::kReading) return Compute(id);
  Done(id, Now());
}

void Herd::OnRead(std::uint64_t id, const RespReply& reply) {
  Request& request = requests_[id];
  if (reply.kind == RespReply::Kind::kError) Fail(reply.text);
  if (reply.kind != RespReply::Kind::kValue) return Compute(id);
  Judge(request, reply.text);
  Done(id, Now());
}

void Herd::OnWritten(std::uint64_t id, const RespReply& reply) {
  const Request& request = requests_[id];
  const double now = Now();
  Key& key = keys_[request.key];
  if (reply.kind == RespReply::Kind::kError) {
    Fail(reply.text);
  } else {
    key.book.EndWrite(request.version, now, reply.kind == RespReply::Kind::kValue);
    CountEpochs(key);
  }
  Done(id, now);
}

void Herd::Kill(std::uint64_t id) {
  Request& request = requests_[id];
  if (request.link != nullptr) links_.Close(*std::exchange(request.link, nullptr));
  request.dead = true;
  ++result_.killed;
}

void Herd::Done(std::uint64_t id, double at) {
  const Request& request = requests_[id];
  const Key& key = keys_[request.key];
  if (request.due >= offset_ && arriving_) {
    ++second_.requests;
    second_.worst = std::max(second_.worst, at - request.due);
  }
  if (request.due >= measured_from_) {
    result_.latency.Add(at - request.due);
    if (key.hot && key.book.InLastEpoch(request.due)) result_.in_epoch.Add(at - request.due);
  }
  Free(id);
}

void Herd::Free(std::uint64_t id) {
  Request& request = requests_[id];
  GiveLink(request);
  const std::uint32_t pod = request.pod;
  request.state = State::kFree;
  request.serial = request.command = 0;
  free_.push_back(id);
  --under_way_[pod];
  if (queues_[pod].empty()) return;
  const std::uint64_t next = queues_[pod].front();
  queues_[pod].pop_front();
  Begin(next);
}

void Herd::Fail(std::string_view why) {
  ++result_.errors;
  ++second_.errors;
  if (result_.first_error.empty()) result_.first_error = why;
}

}  // namespace herdgate::bench
