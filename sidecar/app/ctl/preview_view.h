// What ctl shows of a Preview of the API, before it asks.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

std::vector<std::string> PreviewLines(JsonView preview, const Style& style);
// While it counts: "counting: 1,200,000 of 3,000,000 keys".
std::string CountingLine(JsonView preview, const Style& style);

// How to ask. An empty question: not at all.
struct Question {
  std::string text;
  std::string word;        // to be typed; empty: y or yes
  std::string other_word;  // taken for `word` as well: as it was given on the command line
};
Question QuestionOf(JsonView preview, const Style& style);
bool IsYes(const Question& question, const std::string& typed);

}  // namespace herdgate::app
