#include "sidecar/config/diff.h"

#include <xxhash.h>

#include <cstdint>

#include "sidecar/config/fields.h"
#include "sidecar/config/policy_fields.h"

namespace herdgate::config {
namespace {

bool Same(const Field& field, const Options& a, const Options& b) {
  if (field.show(a) != field.show(b)) return false;
  // What is not shown.
  return field.key != "upstream.url" || a.upstream.url == b.upstream.url;
}

// With its length, so that no two lists of texts look the same.
void Append(std::string_view text, std::string& out) {
  out += std::to_string(text.size()) + ":";
  out += text;
}

}  // namespace

std::vector<std::string> DiffOptions(const Options& running, const Options& wanted) {
  std::vector<std::string> keys;
  for (const Field& field : Fields()) {
    if (!field.is_live && !Same(field, running, wanted)) keys.emplace_back(field.key);
  }
  return keys;
}

bool SameOptions(const Options& a, const Options& b) {
  return DiffOptions(a, b).empty() && a.log.level == b.log.level && a.policies == b.policies;
}

Options WithLive(const Options& running, const Options& wanted) {
  Options options = running;
  options.log.level = wanted.log.level;
  options.policies = wanted.policies;
  return options;
}

std::string HashOptions(const Options& options) {
  std::string text;
  for (const Field& field : Fields()) Append(field.show(options), text);
  for (const policy::Policy& policy : options.policies) {
    for (const PolicyField& field : PolicyFields()) Append(field.show(policy), text);
    text += std::to_string(policy.match.size());
    for (const std::string& pattern : policy.match) Append(pattern, text);
    text += std::to_string(policy.tags.size());
    for (const policy::TagRule& rule : policy.tags) {
      Append(rule.match, text);
      Append(rule.tag, text);
    }
  }
  constexpr char kHex[] = "0123456789abcdef";
  const std::uint64_t hash = XXH64(text.data(), text.size(), 0);
  std::string out;
  for (unsigned shift = 64; shift > 0; shift -= 4) out += kHex[(hash >> (shift - 4)) & 0xfU];
  return out;
}

}  // namespace herdgate::config
