// What an operator can set about the data path as a whole.
#pragma once

#include <cstddef>

namespace herdgate::pipeline {

struct PipelineOptions {
  // Unsent replies of one client from which on its next commands run on a dedicated lane, so that a slow reader slows
  // down the upstream connection it has for itself and nobody else's.
  std::size_t slow_reader_bytes = 64UL * 1024 * 1024;
};

}  // namespace herdgate::pipeline
