// Options: what one invocation of herdgate-herd does. Read once from the command line.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tests/bench/herd/fleet.h"
#include "tests/bench/herd/herd.h"

namespace herdgate::bench {

struct Options {
  std::string case_name = "S1";
  bool quick = false;
  HerdPlan plan;  // without pods
  std::uint32_t unprotected_expiries = 20;
  std::vector<unsigned> sidecars = {10};  // a run for each
  std::vector<bool> leases = {true};      // and for each of these
  bool protected_run = true;
  bool unprotected_run = true;
  FleetOptions fleet;
  bool check = false;  // a missed goal is a failure
  std::string json;    // files to write; empty: none
  std::string svg;

  bool demo = false;
  Endpoint target;     // of the demo
  double seconds = 0;  // of the demo; 0: for ever
};

// What a run of the program is to do, or to print, or what is wrong with the command line.
struct Usage {
  int exit_code = 0;
  std::string text;
};
std::variant<Options, Usage> ParseOptions(int argc, const char* const* argv);

}  // namespace herdgate::bench
