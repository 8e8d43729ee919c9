// Dump: a history as text, in time's order, to look for what went wrong in it.
//
// Threads: one owner.
#pragma once

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/flight_histories/history.h"

namespace herdgate::integration::flights {

inline std::string Named(const Event& event) {
  static constexpr std::array<const char*, 6> kActs = {"GET", "SET", "remove", "FLUSHALL", "bump", "close"};
  static constexpr std::array<const char*, 4> kResults = {"ok", "nil", "error", "lost"};
  return std::string(kActs[static_cast<std::size_t>(event.act)]) + " " + event.value +
         (event.act == Act::kGet && !event.alone ? " (pipelined) " : " ") + (event.only_if_absent ? "NX " : "") +
         kResults[static_cast<std::size_t>(event.result)];
}

// What was asked, when it was answered, and Redis' log in between.
inline void Dump(const History& history, const std::string& file) {
  std::vector<std::pair<Micros, std::string>> lines;
  for (const Event& event : history.events) {
    lines.emplace_back(event.invoked, "pod " + std::to_string(event.pod) + " connection " +
                                          std::to_string(event.connection) + " " + event.key + " " + Named(event) +
                                          ", answered +" + std::to_string(event.returned - event.invoked));
  }
  for (const LogLine& line : history.log) {
    std::string text = line.of_script ? "    redis (script)" : "    redis";
    for (const std::string& word : line.words) text += " " + word.substr(0, word.find('\n'));
    lines.emplace_back(line.at, std::move(text));
  }
  for (const Disturbance& each : history.disturbances) {
    const std::string pod = "pod " + std::to_string(each.pod);
    lines.emplace_back(each.from, pod + " is disturbed");
    lines.emplace_back(each.until, pod + " is not disturbed any more");
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::ofstream out(file);
  for (const auto& [at, text] : lines) out << at << " " << text << "\n";
}

}  // namespace herdgate::integration::flights
