#include "sidecar/stampede/key_use.h"

#include <algorithm>
#include <array>

#include "sidecar/policy/expiry_options.h"

namespace herdgate::stampede {
namespace {

using Kind = KeyUse::Kind;

struct Listed {
  std::string_view names;  // separated by single spaces
  KeyUse use;
};

constexpr KeyUse Is(Evidence evidence) {
  return {.kind = Kind::kEvidence, .evidence = evidence};
}

constexpr std::array kListed = {
    Listed{"get mget", {.kind = Kind::kLookup}},
    Listed{"exists ttl pttl expiretime pexpiretime type strlen touch dump digest getrange substr lcs memory|usage "
           "object|encoding object|freq object|idletime object|refcount",
           {}},
    Listed{"set setex psetex mset msetex getset", {.kind = Kind::kSet}},
    Listed{"setnx msetnx", {.kind = Kind::kSet, .only_if_absent = true}},
    Listed{"expire pexpire expireat pexpireat persist", {.kind = Kind::kTouch}},
    Listed{"del unlink", {.kind = Kind::kRemove}},
    Listed{"copy rename renamenx restore move migrate", {.kind = Kind::kChange}},
    Listed{"incr decr incrby decrby incrbyfloat increx", Is(Evidence::kCounter)},
    Listed{"append setrange setbit bitfield bitop pfadd pfmerge", Is(Evidence::kEdit)},
    Listed{"delex delifeq", Is(Evidence::kLock)},
    Listed{"lpush rpush lpushx rpushx lpop rpop lmove rpoplpush lmpop blpop brpop blmove brpoplpush blmpop bzpopmin "
           "bzpopmax zpopmin zpopmax zmpop bzmpop xadd xread xreadgroup xack xlen",
           Is(Evidence::kQueue)},
    Listed{"getex", Is(Evidence::kSession)},
    Listed{"getdel", Is(Evidence::kToken)},
    Listed{"watch", Is(Evidence::kWatch)},
};

bool IsIn(std::string_view name, std::string_view names) {
  for (std::size_t at = names.find(name); at != std::string_view::npos; at = names.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' ')) return true;
  }
  return false;
}

KeyUse UseOf(const command::CommandSpec& spec) {
  for (const Listed& listed : kListed) {
    if (IsIn(spec.name, listed.names)) return listed.use;
  }
  if (spec.group != command::CommandGroup::kScript) return Is(Evidence::kStructure);
  return spec.flags.Has(command::CommandFlag::kReadonly) ? KeyUse{} : Is(Evidence::kScript);
}

// EXPIRE with a time of no more than 0 deletes; one in the past at EXPIREAT does too, but says so to nobody.
bool IsOver(std::string_view time) {
  return time.starts_with('-') || time == "0";
}

KeyUse OfSet(std::span<const std::string_view> args) {
  const auto options = args.subspan(3);
  if (std::any_of(options.begin(), options.end(), policy::IsComparison)) return Is(Evidence::kLock);
  return {.kind = Kind::kSet, .only_if_absent = policy::ReadSetOptions(args).only_if_absent};
}

}  // namespace

std::string_view NameOf(Evidence evidence) {
  constexpr std::array<std::string_view, kEvidences> kNames = {
      "counter", "edit", "lock", "queue", "session", "token", "structure", "script", "watch", "rewritten", "no_set"};
  return kNames[static_cast<std::size_t>(evidence)];
}

KeyUses::KeyUses(const command::Table& table) : by_id_(table.size()), has_options_(table.size()) {
  for (const command::CommandSpec& spec : table.specs()) {
    by_id_[spec.id] = UseOf(spec);
    has_options_[spec.id] = spec.name == "set" || (by_id_[spec.id].kind == Kind::kTouch && spec.name != "persist");
  }
}

KeyUse KeyUses::Of(const command::CommandSpec& spec, std::span<const std::string_view> args) const {
  if (spec.id >= by_id_.size()) return Is(Evidence::kStructure);
  const KeyUse use = by_id_[spec.id];
  if (!has_options_[spec.id] || args.size() < 4) {
    const bool over = use.kind == Kind::kTouch && args.size() == 3 && IsOver(args[2]);
    return over ? KeyUse{.kind = Kind::kRemove} : use;
  }
  if (use.kind == Kind::kSet) return OfSet(args);
  return IsOver(args[2]) ? KeyUse{.kind = Kind::kRemove} : use;
}

}  // namespace herdgate::stampede
