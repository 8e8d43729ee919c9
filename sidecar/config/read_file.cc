#include "sidecar/config/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace herdgate::config {

base::Result<std::string> ReadFile(const std::string& path) {
  const auto failed = [&] {
    return base::Status(base::ErrorCode::kIo, "cannot read the file: " + std::generic_category().message(errno));
  };
  if (path.empty()) return base::Status(base::ErrorCode::kInvalidArgument, "the configuration file has no name");
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed();
  std::string text;
  std::array<char, 16384> buffer{};
  ssize_t got = 0;
  while (text.size() <= kMaxFileBytes && (got = read(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) {
    const base::Status status = failed();
    close(file);
    return status;
  }
  close(file);
  if (text.size() > kMaxFileBytes) {
    return base::Status(base::ErrorCode::kInvalidArgument, "larger than 1 MiB: surely not a configuration");
  }
  return text;
}

}  // namespace herdgate::config
