#include "sidecar/admin/web_files.h"

namespace herdgate::admin {

std::optional<WebFile> FindWebFile(std::string_view path) {
  if (path.empty()) path = "index.html";
  for (const WebFile& file : WebFiles()) {
    if (file.path == path) return file;
  }
  return std::nullopt;
}

}  // namespace herdgate::admin
