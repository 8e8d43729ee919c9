#include "sidecar/pipeline/monitor_filter.h"

namespace herdgate::pipeline {

std::string MonitorFilter::Take(std::string_view bytes) {
  partial_.append(bytes);
  std::string shown;
  std::size_t at = 0;
  while (true) {
    const auto end = partial_.find('\n', at);
    if (end == std::string::npos) break;
    const auto line = std::string_view(partial_).substr(at, end + 1 - at);
    if (!IsOwn(line)) shown.append(line);
    at = end + 1;
  }
  partial_.erase(0, at);
  return shown;
}

bool MonitorFilter::IsOwn(std::string_view line) const {
  const auto open = line.find(" [");
  const auto close = line.find("] ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  const auto command = line.substr(close + 2);
  if (!command.starts_with("\"HELLO\" ") && !command.starts_with("\"SELECT\" ")) return false;
  const auto space = line.find(' ', open + 2);
  return space < close && own_.Has(line.substr(space + 1, close - space - 1));
}

}  // namespace herdgate::pipeline
