// The memory keeper keeps the process small: it gives freed memory back after a burst, which malloc alone keeps, and
// once, right after the start, lets go of the library pages that only the start has touched.
//
// Threads: StartMemoryKeeper on the loop that does it; TuneAllocator before any thread starts.
#pragma once

#include "sidecar/net/loop.h"

namespace herdgate::app {

void TuneAllocator();
void StartMemoryKeeper(net::Loop& loop);

}  // namespace herdgate::app
