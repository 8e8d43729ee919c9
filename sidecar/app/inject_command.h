// `herdgate inject`: the flags of the admission webhook, and its run until SIGTERM.
//
//   herdgate inject --tls-cert FILE --tls-key FILE --image IMAGE [flags]
//
// Threads: main's, before any other starts; RunInject on main's too.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/inject_server.h"
#include "sidecar/base/log.h"
#include "sidecar/base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace herdgate::app {

struct InjectCommand {
  InjectServerOptions server;
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kAuto;
};

// What the user typed, as CLI11 collects it.
struct InjectTyped {
  std::string listen;
  std::string tls_cert;
  std::string tls_key;
  std::string image;
  std::string policies;
  std::string template_file;
  std::string mode;
  std::string on_mistake;
  std::vector<std::string> skip_namespaces;
  std::string telemetry;
  std::string shutdown_delay;
  std::string log_level;
  std::string log_format;
};

// Adds the command to `app`; `typed` outlives the parsing.
CLI::App* DescribeInject(CLI::App& app, InjectTyped& typed);
// The names of its flags, for "did you mean".
const std::vector<std::string_view>& InjectFlags();
// Errors (kInvalidArgument): every mistake of the flags, one a line.
base::Result<InjectCommand> ReadInject(const InjectTyped& typed);

// Serves until SIGTERM or SIGINT. The exit code; an error of the start is printed.
int RunInject(const InjectCommand& command);

}  // namespace herdgate::app
