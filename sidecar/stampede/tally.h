// Tally: the share of the newest things that were so: counts that are halved when they have grown to twice a window.
//
// Threads: one owner.
#pragma once

#include <cstdint>

namespace herdgate::stampede {

class Tally {
 public:
  static constexpr double kWindow = 100;

  // `so` of `all`. What comes at once counts as no more than half a window: one burst isn't all that there is to know.
  void Add(double so, double all) {
    if (all > kWindow / 2) {
      so *= kWindow / 2 / all;
      all = kWindow / 2;
    }
    so_ += so;
    all_ += all;
    if (all_ < 2 * kWindow) return;
    so_ /= 2;
    all_ /= 2;
  }
  void Clear() { so_ = all_ = 0; }

  double all() const { return all_; }
  // 0 of nothing.
  double share() const { return all_ > 0 ? so_ / all_ : 0; }

 private:
  double so_ = 0;
  double all_ = 0;
};

}  // namespace herdgate::stampede
