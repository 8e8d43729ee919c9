// Facts: what the sidecar has learned from the upstream; immutable, swapped whole on each loop.
#pragma once

#include <cstdint>
#include <memory>

#include "sidecar/command/table.h"

namespace herdgate::pipeline {

struct Facts {
  std::shared_ptr<const command::Table> table;
  std::int64_t max_bulk_bytes = 512LL * 1024 * 1024;
  // The upstream allows DEBUG / MODULE to local connections only, and takes ours for one: clients that are not local to
  // the sidecar must be refused here.
  bool debug_is_local = false;
  bool module_is_local = false;
};
using FactsPtr = std::shared_ptr<const Facts>;

}  // namespace herdgate::pipeline
