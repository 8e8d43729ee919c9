// NearParts: an MGET of which some values are in the near cache: only the others are asked upstream, and the app's
// reply is put together in the order of its keys.
//
// Threads: the client's loop. Ownership: of the request's NearNote, then of its PolicyWork::Awaited; holds the values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/cache/entry.h"

namespace herdgate::pipeline {

struct NearParts {
  struct Part {
    std::optional<cache::ValueRef> value;  // nothing: the upstream's next element
    std::size_t policy = 0;
  };
  std::vector<Part> parts;  // one for each key of the request, in its order
  int proto = 2;            // the client's when it asked
};

// The whole reply, from the upstream's. An error is the whole reply; so is one that has not as many elements as keys
// were asked for.
std::string Merge(const NearParts& near, std::string_view reply);

}  // namespace herdgate::pipeline
