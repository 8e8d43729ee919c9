// SignalLoop: what main's thread does while the process serves: it waits for signals, and for what else is put on its
// libuv loop.
//
// Signals: BlockSignals before any thread starts, so that they reach main's thread alone; Run lets them in, those that
// came before it too.
// Threads: main's.
#pragma once

#include <functional>
#include <memory>

struct uv_loop_s;

namespace herdgate::app {

// SIGTERM, SIGINT and SIGHUP, in this thread and those that it starts. SIGPIPE is ignored.
void BlockSignals();

class SignalLoop {
 public:
  SignalLoop();
  // What else lives on the loop must be closed before; the loop runs until its handles are.
  ~SignalLoop();
  SignalLoop(const SignalLoop&) = delete;
  SignalLoop& operator=(const SignalLoop&) = delete;

  uv_loop_s* uv();

  // Waits for SIGTERM or SIGINT and returns which; calls `on_hangup` for each SIGHUP.
  int Run(std::function<void()> on_hangup);

 private:
  struct Handles;

  std::unique_ptr<Handles> handles_;
  std::function<void()> on_hangup_;
  int ended_by_ = 0;
};

}  // namespace herdgate::app
