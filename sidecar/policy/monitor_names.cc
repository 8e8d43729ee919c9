#include "sidecar/policy/monitor_names.h"

#include <cstddef>

namespace herdgate::policy {
namespace {

// Behind the last byte of the quoted text whose first byte is at `begin`.
std::size_t QuotedEnd(std::string_view text, std::size_t begin) {
  std::size_t at = begin;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at < text.size() ? at : text.size();
}

}  // namespace

std::string ShowMonitored(const Snapshot& snapshot, std::string_view lines) {
  std::string shown;
  std::size_t at = 0;
  while (true) {
    const std::size_t quote = lines.find('"', at);
    if (quote == std::string_view::npos) return shown.append(lines.substr(at));
    const std::size_t end = QuotedEnd(lines, quote + 1);
    shown.append(lines.substr(at, quote + 1 - at)).append(snapshot.Logical(lines.substr(quote + 1, end - quote - 1)));
    if (end >= lines.size()) return shown;
    shown += '"';
    at = end + 1;
  }
}

}  // namespace herdgate::policy
