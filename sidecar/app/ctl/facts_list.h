// FactsList: labels and what is to be said of each, wrapped to the width of the terminal.
//
//   upstream   redis://redis:6379  connected  breaker closed
//
// Threads: one owner.
#pragma once

#include <string>
#include <vector>

#include "sidecar/app/ctl/text_table.h"

namespace herdgate::app {

class FactsList {
 public:
  explicit FactsList(const Style& style) : style_(style) {}

  // Empty pieces are left out, and a fact without any.
  void Add(const std::string& label, const std::vector<TextTable::Cell>& pieces);
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  static constexpr std::size_t kIndent = 11;

  const Style style_;
  std::vector<std::string> lines_;
};

// The lines as one text.
std::string Joined(const std::vector<std::string>& lines);

}  // namespace herdgate::app
