// ClientCommands: CLIENT's subcommands on virtual sessions, over all loops. They never touch an upstream lane: CLIENT
// KILL TYPE normal closes app connections, not the sidecar's.
//
// Threads: the asking client's loop; other loops are asked by Post and answer by Post.
#pragma once

#include <functional>
#include <vector>

#include "sidecar/command/spec.h"
#include "sidecar/net/request_handler.h"
#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/kill_arguments.h"

namespace herdgate::pipeline {

class ClientCommands {
 public:
  // REQUIRES: the number of arguments fits the command.
  static net::Verdict Run(Client& client, const command::CommandSpec& spec, const resp::Request& request);

  // Runs `visit` on every loop for each of its clients, gathers the views for which it says true, and hands all of them
  // to `done` on the asking loop. With one loop `done` runs before Gather returns.
  static void Gather(LoopContext& asking, std::function<bool(Client&, const ClientView&)> visit,
                     std::function<void(std::vector<ClientView>)> done);

 private:
  static net::Verdict SetName(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict SetInfo(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict List(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict Kill(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static void KillMatching(Client& client, std::uint16_t command, net::ReplyQueue::SlotId slot,
                           const KillArguments& kill);
  static net::Verdict Unblock(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict Reply(Client& client, const command::CommandSpec& spec, const resp::Request& request);
};

}  // namespace herdgate::pipeline
