#include "sidecar/admin/health.h"

namespace herdgate::admin {
namespace {

// Keeps a detail on its line, whatever an error text brought along.
void AppendLine(std::string& to, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    to += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
}

}  // namespace

std::string VerboseHealth(std::string_view probe, bool passed, const std::vector<HealthCheck>& checks) {
  std::string text;
  for (const HealthCheck& check : checks) {
    text += check.ok ? "[+]" : "[-]";
    AppendLine(text, check.name);
    text += check.ok ? " ok" : " failed";
    if (!check.ok && !check.detail.empty()) {
      text += ": ";
      AppendLine(text, check.detail);
    }
    text += '\n';
  }
  text.append(probe).append(passed ? " check passed\n" : " check failed\n");
  return text;
}

}  // namespace herdgate::admin
