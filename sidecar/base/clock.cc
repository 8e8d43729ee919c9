#include "sidecar/base/clock.h"

namespace herdgate::base {
namespace {

class MachineClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallTime Wall() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock machine_clock;
  return machine_clock;
}

}  // namespace herdgate::base
