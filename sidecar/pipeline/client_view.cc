#include "sidecar/pipeline/client_view.h"

#include <fmt/format.h>

namespace herdgate::pipeline {

std::string FormatClientLine(const ClientView& view, const ClientLineFormat& format) {
  std::string line = fmt::format("id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={}",
                                 view.id, view.address, view.local_address, view.fd, view.name, view.age_s, view.idle_s,
                                 view.flags, view.db, view.channels, view.patterns);
  if (format.has_shards) line += fmt::format(" ssub={}", view.shards);
  line += fmt::format(
      " multi={} qbuf={} qbuf-free={} argv-mem={} multi-mem={} rbs={} rbp={} obl={} oll={} omem={} tot-mem={} "
      "events={} cmd={} "
      "user={} redir={} resp={}",
      view.multi, view.input_bytes, view.input_bytes == 0 ? 0 : 16384, 10, 0, 1024, 0, 0, view.output_bytes > 0 ? 1 : 0,
      view.output_bytes, 1024 + view.input_bytes + view.output_bytes, view.output_bytes > 0 ? "rw" : "r",
      view.last_command, view.user, view.redirect, view.proto);
  if (format.has_library) line += fmt::format(" lib-name={} lib-ver={}", view.lib_name, view.lib_version);
  line += '\n';
  return line;
}

bool ClientFilter::Matches(const ClientView& view) const {
  if (id != 0 && view.id != id) return false;
  if (skip_id != 0 && view.id == skip_id) return false;
  if (!address.empty() && view.address != address) return false;
  if (!local_address.empty() && view.local_address != local_address) return false;
  if (!user.empty() && view.user != user) return false;
  if (max_age_s != 0 && view.age_s < max_age_s) return false;
  if (type.empty()) return true;
  return type == (view.is_replica ? "replica" : view.is_pubsub() ? "pubsub" : "normal");
}

}  // namespace herdgate::pipeline
