// What an operator can set about the data path as a whole.
#pragma once

#include <chrono>
#include <cstddef>

namespace herdgate::pipeline {

struct PipelineOptions {
  // Unsent replies of one client from which on its next commands run on a dedicated lane, so that a slow reader slows
  // down the upstream connection it has for itself and nobody else's.
  std::size_t slow_reader_bytes = 64UL * 1024 * 1024;
  // How long a command waits for the generation of its policy, at start or while the upstream can't be reached, before
  // it gets an error.
  std::chrono::milliseconds generation_timeout{2000};
  // The upstream is this process's own store: no other sidecar can have written to it.
  bool embedded = false;
};

}  // namespace herdgate::pipeline
