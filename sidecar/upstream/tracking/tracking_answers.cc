#include "sidecar/upstream/tracking/tracking_answers.h"

#include <algorithm>
#include <cstdlib>

namespace herdgate::upstream {

std::string Words(std::string_view line) {
  line.remove_prefix(line.starts_with('-') ? 1 : 0);
  return std::string(line.substr(0, line.find('\r')));
}

bool IsPassing(std::string_view error) {
  return error.starts_with("LOADING") || error.starts_with("BUSY") || error.starts_with("MASTERDOWN");
}

bool IsUnknownCommand(std::string_view error) {
  // "ERR Unknown subcommand or wrong number of arguments ..." before 7.0.
  return error.starts_with("ERR unknown command") || error.starts_with("ERR unknown subcommand") ||
         error.starts_with("ERR Unknown subcommand");
}

bool LacksResp3(std::string_view error) {
  return error.starts_with("NOPROTO") || error.starts_with("ERR unknown command");
}

bool SaysTrackingOn(const resp::Reply& info) {
  for (std::size_t i = 0; i + 1 < info.elements.size(); i += 2) {
    if (info.elements[i].text != "flags") continue;
    return std::ranges::any_of(info.elements[i + 1].elements,
                               [](const resp::Reply& flag) { return flag.text == "on"; });
  }
  return false;
}

std::string_view InfoField(const resp::Reply& info, std::string_view field) {
  if (!info.is_text()) return {};
  const std::string_view text = info.text;
  for (std::size_t at = text.find(field); at != std::string_view::npos; at = text.find(field, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    const std::string_view value = text.substr(at + field.size());
    return value.substr(0, value.find('\r'));
  }
  return {};
}

bool IsTooOldToTrack(std::string_view version) {
  constexpr int kLeastMajor = 7;
  const int major = std::atoi(std::string(version).c_str());
  return major > 0 && major < kLeastMajor;
}

}  // namespace herdgate::upstream
