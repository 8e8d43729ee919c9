// ClientView: one client as CLIENT LIST and CLIENT KILL see it, and the line that Redis would print for it.
//
// Plain values, copied on the client's loop; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace herdgate::pipeline {

struct ClientView {
  std::uint64_t id = 0;
  std::string address;
  std::string local_address;
  int fd = 0;
  std::string name;
  std::int64_t age_s = 0;
  std::int64_t idle_s = 0;
  std::string flags = "N";
  std::uint32_t db = 0;
  std::int64_t channels = 0;
  std::int64_t patterns = 0;
  std::int64_t shards = 0;
  std::int64_t multi = -1;  // commands queued in a transaction
  std::size_t input_bytes = 0;
  std::size_t output_bytes = 0;
  std::string last_command = "NULL";
  std::string user = "default";
  std::int64_t redirect = -1;
  int proto = 2;
  std::string lib_name;
  std::string lib_version;
  std::int64_t queries = 0;
  std::int64_t blocked_upstream_id = 0;  // the upstream's id of the connection that blocks for it

  bool is_replica = false;

  bool is_pubsub() const { return channels + patterns + shards > 0; }
};

// Which fields CLIENT LIST has, by the upstream's release.
struct ClientLineFormat {
  bool has_shards = true;    // 7.0.3
  bool has_library = false;  // 7.2
};

// One line with its newline, fields in Redis' order.
std::string FormatClientLine(const ClientView& view, const ClientLineFormat& format);

// CLIENT KILL's and CLIENT LIST's conditions.
struct ClientFilter {
  std::uint64_t id = 0;  // 0: any
  std::string address;
  std::string local_address;
  std::string user;
  std::string type;            // "", normal, pubsub, master, replica
  std::int64_t max_age_s = 0;  // 0: any
  std::uint64_t skip_id = 0;

  bool Matches(const ClientView& view) const;
};

}  // namespace herdgate::pipeline
