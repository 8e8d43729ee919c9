// Monitor: what Redis itself executes from now on, as MONITOR on a direct connection shows it.
//
// Threads: one owner.
#pragma once

#include <string>
#include <string_view>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

class Monitor {
 public:
  explicit Monitor(RawClient direct) : client_(std::move(direct)) { client_.Do({"MONITOR"}); }

  // The commands since the last call that hold `word`, one a line, without time and address: [db] "SET" "k" "v".
  // `other`: a direct connection by which the end is found.
  std::string Commands(RawClient& other, std::string_view word) {
    const std::string mark = "monitor-mark-" + std::to_string(++marks_);
    other.Do({"ECHO", mark});
    std::string seen = client_.ReadUntil(mark + "\"\r\n");
    std::string commands;
    while (!seen.empty()) {
      const std::size_t end = seen.find("\r\n");
      const std::string line = seen.substr(0, end);
      seen.erase(0, end == std::string::npos ? end : end + 2);
      if (line.find(word) == std::string::npos) continue;
      const std::size_t database = line.find('[');
      const std::size_t space = line.find(' ', database);
      const std::size_t close = line.find("] ", database);
      if (close == std::string::npos) continue;
      commands += line.substr(database, space - database) + "] " + line.substr(close + 2) + "\n";
    }
    return commands;
  }

 private:
  RawClient client_;
  int marks_ = 0;
};

}  // namespace herdgate::integration
