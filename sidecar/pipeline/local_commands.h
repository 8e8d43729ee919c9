// LocalCommands: the commands that a virtual session answers itself: HELLO AUTH SELECT RESET QUIT READONLY and CLIENT
// *.
//
// Malformed ones are sent to the upstream, which words the error and changes nothing.
// Threads: the client's loop. Stateless: everything lives in Client and LoopContext.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/spec.h"
#include "sidecar/net/request_handler.h"
#include "sidecar/pipeline/client.h"

namespace herdgate::pipeline {

// HELLO's arguments, or the error line that Redis gives for them.
struct HelloArguments {
  std::optional<int> proto;
  std::vector<std::string> auth;  // user and password, or empty
  std::optional<std::string> name;
  std::string error;
};
HelloArguments ParseHello(std::span<const std::string_view> args);

class LocalCommands {
 public:
  // REQUIRES: spec.command_class == kLocal
  static net::Verdict Run(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  // CLIENT TRACKING ON: REDIRECT names a virtual id, which is translated.
  static net::Verdict TrackingOn(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  // Whether the command can change what the sidecar has learned from the upstream.
  static bool ChangesUpstream(const command::CommandSpec& spec, const resp::Request& request);
  // Whether it can change what a client that has not said AUTH may do.
  static bool ChangesLogins(const command::CommandSpec& spec, const resp::Request& request);

  // The upstream's reply to HELLO with the client's own id in it; errors stay as they are.
  static std::string HelloForClient(std::string_view reply, std::uint64_t id);
  // The same of CLIENT TRACKINGINFO, with the virtual id of the redirect's target.
  static std::string TrackingInfoForClient(std::string_view reply, std::int64_t redirect);
  // A SELECT, HELLO or AUTH that a dedicated lane has accepted: `raw` is the request.
  static void ApplyAccepted(Client& client, std::string_view raw);

 private:
  static net::Verdict Hello(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict Auth(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict Select(Client& client, const command::CommandSpec& spec, const resp::Request& request);
  static net::Verdict Reset(Client& client, const command::CommandSpec& spec);
  static void AnswerHello(Client& client, std::uint16_t command, net::ReplyQueue::SlotId slot, int proto);
};

}  // namespace herdgate::pipeline
