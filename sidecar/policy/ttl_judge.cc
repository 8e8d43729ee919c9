#include "sidecar/policy/ttl_judge.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/command/table.h"
#include "sidecar/policy/expiry_options.h"
#include "sidecar/policy/key_ttl.h"
#include "sidecar/resp/request_header.h"

namespace herdgate::policy {
namespace {

using command::TtlEffect;
using Effect = ExpiryChange::Effect;
using Kind = ExpiryOptions::Kind;

// Where SETEX, EXPIRE and RESTORE have their time.
constexpr std::size_t kTime = 2;

// Commands that are judged in a way of their own.
enum class Form : std::uint8_t {
  kByEffect,  // by their TtlEffect
  kSet,
  kSetnx,
  kSetex,
  kPsetex,
  kGetset,
  kGetex,
  kGetdel,
  kMsetnx,
  kMsetex,
  kRestore,
  kExpire,
  kPexpire,
  kExpireat,
  kPexpireat,
  kCopy,
  kRename,
  kRenamenx,
  kMove,
};

constexpr std::array<std::pair<std::string_view, Form>, 19> kForms = {{
    {"set", Form::kSet},
    {"setnx", Form::kSetnx},
    {"setex", Form::kSetex},
    {"psetex", Form::kPsetex},
    {"getset", Form::kGetset},
    {"getex", Form::kGetex},
    {"getdel", Form::kGetdel},
    {"msetnx", Form::kMsetnx},
    {"msetex", Form::kMsetex},
    {"restore", Form::kRestore},
    {"restore-asking", Form::kRestore},
    {"expire", Form::kExpire},
    {"pexpire", Form::kPexpire},
    {"expireat", Form::kExpireat},
    {"pexpireat", Form::kPexpireat},
    {"copy", Form::kCopy},
    {"rename", Form::kRename},
    {"renamenx", Form::kRenamenx},
    {"move", Form::kMove},
}};

// By the id of the command, which every table shares.
Form FormOf(const command::CommandSpec& spec) {
  static const std::vector<Form> forms = [] {
    const command::Table& table = command::BuiltIn();
    std::vector<Form> by_id(table.size(), Form::kByEffect);
    for (const auto& [name, form] : kForms) by_id[table.FindFull(name)->id] = form;
    return by_id;
  }();
  return spec.id < forms.size() ? forms[spec.id] : Form::kByEffect;
}

ExpiryUnit UnitOf(Form form) {
  switch (form) {
    case Form::kSetex:
    case Form::kExpire:
      return ExpiryUnit::kSeconds;
    case Form::kExpireat:
      return ExpiryUnit::kAtSeconds;
    case Form::kPexpireat:
      return ExpiryUnit::kAtMilliseconds;
    default:
      return ExpiryUnit::kMilliseconds;
  }
}

void ReplaceNumber(const Review& review, std::size_t argument, std::int64_t value) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  review.edits.Replace(argument, {text.data(), static_cast<std::size_t>(end - text.data())});
}

void Append(const Review& review, std::chrono::milliseconds ttl) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), ttl.count()).ptr;
  review.edits.Append("PX");
  review.edits.Append({text.data(), static_cast<std::size_t>(end - text.data())});
}

// An option and its value: EX 60 -> PX 59000. Where it is repeated, all are, and the last one counts.
void JudgeOption(const Review& review, KeyTtl& ttl, const ExpiryOptions& options, std::size_t first,
                 const KeyTtl::Change& change) {
  const auto asked = ReadExpiry(review.args[options.at + 1], options.unit);
  if (!asked) return;
  const bool absolute = IsAbsolute(options.unit);
  const auto unit = absolute ? ExpiryUnit::kAtMilliseconds : ExpiryUnit::kMilliseconds;
  const auto instead = ttl.Bound(*asked, unit, change);
  if (!instead) return;
  for (std::size_t i = first; i <= options.at; ++i) {
    if (IsExpiryWord(review.args[i])) {
      review.edits.Replace(i, absolute ? "PXAT" : "PX");
      ReplaceNumber(review, ++i, instead->value);
    } else if (IsComparison(review.args[i])) {
      ++i;
    }
  }
}

void JudgeSet(const Review& review, KeyTtl& ttl) {
  constexpr std::size_t kFirstOption = 3;
  const ExpiryOptions options = ReadSetOptions(review.args, kFirstOption);
  const bool absent = options.only_if_absent;
  switch (options.kind) {
    case Kind::kExpiry: {
      const Effect effect = options.only_if_present ? Effect::kGivesIfThere : Effect::kGives;
      return JudgeOption(review, ttl, options, kFirstOption, {.effect = effect, .only_if_absent = absent});
    }
    case Kind::kKeep:
      return ttl.Follow({.effect = Effect::kKeeps});
    case Kind::kNone:
      if (const auto missing = ttl.Missing({.effect = Effect::kClears, .only_if_absent = absent}))
        Append(review, *missing);
      return;
    default:
      return;
  }
}

void JudgeGetset(const Review& review, KeyTtl& ttl) {
  const auto missing = ttl.Missing({.effect = Effect::kClears});
  if (!missing) return;
  review.edits.Replace(0, "SET");
  Append(review, *missing);
  review.edits.Append("GET");
}

void JudgeGetex(const Review& review, KeyTtl& ttl) {
  constexpr std::size_t kFirstOption = 2;
  const ExpiryOptions options = ReadGetexOptions(review.args);
  if (options.kind == Kind::kExpiry)
    return JudgeOption(review, ttl, options, kFirstOption, {.effect = Effect::kGivesIfThere});
  if (options.kind != Kind::kPersist) return;
  if (options.at != kFirstOption) return ttl.Follow({.effect = Effect::kClears});  // PERSIST PERSIST
  if (const auto missing = ttl.Missing({.effect = Effect::kClears})) {
    review.edits.Replace(options.at, "PX");
    review.edits.Append(std::to_string(missing->count()));
  }
}

// SETEX key seconds value, PSETEX key milliseconds value.
void JudgeSetex(const Review& review, KeyTtl& ttl, Form form) {
  const auto asked = ReadExpiry(review.args[kTime], UnitOf(form));
  if (!asked) return;
  const auto instead = ttl.Bound(*asked, UnitOf(form), {.effect = Effect::kGives});
  if (!instead) return;
  if (form == Form::kSetex && !instead->seconds) review.edits.Replace(0, "PSETEX");
  ReplaceNumber(review, kTime, instead->value);
}

// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT key time [NX | XX | GT | LT]
void JudgeExpire(const Review& review, KeyTtl& ttl, Form form) {
  const ExpireFlags flags = ReadExpireFlags(review.args);
  if (flags.malformed) return;
  const ExpiryUnit unit = UnitOf(form);
  const auto asked = ReadExpiry(review.args[kTime], unit);
  if (!asked) {
    std::int64_t past = 0;
    const bool deletes = resp::ParseStrictInteger(review.args[kTime], past) && past <= 0 && !flags.only_if_set;
    if (deletes) ttl.Note({.effect = Effect::kRemovesKey});
    return;
  }
  // With XX or GT a key without an expiry stays so.
  const Effect effect = flags.only_if_set ? Effect::kNone : Effect::kGivesIfThere;
  const auto instead = ttl.Bound(*asked, unit, {.effect = effect});
  if (!instead) return;
  if (IsSeconds(unit) && !instead->seconds) review.edits.Replace(0, IsAbsolute(unit) ? "PEXPIREAT" : "PEXPIRE");
  ReplaceNumber(review, kTime, instead->value);
}

// RESTORE key ttl payload [REPLACE] [ABSTTL] ...
void JudgeRestore(const Review& review, KeyTtl& ttl) {
  const RestoreOptions options = ReadRestoreOptions(review.args);
  if (options.malformed) return;
  const bool absent = !options.replace;
  if (review.args[kTime] == "0") {
    if (const auto missing = ttl.Missing({.effect = Effect::kClears, .only_if_absent = absent}))
      ReplaceNumber(review, kTime, missing->count() + (options.absolute ? ttl.NowMs() : 0));
    return;
  }
  const auto asked = ReadExpiry(review.args[kTime], ExpiryUnit::kMilliseconds);
  if (!asked) return;
  const ExpiryUnit unit = options.absolute ? ExpiryUnit::kAtMilliseconds : ExpiryUnit::kMilliseconds;
  const auto instead = ttl.Bound(*asked, unit, {.effect = Effect::kGives, .only_if_absent = absent});
  if (instead) ReplaceNumber(review, kTime, instead->value);
}

// MSETEX count key value [key value ...] [options ...]: one expiry for keys of any policies.
void JudgeMsetex(const Review& review, KeyTtl& ttl) {
  const command::KeyRanges keys = command::FindKeys(review.spec, review.args);
  const std::size_t first = keys.begin()->last + 2;
  const ExpiryOptions options = ReadSetOptions(review.args, std::min(first, review.args.size()));
  const bool absent = options.only_if_absent;
  if (options.kind == Kind::kMalformed) return;
  if (options.kind == Kind::kKeep) return ttl.Follow({.effect = Effect::kKeeps});
  if (options.kind == Kind::kNone) return ttl.Follow({.effect = Effect::kClears, .only_if_absent = absent});
  ttl.Note({.effect = options.only_if_present ? Effect::kGivesIfThere : Effect::kGives, .only_if_absent = absent});
  ttl.Shorten();
}

// COPY source key [DB n] [REPLACE], RENAME source key: the key has the other one's expiry, which may be none or too
// long.
void JudgeCopied(const Review& review, KeyTtl& ttl, Form form) {
  constexpr std::size_t kFirstOption = 3;
  bool replace = form == Form::kRename;
  for (const std::string_view arg : review.args.subspan(std::min(kFirstOption, review.args.size()))) {
    if (IsWord(arg, "DB")) return;  // the follow-up would look in this database
    replace |= IsWord(arg, "REPLACE");
  }
  ttl.Follow(
      {.effect = Effect::kCopies, .only_if_absent = !replace, .moves = form != Form::kCopy, .from = review.args[1]});
  ttl.Shorten();
}

// LMOVE, SMOVE: the first key only loses an element.
bool IsMoveSource(const Review& review, const JudgedKey& key) {
  const command::KeySpecs& keys = review.spec.keys;
  return key.argument == 1 && keys.count == 2 && keys.specs[1].access == command::KeyAccess::kUpdate;
}

// RENAME takes `key` away. Where the new key's policy rejects too, JudgeCopied says so.
void JudgeRenamed(const Review& review, KeyTtl& ttl, Form form) {
  const bool is_said = std::ranges::any_of(review.keys, [&](const JudgedKey& other) {
    return other.argument != ttl.key().argument && review.PolicyOf(other).ttl.missing == MissingTtl::kReject;
  });
  if (form == Form::kRename && !is_said) ttl.Note({.effect = Effect::kRemovesKey});
}

void JudgeByEffect(const Review& review, KeyTtl& ttl, Form form) {
  const JudgedKey& key = ttl.key();
  const bool absent = form == Form::kSetnx || form == Form::kMsetnx;
  const bool clears = review.spec.ttl == TtlEffect::kTtlClears;
  const KeyTtl::Change change{.effect = clears ? Effect::kClears : Effect::kKeeps, .only_if_absent = absent};
  switch (review.spec.ttl) {
    case TtlEffect::kTtlNone:
      if (key.access == command::KeyAccess::kRemove || form == Form::kGetdel) ttl.Note({.effect = Effect::kRemovesKey});
      return;
    case TtlEffect::kTtlSets:
      return;
    case TtlEffect::kTtlCopies:
      if (form == Form::kMove || key.access == command::KeyAccess::kRead) return;
      if (key.access == command::KeyAccess::kOverwrite) return JudgeCopied(review, ttl, form);
      return JudgeRenamed(review, ttl, form);
    case TtlEffect::kTtlRemoves:
      if (ttl.rejects()) return (void)ttl.Missing({.effect = Effect::kClears});
      return ttl.Follow({.effect = Effect::kClears});
    default:
      if (!key.is_written() || (!clears && IsMoveSource(review, key))) return;
      if (form == Form::kSetnx && ttl.rejects()) return (void)ttl.Missing(change);
      return ttl.Follow(change);
  }
}

void JudgeKey(const Review& review, const JudgedKey& key, Form form) {
  KeyTtl ttl(review, key);
  switch (form) {
    case Form::kSet:
      return JudgeSet(review, ttl);
    case Form::kSetex:
    case Form::kPsetex:
      return JudgeSetex(review, ttl, form);
    case Form::kGetset:
      return JudgeGetset(review, ttl);
    case Form::kGetex:
      return JudgeGetex(review, ttl);
    case Form::kRestore:
      return JudgeRestore(review, ttl);
    case Form::kMsetex:
      return JudgeMsetex(review, ttl);
    case Form::kExpire:
    case Form::kPexpire:
    case Form::kExpireat:
    case Form::kPexpireat:
      return JudgeExpire(review, ttl, form);
    default:
      return JudgeByEffect(review, ttl, form);
  }
}

}  // namespace

void JudgeTtl(const Review& review) {
  if (!review.spec.AcceptsCount(review.args.size())) return;
  const Form form = FormOf(review.spec);
  for (const JudgedKey& key : review.keys) {
    if (review.PolicyOf(key).ttl.any()) JudgeKey(review, key, form);
  }
}

}  // namespace herdgate::policy
