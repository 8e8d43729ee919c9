// OfflineStage: what one loop's clients are told of the keys of cache policies while the upstream is away.
//
// A value that the near cache still has inside the policy's stale_if_error; else what Redis says of a missing key, or
// an error, as the policy wants. A delete is remembered and carried out before reads resume (RememberedDeletes);
// another write is an error. Only degradable commands come here (policy::RequestPlan::degradable): every other one
// waits for the upstream as it would without policies.
//
// Threads: its loop. Ownership: the Worker's; borrows the breaker, the deletes and the loop's context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/cache/near_types.h"
#include "sidecar/command/spec.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/remembered_deletes.h"
#include "sidecar/policy/policy.h"
#include "sidecar/upstream/breaker.h"

namespace herdgate::pipeline {

class OfflineStage {
 public:
  // `upstream`: its name, for people.
  OfflineStage(LoopContext& context, std::string upstream, const upstream::Breaker& breaker, RememberedDeletes& deletes)
      : context_(context), upstream_(std::move(upstream)), breaker_(breaker), deletes_(deletes) {}

  // Whether the upstream is away: nothing is sent to it that can be answered here.
  bool away() const { return !breaker_.closed(); }
  // Whether something old of each key that OfferStandby saw last may be answered.
  bool HasStaleOfAll() const;
  // The reply in the upstream's place; nothing if the upstream came back this very moment: send the command; empty if
  // the command has to wait for that. `args`:
  // with physical keys. `error`: one whole line, for what has no better answer. REQUIRES: policies are active.
  std::optional<std::string> Reply(const command::CommandSpec& spec, std::span<const std::string_view> args, int proto,
                                   const std::string& error);
  // Whether the store that stands in takes the command: the policies of all its keys want that, and the store has the
  // command. A key that is written is remembered, to be deleted in the upstream. kFull: it can't be.
  enum class Standby : std::uint8_t { kNo, kYes, kFull, kNotNow, kWait };
  Standby OfferStandby(const command::CommandSpec& spec, std::span<const std::string_view> args);
  // The database of the store that stands in which belongs to this outage: a write of an earlier one that came late is
  // not seen.
  std::uint32_t standby_db() const { return deletes_.outages() % kStandbyDatabases; }
  // The same for a read of keys whose version is not known; nothing where only an error is left.
  std::optional<std::string> ReplyUnnamed(const command::CommandSpec& spec, std::span<const std::string_view> args,
                                          std::size_t policy, int proto) const;
  // `client` deletes while what was remembered is carried out: it is resumed when that is over, in a moment.
  void Await(std::weak_ptr<Client> client) { waiting_.push_back(std::move(client)); }
  void ResumeWaiting();
  // Says that, why and for how long.
  std::string Unavailable() const;

 private:
  static constexpr std::uint32_t kStandbyDatabases = 16;

  struct Key {
    std::string_view name;  // physical
    std::size_t policy = 0;
  };

  const policy::Policy& PolicyOf(const Key& key) const;
  // False if some key belongs to no cache policy (any more).
  bool FindKeys(const command::CommandSpec& spec, std::span<const std::string_view> args);
  std::optional<cache::ValueRef> Stale(const Key& key) const;
  Remembered RememberKeys();
  std::optional<std::string> Remember();
  std::optional<std::string> Read(const command::CommandSpec& spec, std::span<const std::string_view> args, int proto);
  void CountReads(bool by_value, bool fails);
  std::optional<std::string> FromValues(std::string_view command, int proto);

  LoopContext& context_;
  const std::string upstream_;
  const upstream::Breaker& breaker_;
  RememberedDeletes& deletes_;
  std::vector<std::weak_ptr<Client>> waiting_;
  std::vector<Key> keys_;                               // of the command at hand
  std::vector<std::optional<cache::ValueRef>> values_;  // theirs, as far as the near cache has them
};

}  // namespace herdgate::pipeline
