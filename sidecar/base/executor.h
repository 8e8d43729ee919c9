// Executor: where a task can be sent to run on its owner's thread. A loop is one.
//
// Post may be called from any thread; tasks run in the order they were posted, one at a time, on the executor's thread.
// A task posted to an executor that has stopped is destroyed without running.
#pragma once

#include <functional>

namespace herdgate::base {

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(std::function<void()> task) = 0;
  virtual bool InExecutor() const = 0;
};

}  // namespace herdgate::base
