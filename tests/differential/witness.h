// Witness: what a redis-server says of its own state on a connection beside the clients'.
//
// It is how a run knows, without guessing from silence, that a server has read all that was sent and has sent all that
// it will: the next client's pipeline may begin. Threads: one owner.
#pragma once

#include <cstdint>
#include <string>

#include "tests/differential/connection.h"

namespace herdgate::differential {

class Witness {
 public:
  struct State {
    uint64_t input_bytes = 0;   // of all connections, this question included
    uint64_t output_bytes = 0;  // of all connections, this answer not included
    uint64_t clients = 0;       // connected, this one included
    uint64_t blocked = 0;
    bool output_waits = false;  // some client has replies that are not written yet, or is being closed
  };

  // Connects and asks the server for every command container some times. A hash table of Redis moves its entries a step
  // at each look-up, so COMMAND would list subcommands by how often they were used, and Herdgate uses CONFIG at its
  // start.
  bool Open(int port);
  // The server's answer now; false if it gives none within ten seconds.
  bool Ask(State& state);
  Connection& connection() { return connection_; }

 private:
  Connection connection_;
};

}  // namespace herdgate::differential
