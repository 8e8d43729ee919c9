#include "sidecar/pipeline/tag_log.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {
namespace {

struct LogLine {
  std::uint64_t version = 0;
  std::string_view tag;
  std::size_t bytes = 0;
};

// A number and the byte behind it; false if that is not there.
bool TakeNumber(std::string_view& text, std::uint64_t& number, char end) {
  const char* const last = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || stopped == last || *stopped != end) return false;
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()) + 1);
  return true;
}

bool TakeLine(std::string_view& text, LogLine& line) {
  const std::size_t before = text.size();
  std::uint64_t size = 0;
  if (!TakeNumber(text, line.version, ' ') || !TakeNumber(text, size, ' ')) return false;
  if (size == 0 || size > policy::TagRules::kMostTagBytes || text.size() <= size || text[size] != '\n') return false;
  line.tag = text.substr(0, size);
  text.remove_prefix(size + 1);
  line.bytes = before - text.size();
  return true;
}

std::string LineOf(std::string_view tag, std::uint64_t version) {
  return std::to_string(version).append(" ").append(std::to_string(tag.size())).append(" ").append(tag).append("\n");
}

// Nothing if they are not lines with growing versions, from above `above` to `last`.
bool ReadLines(std::string_view text, std::uint64_t above, std::uint64_t last, std::vector<LogLine>& lines) {
  while (!text.empty()) {
    LogLine line;
    if (!TakeLine(text, line) || line.version <= above) return false;
    above = line.version;
    lines.push_back(line);
  }
  return above == last;
}

}  // namespace

std::string TagLogKey(std::string_view policy) {
  return std::string(policy::kOwnKeyPrefix).append("tags:").append(policy);
}

std::uint64_t TagLog::FirstByte(std::uint64_t generation, const TagMark& mark) const {
  const bool goes_on = generation == generation_ && mark_.any() && mark.base == mark_.base && mark.bytes >= mark_.bytes;
  // The last byte that is known, so that a lost log is noticed.
  return goes_on ? mark_.bytes - 1 : 0;
}

bool TagLog::Take(std::uint64_t generation, const TagMark& mark, std::string_view bytes) {
  if (generation < generation_ || mark.version < MarkOf(generation).version) return false;
  const std::uint64_t first = FirstByte(generation, mark);
  if (mark.bytes <= first || bytes.size() != mark.bytes - first) return false;
  std::vector<LogLine> lines;
  if (first > 0) {
    if (bytes.front() != '\n' || !ReadLines(bytes.substr(1), mark_.version, mark.version, lines)) return false;
  } else {
    if (!ReadLines(bytes, generation, mark.version, lines)) return false;
    versions_.clear();
    changes_.clear();
    all_changed_ = true;
    live_bytes_ = 0;
  }
  for (const LogLine& line : lines) {
    const auto [at, fresh] = versions_.try_emplace(std::string(line.tag), line.version);
    if (!fresh) live_bytes_ -= LineOf(line.tag, at->second).size();
    at->second = line.version;
    if (!all_changed_) changes_[at->first] = line.version;
    live_bytes_ += line.bytes;
  }
  generation_ = generation;
  mark_ = mark;
  return true;
}

std::optional<policy::TagVersions> TagLog::TakeChanges() {
  policy::TagVersions changes;
  changes.swap(changes_);
  return std::exchange(all_changed_, false) ? std::nullopt : std::optional(std::move(changes));
}

TagLog::Line TagLog::NextLine(std::uint64_t generation, std::string_view tag, std::uint64_t version,
                              std::uint64_t rules) const {
  const TagMark known = MarkOf(generation);
  const std::string text = LineOf(tag, version);
  const bool large = known.bytes + text.size() > kSmallBytes && known.bytes > 2 * live_bytes_;
  if (!known.any()) {
    return {.mark = {.version = version, .base = version, .bytes = text.size(), .rules = rules},
            .text = text,
            .anew = true};
  }
  if (!large) {
    return {.mark = {.version = version, .base = known.base, .bytes = known.bytes + text.size(), .rules = rules},
            .text = text};
  }
  Line line = WholeBut(tag);
  line.text += text;
  line.mark = {.version = version, .base = version, .bytes = line.text.size(), .rules = rules};
  return line;
}

TagLog::Line TagLog::WholeBut(std::string_view left_out) const {
  std::vector<std::pair<std::uint64_t, std::string_view>> all;
  for (const auto& [tag, version] : versions_) {
    if (tag != left_out) all.emplace_back(version, tag);
  }
  std::ranges::sort(all);
  Line line{.mark = mark_, .text = {}, .anew = true};
  for (const auto& [version, tag] : all) line.text += LineOf(tag, version);
  line.mark.base = mark_.version;
  line.mark.bytes = line.text.size();
  return line;
}

void TagLog::Written(std::uint64_t generation, const Line& line) {
  // As a reader does it, who knows what stood before.
  const bool goes_on = generation == generation_ && mark_.any() && !line.anew;
  (void)Take(generation, line.mark, goes_on ? "\n" + line.text : line.text);
}

}  // namespace herdgate::pipeline
