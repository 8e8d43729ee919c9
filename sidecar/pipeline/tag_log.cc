#include "sidecar/pipeline/tag_log.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
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

std::uint64_t DigestOf(std::string_view tag, std::uint64_t version) {
  return XXH3_64bits_withSeed(tag.data(), tag.size(), version);
}

// A sum, so that it can be kept up to date and does not depend on the order.
std::uint64_t DigestOf(const policy::TagVersions& versions) {
  std::uint64_t digest = 0;
  for (const auto& [tag, version] : versions) digest += DigestOf(tag, version);
  return digest;
}

// The digest of `versions` is `digest`; what it is with these lines.
std::uint64_t DigestWith(const policy::TagVersions& versions, std::uint64_t digest, const std::vector<LogLine>& lines) {
  std::unordered_map<std::string_view, std::uint64_t> seen;
  for (const LogLine& line : lines) {
    const auto [at, first] = seen.try_emplace(line.tag, line.version);
    const auto before = first ? versions.find(line.tag) : versions.end();
    if (before != versions.end()) digest -= DigestOf(line.tag, before->second);
    if (!first) digest -= DigestOf(line.tag, at->second);
    at->second = line.version;
    digest += DigestOf(line.tag, line.version);
  }
  return digest;
}

policy::TagVersions VersionsIn(const std::vector<LogLine>& lines) {
  policy::TagVersions versions;
  for (const LogLine& line : lines) versions.insert_or_assign(std::string(line.tag), line.version);
  return versions;
}

// Whether `versions` has all tags of `others`, with their versions or later ones.
bool HasAll(const policy::TagVersions& versions, const policy::TagVersions& others) {
  return std::ranges::all_of(others, [&](const auto& other) {
    const auto found = versions.find(other.first);
    return found != versions.end() && found->second >= other.second;
  });
}

}  // namespace

std::string TagLogKey(std::string_view policy) {
  return std::string(policy::kOwnKeyPrefix).append("tags:").append(policy);
}

std::uint64_t TagLog::FirstByte(std::uint64_t generation, const TagMark& mark) const {
  const bool goes_on = generation == generation_ && mark_.any() && mark.base == mark_.base &&
                       mark.version >= mark_.version && mark.bytes >= mark_.bytes;
  // The last byte that is known, so that a lost log is noticed. What stands before it, the digest tells.
  return goes_on ? mark_.bytes - 1 : 0;
}

bool TagLog::Take(std::uint64_t generation, const TagMark& mark, std::string_view bytes) {
  if (generation < generation_ || mark.version < MarkOf(generation).version) return false;
  const std::uint64_t first = FirstByte(generation, mark);
  if (mark.bytes <= first || bytes.size() != mark.bytes - first) return false;
  std::vector<LogLine> lines;
  if (first > 0) {
    if (bytes.front() != '\n' || !ReadLines(bytes.substr(1), mark_.version, mark.version, lines)) return false;
    if (DigestWith(versions_, mark_.digest, lines) != mark.digest) return false;
  } else {
    if (!ReadLines(bytes, generation, mark.version, lines)) return false;
    const policy::TagVersions all = VersionsIn(lines);
    if (DigestOf(all) != mark.digest || (generation == generation_ && !HasAll(all, versions_))) return false;
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

bool TagLog::Covers(std::uint64_t generation, const TagMark& mark, std::string_view bytes) const {
  std::vector<LogLine> lines;
  if (generation != generation_ || bytes.size() != mark.bytes) return false;
  if (!ReadLines(bytes, generation, mark.version, lines)) return false;
  const policy::TagVersions all = VersionsIn(lines);
  return DigestOf(all) == mark.digest && HasAll(versions_, all);
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
  if (!known.any()) {
    return {.mark = {.version = version,
                     .base = version,
                     .bytes = text.size(),
                     .rules = rules,
                     .digest = DigestOf(tag, version)},
            .text = text,
            .anew = true};
  }
  const bool large = known.bytes + text.size() > kSmallBytes && known.bytes > 2 * live_bytes_;
  Line line = large ? WholeBut(tag) : Line{};
  line.text += text;
  line.mark = {.version = version,
               .base = large ? version : known.base,
               .bytes = large ? line.text.size() : known.bytes + text.size(),
               .rules = rules,
               .digest = DigestWith(versions_, known.digest, {LogLine{.version = version, .tag = tag}})};
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
