// What the replies say that scans of the whole keyspace need: INFO's run_id, DBSIZE, and SCAN's pages.
//
// Threads: pure functions. The views are the reply's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {

// Empty: it does not say.
std::string_view RunIdIn(std::string_view info);

struct ScanPage {
  std::uint64_t cursor = 0;
  std::vector<std::string_view> keys{};
};
// Nothing if it is no page.
std::optional<ScanPage> ReadScanPage(const resp::Reply& reply);

// Which part of the keyspace lies behind a cursor, 0 to 1: Redis counts its buckets with the bits of their number
// reversed (Pieter Noordhuis), so this is so whatever the table's size.
double ScanProgress(std::uint64_t cursor);

}  // namespace herdgate::pipeline
