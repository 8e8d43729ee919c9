// The connector to the embedded store: a socket pair per lane.
//
// Threads: Connect on any loop. The server is borrowed and outlives the connector.
#pragma once

#include <memory>

#include "sidecar/upstream/connector.h"
#include "sidecar/upstream/memory/memory_server.h"

namespace herdgate::upstream {

std::unique_ptr<Connector> MakeMemoryConnector(MemoryServer& server);

}  // namespace herdgate::upstream
