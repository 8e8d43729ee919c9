// ParseCommandLine: argv -> what main has to do, with nothing printed and nothing started.
//
//   herdgate serve [--config FILE] [flags]   Action::kServe with the options: defaults, then the file, then the flags
//   herdgate check FILE                      Action::kExit: 0 and one line, or 2 and every problem of the file
//   herdgate bump FILE POLICY                Action::kBump with the options of the file, and the policy
//   herdgate ctl COMMAND ...                 Action::kCtl with what ctl/ctl_command_line.h made of the rest
//   herdgate explain FILE KEY...             Action::kExit: 0 and what becomes of each key, or 2 as check does
//   herdgate token NAME SCOPES               Action::kExit: 0, a new token and its line of the file
//   herdgate inject [flags]                  Action::kInject with what inject_command.h says
//   herdgate version | --version | --help    Action::kExit: 0 and the text
//   anything else                            Action::kExit: 2 and one line for each mistake
//
// Every line of `err` starts with "herdgate: " or with the position in the file that was asked about. No value
// of a flag is ever repeated, because a URL may hold a password. Threads: main's, before any other starts. Reads the
// configuration file; throws nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "sidecar/app/ctl/ctl_request.h"
#include "sidecar/app/exit_code.h"
#include "sidecar/app/inject_command.h"
#include "sidecar/config/loader.h"
#include "sidecar/config/options.h"

namespace herdgate::app {

struct CommandLine {
  enum class Action : unsigned char { kServe, kBump, kCtl, kInject, kExit };

  Action action = Action::kExit;
  // kServe, kBump
  config::Options options;
  // kBump
  std::string policy;
  // kCtl
  CtlRequest ctl;
  // kInject
  InjectCommand inject;
  // kServe
  std::string config_file;  // empty if none was given
  // Reads the file again, lets the flags override it again, and looks for conflicts, as at the start. REQUIRES:
  // config_file is given. Threads: any, one at a time.
  std::function<config::Loaded()> load_again;
  // kExit: print the texts, each ending with a line break unless empty, then exit.
  int exit_code = kExitOk;
  std::string out;
  std::string err;
};

// `root` stands for "/" in tests, where the cgroup's memory limit is looked up.
CommandLine ParseCommandLine(int argc, const char* const* argv, const std::filesystem::path& root = "/");

}  // namespace herdgate::app
