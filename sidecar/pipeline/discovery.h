// Discovery: learns the upstream's own commands and rules, at the start, after every reconnect, and after commands that
// may change them; publishes the result to all loops as immutable Facts.
//
// Until it has answered, and where COMMAND is denied, the built-in table serves.
// Threads: lives on one loop; other loops get the Facts by Post.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/side_query.h"

namespace herdgate::pipeline {

class Discovery {
 public:
  // `context` is the home loop's; its peers are complete. REQUIRES: on the home loop.
  explicit Discovery(LoopContext& context);

  // Ask again soon.
  void Refresh();
  void EverySecond();

 private:
  void Ask();
  void OnCommands(const std::string& reply);
  void OnDebugRule(const std::string& reply);
  void OnBulkLimit(const std::string& reply);
  void Publish();

  LoopContext& context_;
  Facts facts_;
  bool asking_ = false;
  bool wanted_ = false;
  base::SteadyTime asked_for_;  // the upstream's last "up since" that was asked about
};

}  // namespace herdgate::pipeline
