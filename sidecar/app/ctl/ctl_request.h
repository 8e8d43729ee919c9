// CtlRequest: what `herdgate ctl` was asked for, as its command line says.
//
// Threads: a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/app/ctl/admin_url.h"

namespace herdgate::app {

struct CtlRequest {
  enum class Verb : unsigned char {
    kStatus,
    kTop,
    kInspect,
    kInvalidate,
    kBump,  // the policy in `targets`; all else as kInvalidate
    kJobs,
    kJob,
    kPause,
    kResume,
    kCancel,
    kFollow,
    kReport,
    kBypass,
    kBypassOn,
    kBypassOff,
  };

  Verb verb = Verb::kStatus;
  AdminUrl url;
  std::string token_file;     // given; else empty
  std::string token;          // of the environment; else empty
  std::string default_token;  // the path of the file that sidecar/run.sh makes; empty if there is no home
  bool json = false;

  std::uint64_t limit = 20;  // kTop
  std::string job;           // kJob to kReport
  std::string key;           // kInspect: bytes
  bool value = false;        // kInspect: show it
  std::optional<std::uint64_t> database;
  std::uint64_t seconds = 0;          // kBypassOn
  std::vector<std::string> policies;  // kBypassOn; empty: all

  // kInvalidate
  std::string kind;                  // as the API names it
  std::vector<std::string> targets;  // keys as bytes; one prefix, pattern, tag or policy; of everything none
  bool hard = false;
  std::string scope = "both";
  std::optional<std::uint64_t> rate;  // keys a second
  bool yes = false;                   // does not ask
  bool preview = false;               // only shows
  bool detach = false;                // does not follow
};

}  // namespace herdgate::app
