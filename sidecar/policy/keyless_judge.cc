#include "sidecar/policy/keyless_judge.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/key_patterns.h"
#include "sidecar/policy/push_channel.h"

namespace herdgate::policy {
namespace {

constexpr std::string_view kManyVersions = "the keys of this pattern belong to several versions";

// Whether keys that begin with `literal` would have several versions if every audited policy were enforced.
bool WouldDiffer(const PolicySet& set, std::string_view literal) {
  const VersionRules none;
  const VersionRules* first = nullptr;
  for (const std::size_t index : set.Possible(literal)) {
    const bool counts = index != PolicySet::kNone && set.at(index).mode != Mode::kOff;
    const VersionRules& rules = counts ? set.at(index).version : none;
    if (first == nullptr) first = &rules;
    const bool same = rules.schema == first->schema && (&rules == first || (!rules.generation && !first->generation));
    const bool tagged = counts && !set.at(index).tags.empty();
    if (!same || tagged) return true;
  }
  return false;
}

// The first policy of this mode whose keys have, or would have, versions: for refusals that concern no single one.
std::size_t AnyVersioned(const Snapshot& snapshot, Mode mode) {
  for (std::size_t i = 0; i < snapshot.set().size(); ++i) {
    if (snapshot.set().at(i).mode == mode && snapshot.set().at(i).version.any()) return i;
  }
  return PolicySet::kNone;
}

// A pattern whose keys begin with `literal`; `physical`: what it becomes, or nothing.
void JudgePattern(const Review& review, std::size_t argument, std::string_view literal,
                  const std::optional<std::string>& physical) {
  const Snapshot& snapshot = *review.snapshot;
  const bool would_differ = snapshot.audits_versions() && WouldDiffer(snapshot.set(), literal);
  if (!physical) {
    review.Refuse(AnyVersioned(snapshot, Mode::kEnforce), Refusal::kPattern, std::string(kManyVersions));
  } else if (would_differ) {
    review.Refuse(AnyVersioned(snapshot, Mode::kAudit), Refusal::kPattern, std::string(kManyVersions));
  }
  if (physical && *physical != review.args[argument]) review.edits.Replace(argument, *physical);
}

// Calls visit(i) for the arguments that are patterns of SORT's BY and GET.
template <typename Visit>
void ForEachSortPattern(std::span<const std::string_view> args, Visit visit) {
  for (std::size_t i = 2; i + 1 < args.size(); ++i) {
    if (IsWord(args[i], "LIMIT")) {
      i += 2;
    } else if (IsWord(args[i], "STORE")) {
      ++i;
    } else if (IsWord(args[i], "BY") || IsWord(args[i], "GET")) {
      visit(++i);
    }
  }
}

// CLIENT TRACKING ON [... PREFIX prefix ...]
template <typename Visit>
void ForEachTrackingPrefix(std::span<const std::string_view> args, Visit visit) {
  for (std::size_t i = 3; i + 1 < args.size(); ++i) {
    if (IsWord(args[i], "PREFIX")) visit(++i);
  }
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
  ForEachTrackingPrefix(review.args, [&](std::size_t i) {
    JudgePattern(review, i, review.args[i], TranslateTrackingPrefix(*review.snapshot, review.args[i]));
  });
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
    const std::string_view prefix =
        review.snapshot->Prefix(review.snapshot->set().Match(review.args[i]), review.args[i]);
    if (!prefix.empty()) review.edits.Replace(i, prefix, review.args[i]);
  }
}

}  // namespace

void JudgeKeyless(const Review& review) {
  if (!review.spec.AcceptsCount(review.args.size())) return;
  const std::string_view name = review.spec.name;
  if (name == "client|tracking") return JudgeTracking(review);
  if (!review.snapshot->versions()) return;
  if (name == "slowlog|get" || name == "acl|log" || name == "client|trackinginfo")
    return AwaitReply(review, ReplyShape::kAnyName);
  if (name == "keys") return JudgeKeys(review);
  if (name == "scan") return JudgeScan(review);
  if (name == "randomkey") return AwaitReply(review, ReplyShape::kRandomKey);
  if (review.spec.command_class == command::CommandClass::kPubSub) return JudgeChannels(review);
  if (name == "debug" && review.args.size() > 2) return JudgeDebug(review);
}

void JudgeSortPatterns(const Review& review) {
  ForEachSortPattern(review.args, [&](std::size_t i) {
    const std::string_view pattern = review.args[i];
    // Without '*' it names no key.
    const std::size_t star = pattern.find('*');
    if (star != std::string_view::npos)
      JudgePattern(review, i, pattern.substr(0, star), TranslateSort(*review.snapshot, pattern));
  });
}

bool AwaitsGeneration(const Snapshot& snapshot, const command::CommandSpec& spec,
                      std::span<const std::string_view> args) {
  if (snapshot.first_waiting() == PolicySet::kNone) return false;
  const auto waits = [&](std::string_view key) { return snapshot.IsWaiting(snapshot.set().Match(key)); };
  const std::string_view name = spec.name;
  bool found = name == "keys" || name == "scan" || name == "randomkey";
  if (name == "subscribe" || name == "unsubscribe") {
    for (const std::string_view channel : args.subspan(1)) {
      const std::size_t key = KeyspaceChannelKey(channel);
      found |= key > 0 && waits(channel.substr(key));
    }
  } else if (name == "debug") {
    for (const std::string_view key : args.subspan(std::min<std::size_t>(args.size(), 2))) found |= waits(key);
  } else if (name == "client|tracking") {
    ForEachTrackingPrefix(args, [&](std::size_t /*i*/) { found = true; });
  } else if (name.starts_with("sort")) {
    ForEachSortPattern(args, [&](std::size_t i) { found |= args[i].find('*') != std::string_view::npos; });
  }
  return found;
}

}  // namespace herdgate::policy
