#include "sidecar/pipeline/scan_reply.h"

#include <charconv>

namespace herdgate::pipeline {

std::string_view RunIdIn(std::string_view info) {
  constexpr std::string_view kName = "\nrun_id:";
  const std::size_t at = info.find(kName);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + kName.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::optional<ScanPage> ReadScanPage(const resp::Reply& reply) {
  if (reply.type != resp::ReplyType::kArray || reply.elements.size() != 2) return std::nullopt;
  ScanPage page;
  const std::string_view cursor = reply.elements[0].text;
  const auto parsed = std::from_chars(cursor.data(), cursor.data() + cursor.size(), page.cursor);
  if (parsed.ec != std::errc() || parsed.ptr != cursor.data() + cursor.size()) return std::nullopt;
  page.keys.reserve(reply.elements[1].elements.size());
  for (const resp::Reply& key : reply.elements[1].elements) page.keys.push_back(key.text);
  return page;
}

double ScanProgress(std::uint64_t cursor) {
  double progress = 0;
  for (double weight = 0.5; cursor != 0; cursor >>= 1U, weight /= 2) {
    if ((cursor & 1U) != 0) progress += weight;
  }
  return progress;
}

}  // namespace herdgate::pipeline
