#include "tests/differential/report.h"

#include <algorithm>

namespace herdgate::differential {
namespace {

constexpr std::size_t kShownBytes = 400;
constexpr std::size_t kShownBefore = 12;
constexpr std::size_t kShownEvents = 6;

std::string Shown(const std::string& bytes) {
  if (bytes.empty()) return "(nothing)";
  const std::string text = "\"" + Escape(bytes.substr(0, kShownBytes)) + "\"";
  return bytes.size() <= kShownBytes ? text : text + "... (" + std::to_string(bytes.size()) + " bytes)";
}

void AppendEvent(std::string& out, const Script& script, std::size_t index, std::size_t from, std::size_t to) {
  const Event& event = script.events[index];
  out += "  event " + std::to_string(index) + ", client " + std::to_string(event.client) + ", split " +
         std::to_string(event.split_seed) + (event.parks ? ", left blocked" : "") +
         (event.ends ? ", then half-closed" : "") +
         (event.compare == Event::Compare::kScan        ? ", followed to its end"
          : event.compare == Event::Compare::kUnordered ? ", in any order"
                                                        : "") +
         "\n";
  for (std::size_t i = from; i < std::min(to, event.commands.size()); ++i) {
    out += "    " + std::to_string(i) + ": " + Describe(event.commands[i]) + "\n";
  }
}

}  // namespace

std::string Report(const Script& script, const Mismatch& mismatch) {
  std::string out = "mode " + script.mode + (script.policies.empty() ? "" : ", policies " + script.policies) +
                    ", seed " + std::to_string(script.seed) + ", event " + std::to_string(mismatch.event) +
                    ", client " + std::to_string(mismatch.client) + ", after " + std::to_string(mismatch.reply) +
                    " equal replies: " + mismatch.what + "\n";
  out += "  directly:      " + Shown(mismatch.direct_bytes) + "\n";
  out += "  the other side: " + Shown(mismatch.proxied_bytes) + "\n";
  if (script.events.size() <= mismatch.event) return out;
  const std::size_t first = mismatch.event - std::min(mismatch.event, kShownEvents);
  for (std::size_t i = first; i < mismatch.event; ++i) AppendEvent(out, script, i, 0, kShownBefore);
  const std::size_t from = mismatch.reply - std::min(mismatch.reply, kShownBefore);
  AppendEvent(out, script, mismatch.event, from, mismatch.reply + kShownBefore);
  return out;
}

}  // namespace herdgate::differential
