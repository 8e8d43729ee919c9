// The memory keeper gives freed memory back to the system after a burst; malloc alone keeps it.
//
// Threads: StartMemoryKeeper on the loop that does it; TuneAllocator before any thread starts.
#pragma once

#include "sidecar/net/loop.h"

namespace herdgate::app {

void TuneAllocator();
void StartMemoryKeeper(net::Loop& loop);

}  // namespace herdgate::app
