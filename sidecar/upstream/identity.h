// Identity: as whom a lane speaks to the upstream. Immutable and shared by the sessions and lanes of one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace herdgate::upstream {

struct Identity {
  // AUTH's arguments, password last; empty for a connection that does not authenticate. Never logged.
  std::vector<std::string> auth;
  // The name ACLs know: "default" unless AUTH named a user.
  std::string user = "default";
  // Grows when what a connection without AUTH may do has changed: a new one has to ask again.
  std::uint64_t generation = 0;

  bool operator==(const Identity&) const = default;
};
using IdentityPtr = std::shared_ptr<const Identity>;

// What makes two requests fit for one connection.
struct LaneKey {
  int proto = 2;
  std::uint32_t db = 0;
  IdentityPtr identity;

  bool operator==(const LaneKey& other) const {
    return proto == other.proto && db == other.db && (identity == other.identity || *identity == *other.identity);
  }
};

}  // namespace herdgate::upstream
