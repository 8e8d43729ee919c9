#include "sidecar/net/loop.h"

#include <pthread.h>
#include <uv.h>

#include <algorithm>
#include <cassert>
#include <ctime>
#include <mutex>
#include <thread>

namespace herdgate::net {

namespace {

// The first tick comes early: what is to be done once after the start need not wait.
constexpr std::uint64_t kFirstTickMs = 200;
constexpr std::uint64_t kTickMs = 1000;

}  // namespace

struct Loop::Handles {
  uv_async_t wake{};
  uv_prepare_t prepare{};
  uv_check_t check{};
  uv_timer_t second{};
  std::thread thread;
  std::thread::id id;
  clockid_t cpu_clock = 0;  // guarded by mutex; of the thread while it runs
  bool running = false;     // guarded by mutex
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  bool stopping = false;                      // guarded by mutex
};

Loop::Loop(int index)
    : index_(index),
      uv_(std::make_unique<uv_loop_s>()),
      handles_(std::make_unique<Handles>()),
      now_(std::chrono::steady_clock::now()),
      arena_(new char[kArenaBytes]) {
  uv_loop_init(uv_.get());
  uv_->data = this;
  uv_async_init(uv_.get(), &handles_->wake,
                [](uv_async_t* handle) { static_cast<Loop*>(handle->loop->data)->RunPosted(); });
  uv_prepare_init(uv_.get(), &handles_->prepare);
  uv_prepare_start(&handles_->prepare, [](uv_prepare_t* handle) { static_cast<Loop*>(handle->loop->data)->EndTurn(); });
  uv_check_init(uv_.get(), &handles_->check);
  uv_check_start(&handles_->check, [](uv_check_t* handle) { static_cast<Loop*>(handle->loop->data)->EndTurn(); });
  uv_timer_init(uv_.get(), &handles_->second);
  uv_timer_start(
      &handles_->second, [](uv_timer_t* handle) { static_cast<Loop*>(handle->loop->data)->RunEverySecond(); },
      kFirstTickMs, kTickMs);
}

Loop::~Loop() {
  Stop();
  EndTurn();
  for (auto* handle :
       {reinterpret_cast<uv_handle_t*>(&handles_->wake), reinterpret_cast<uv_handle_t*>(&handles_->prepare),
        reinterpret_cast<uv_handle_t*>(&handles_->check), reinterpret_cast<uv_handle_t*>(&handles_->second)}) {
    uv_close(handle, nullptr);
  }
  uv_run(uv_.get(), UV_RUN_DEFAULT);
  uv_loop_close(uv_.get());
}

void Loop::Start() {
  handles_->thread = std::thread([this] { Run(); });
}

void Loop::Run() {
  {
    const std::lock_guard lock(handles_->mutex);
    handles_->id = std::this_thread::get_id();
    handles_->running = pthread_getcpuclockid(pthread_self(), &handles_->cpu_clock) == 0;
  }
  uv_run(uv_.get(), UV_RUN_DEFAULT);
  const std::lock_guard lock(handles_->mutex);
  handles_->running = false;
}

std::chrono::nanoseconds Loop::CpuTime() const {
  const std::lock_guard lock(handles_->mutex);
  timespec used{};
  if (!handles_->running || clock_gettime(handles_->cpu_clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void Loop::Stop() {
  {
    const std::lock_guard lock(handles_->mutex);
    if (handles_->stopping) return;
    handles_->stopping = true;
  }
  if (!handles_->thread.joinable()) return;
  uv_async_send(&handles_->wake);
  handles_->thread.join();
}

void Loop::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(handles_->mutex);
    if (handles_->stopping) return;
    handles_->posted.push_back(std::move(task));
    if (handles_->posted.size() > 1) return;
  }
  uv_async_send(&handles_->wake);
}

bool Loop::InExecutor() const {
  const std::lock_guard lock(handles_->mutex);
  return handles_->id == std::this_thread::get_id();
}

void Loop::RunPosted() {
  RefreshNow();
  std::vector<std::function<void()>> tasks;
  bool stopping = false;
  {
    const std::lock_guard lock(handles_->mutex);
    tasks.swap(handles_->posted);
    stopping = handles_->stopping;
  }
  for (auto& task : tasks) task();
  if (stopping) {
    EndTurn();
    uv_stop(uv_.get());
  }
}

void Loop::RefreshNow() {
  now_ = std::chrono::steady_clock::now();
}

void Loop::Touch(Flushable& target) {
  if (target.touched_) return;
  target.touched_ = true;
  touched_.push_back(&target);
}

void Loop::Untouch(Flushable& target) {
  if (!target.touched_) return;
  target.touched_ = false;
  std::replace(touched_.begin(), touched_.end(), &target, static_cast<Flushable*>(nullptr));
}

void Loop::DestroyLater(std::shared_ptr<void> object) {
  doomed_.push_back(std::move(object));
}

void Loop::EverySecond(std::function<void()> task) {
  every_second_.push_back(std::move(task));
}

void Loop::RunEverySecond() {
  RefreshNow();
  for (std::size_t i = 0; i < every_second_.size(); ++i) every_second_[i]();  // a task may add another
}

void Loop::EndTurn() {
  do {
    FlushTouched();
    std::vector<std::shared_ptr<void>> doomed;
    doomed.swap(doomed_);
  } while (!touched_.empty() || !doomed_.empty());
}

void Loop::FlushTouched() {
  // A flush may touch others (a session that resumes sends to its lane): go on until none is left.
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    Flushable* target = touched_[i];
    if (target == nullptr) continue;
    target->touched_ = false;
    target->OnFlush();
  }
  touched_.clear();
  arena_used_ = 0;
}

std::span<char> Loop::ReadSpace() {
  // Objects on the call stack may be doomed already: flush what is written, destroy only at the turn's end.
  if (kArenaBytes - arena_used_ < kMinRead) FlushTouched();
  return {arena_.get() + arena_used_, std::min(kMaxRead, kArenaBytes - arena_used_)};
}

std::size_t Loop::BeginRead(std::size_t size) {
  const std::size_t mark = arena_used_;
  arena_used_ += size;
  borrows_before_read_ = borrows_;
  return mark;
}

void Loop::EndRead(std::size_t mark) {
  if (borrows_ == borrows_before_read_) arena_used_ = mark;
}

}  // namespace herdgate::net
