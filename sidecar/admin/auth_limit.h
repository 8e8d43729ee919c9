// AuthLimit: how often one address may give a wrong token: ten times, and then once in two seconds.
//
// An address that has used that up is not looked at, whatever token it brings, so that guesses tell nothing.
// Bounded: 1,024 addresses; one more takes the place of the one that has failed least of late.
// Threads: one owner.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"

namespace herdgate::admin {

class AuthLimit {
 public:
  static constexpr double kBurst = 10;
  static constexpr std::chrono::seconds kOneEvery{2};
  static constexpr std::size_t kMaxAddresses = 1024;

  bool Allows(std::string_view address, base::SteadyTime now);
  void NoteFailure(std::string_view address, base::SteadyTime now);
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failures {
    double count = 0;  // at `at`; one less every kOneEvery
    base::SteadyTime at;
  };
  static double CountOf(const Failures& failures, base::SteadyTime now);
  void MakeRoom(base::SteadyTime now);

  std::map<std::string, Failures, std::less<>> failures_;
};

}  // namespace herdgate::admin
