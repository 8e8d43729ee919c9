// KeyProbe: asks the upstream what it knows of one key, over a connection of the sidecar's own.
//
// TYPE, PTTL, MEMORY USAGE, the length by the type, and GETRANGE if the value is wanted; what an upstream does not
// know stays open. One key at a time. Threads: its loop. Ownership: Control's; borrows the lanes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {

struct KeyFacts {
  std::string type;
  std::optional<std::int64_t> pttl_ms;
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> length;
  std::optional<std::string> value;
};

class KeyProbe : public std::enable_shared_from_this<KeyProbe> {
 public:
  using Done = std::function<void(base::Result<KeyFacts>)>;

  explicit KeyProbe(upstream::IdentityPtr identity) : identity_(std::move(identity)) {}

  // `done` runs once, on the loop, with kUnavailable if the upstream is away or another key is being asked for; or
  // never, if Close comes before. `value_bytes`: of a string, so many; 0: none.
  void Ask(upstream::LanePool& lanes, std::string physical, std::uint32_t db, std::size_t value_bytes, Done done);
  void Close();
  // After this long a question that nobody answered is given up for the next one.
  static constexpr std::chrono::seconds kGiveUpAfter{5};

 private:
  void Next(const std::vector<std::string>& words, void (KeyProbe::*then)(const resp::Reply&));
  void OnType(const resp::Reply& reply);
  void OnTtl(const resp::Reply& reply);
  void OnBytes(const resp::Reply& reply);
  void OnLength(const resp::Reply& reply);
  void OnValue(const resp::Reply& reply);
  void End(base::Result<KeyFacts> result);

  const upstream::IdentityPtr identity_;
  std::unique_ptr<SideQuery> query_;
  std::uint32_t db_ = 0;  // of query_
  std::string key_;
  std::size_t value_bytes_ = 0;
  KeyFacts facts_;
  Done done_;  // null: idle
  base::SteadyTime asked_at_{};
  bool closed_ = false;
};

}  // namespace herdgate::pipeline
