#include "sidecar/app/usage.h"

#include <algorithm>
#include <utility>

namespace herdgate::app {

CommandLine Exit(int code, std::string out, std::string err) {
  CommandLine line;
  line.exit_code = code;
  line.out = std::move(out);
  line.err = std::move(err);
  return line;
}

CommandLine Usage(const std::string& message) {
  return Exit(kExitUsage, "", "herdgate: " + message + "\n");
}

CommandLine NeedsOneValue(const std::string& what) {
  // CLI11 names the option first.
  const std::string name = what.substr(0, what.find_first_of(": "));
  return Usage(name.starts_with("--") ? name + " needs exactly one value" : "a flag needs exactly one value");
}

std::string ProblemLines(const std::vector<config::Problem>& problems, bool positions_alone) {
  std::string out;
  for (const config::Problem& problem : problems) {
    const bool alone = positions_alone && problem.at.line > 0;
    out += (alone ? "" : "herdgate: ") + problem.ToString() + "\n";
  }
  return out;
}

std::string Quotable(const std::string& argument) {
  const std::string text = argument.substr(0, argument.find('='));
  const bool plain =
      text.size() <= 40 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
      });
  return plain ? text : "";
}

}  // namespace herdgate::app
