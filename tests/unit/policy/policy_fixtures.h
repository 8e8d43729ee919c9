// Snapshots and reply bytes for the tests of sidecar/policy/.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/policy/reply_work.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

inline Policy VersionedPolicy(std::string name, std::string match, std::optional<std::uint64_t> schema,
                              bool generation = false) {
  Policy policy;
  policy.name = std::move(name);
  policy.match = {std::move(match)};
  policy.version.schema = schema;
  policy.version.generation = generation;
  return policy;
}

// "user:*" is v7:, "cart:*" is v2.1700:, "gen:*" is g9:, all else has no version.
inline SnapshotPtr ThreePolicies() {
  std::vector<Policy> policies = {VersionedPolicy("user", "user:*", 7), VersionedPolicy("cart", "cart:*", 2, true),
                                  VersionedPolicy("gen", "gen:*", std::nullopt, true)};
  return std::make_shared<const Snapshot>(std::make_shared<const PolicySet>(std::move(policies)),
                                          std::vector<std::uint64_t>{0, 1700, 9});
}

// Every key is v7:.
inline SnapshotPtr OnePolicy() {
  return std::make_shared<const Snapshot>(
      std::make_shared<const PolicySet>(std::vector<Policy>{VersionedPolicy("all", "*", 7)}),
      std::vector<std::uint64_t>{0});
}

inline std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// An aggregate of elements that are whole replies.
inline std::string List(std::initializer_list<std::string_view> elements, char type = '*') {
  const std::size_t count = type == '%' ? elements.size() / 2 : elements.size();
  std::string list = type + std::to_string(count) + "\r\n";
  for (const std::string_view element : elements) list += element;
  return list;
}

inline std::string Bulks(std::initializer_list<std::string_view> texts, char type = '*') {
  std::string list = type + std::to_string(texts.size()) + "\r\n";
  for (const std::string_view text : texts) list += Bulk(text);
  return list;
}

inline ReplyWork Work(ReplyShape shape, SnapshotPtr snapshot, std::string pattern = {}) {
  ReplyWork work;
  work.shape = shape;
  work.snapshot = std::move(snapshot);
  work.pattern = std::move(pattern);
  return work;
}

}  // namespace herdgate::policy
