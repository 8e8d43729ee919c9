#include "sidecar/policy/keyless_judge.h"

#include <algorithm>
#include <array>
#include <string>

#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/key_patterns.h"

namespace herdgate::policy {
namespace {

constexpr std::string_view kManyVersions = "the keys of this pattern belong to several versions";

// The first policy whose keys have versions: for refusals that concern no single one.
std::size_t AnyVersioned(const Snapshot& snapshot) {
  for (std::size_t i = 0; i < snapshot.set().size(); ++i) {
    const Policy& policy = snapshot.set().at(i);
    if (policy.mode == Mode::kEnforce && policy.version.any()) return i;
  }
  return PolicySet::kNone;
}

void AwaitReply(const Review& review, ReplyShape shape, std::string pattern = {}) {
  review.plan.reply.shape = shape;
  review.plan.reply.snapshot = review.snapshot;
  review.plan.reply.pattern = std::move(pattern);
}

// What the listing's keys must be matched against here.
std::string LeftToMatch(const ListingPattern& pattern, std::string_view glob) {
  return pattern.exact || glob == "*" ? std::string() : std::string(glob);
}

void JudgeKeys(const Review& review) {
  const std::string_view glob = review.args[1];
  const ListingPattern pattern = TranslateListing(*review.snapshot, glob);
  if (pattern.physical != glob) review.edits.Replace(1, pattern.physical);
  AwaitReply(review, ReplyShape::kKeys, LeftToMatch(pattern, glob));
}

// SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]
void JudgeScan(const Review& review) {
  std::size_t at = 0;
  for (std::size_t i = 2; i + 1 < review.args.size(); i += 2) {
    if (IsWord(review.args[i], "MATCH")) at = i + 1;
  }
  const std::string_view glob = at == 0 ? "*" : review.args[at];
  const ListingPattern pattern = TranslateListing(*review.snapshot, glob);
  if (at != 0 && pattern.physical != glob) review.edits.Replace(at, pattern.physical);
  if (at == 0 && pattern.physical != "*" && review.args.size() % 2 == 0) {
    review.edits.Append("MATCH");
    review.edits.Append(pattern.physical);
  }
  AwaitReply(review, ReplyShape::kScan, LeftToMatch(pattern, glob));
}

void JudgeChannels(const Review& review) {
  const bool is_pattern = review.spec.name.starts_with('p');
  for (std::size_t i = 1; i < review.args.size(); ++i) {
    const std::string channel = TranslateChannel(*review.snapshot, review.args[i], is_pattern);
    if (channel != review.args[i]) review.edits.Replace(i, channel);
  }
}

void JudgeTracking(const Review& review) {
  for (std::size_t i = 2; i + 1 < review.args.size(); ++i) {
    if (!IsWord(review.args[i], "PREFIX")) continue;
    ++i;
    const auto prefix = TranslateTrackingPrefix(*review.snapshot, review.args[i]);
    if (!prefix) return review.Refuse(AnyVersioned(*review.snapshot), Refusal::kPattern, std::string(kManyVersions));
    if (*prefix != review.args[i]) review.edits.Replace(i, *prefix);
  }
}

// DEBUG OBJECT key and the like: COMMAND tells no positions.
void JudgeDebug(const Review& review) {
  constexpr std::array<std::string_view, 5> kOnOneKey = {"OBJECT", "LISTPACK", "ZIPLIST", "QUICKLIST", "SDSLEN"};
  const std::string_view what = review.args[1];
  const bool many = IsWord(what, "DIGEST-VALUE");
  const bool one = std::ranges::any_of(kOnOneKey, [&](std::string_view word) { return IsWord(what, word); });
  if (!many && !one) return;
  const std::size_t end = many ? review.args.size() : std::min<std::size_t>(review.args.size(), 3);
  for (std::size_t i = 2; i < end; ++i) {
    const std::string_view prefix = review.snapshot->Prefix(review.snapshot->set().Match(review.args[i]));
    if (!prefix.empty()) review.edits.Replace(i, prefix, review.args[i]);
  }
}

}  // namespace

void JudgeKeyless(const Review& review) {
  if (!review.spec.AcceptsCount(review.args.size())) return;
  const std::string_view name = review.spec.name;
  if (name == "keys") return JudgeKeys(review);
  if (name == "scan") return JudgeScan(review);
  if (name == "randomkey") return AwaitReply(review, ReplyShape::kRandomKey);
  if (review.spec.command_class == command::CommandClass::kPubSub) return JudgeChannels(review);
  if (name == "client|tracking") return JudgeTracking(review);
  if (name == "debug" && review.args.size() > 2) return JudgeDebug(review);
}

void JudgeSortPatterns(const Review& review) {
  for (std::size_t i = 2; i + 1 < review.args.size(); ++i) {
    if (IsWord(review.args[i], "LIMIT")) {
      i += 2;
      continue;
    }
    const bool is_pattern = IsWord(review.args[i], "BY") || IsWord(review.args[i], "GET");
    if (!is_pattern && !IsWord(review.args[i], "STORE")) continue;
    ++i;
    if (!is_pattern) continue;
    const auto pattern = TranslateSort(*review.snapshot, review.args[i]);
    if (!pattern) return review.Refuse(AnyVersioned(*review.snapshot), Refusal::kPattern, std::string(kManyVersions));
    if (*pattern != review.args[i]) review.edits.Replace(i, *pattern);
  }
}

}  // namespace herdgate::policy
