// Health: what the probes ask of the sidecar, and the text they get.
//
//   /livez      live:    the process does its work; a no makes Kubernetes restart it, so it never depends on the
//   upstream /startupz   started: the listeners are open; a no holds the app's containers back /readyz     ready:
//   commands can be served; a no takes the pod out of its Services
//
// A check may be shown as failed while `ready` is true: whether the upstream counts is the owner's choice.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace herdgate::admin {

struct HealthCheck {
  std::string name;  // one word, such as "upstream"
  bool ok = false;
  std::string detail{};  // why not, one line, without secrets; shown only if !ok
};

struct Health {
  bool live = true;
  bool started = false;
  bool ready = false;
  std::vector<HealthCheck> checks{};
};

// One line a check, `[+]upstream ok` or `[-]upstream failed: connection refused`, and a last one with the verdict.
std::string VerboseHealth(std::string_view probe, bool passed, const std::vector<HealthCheck>& checks);

}  // namespace herdgate::admin
