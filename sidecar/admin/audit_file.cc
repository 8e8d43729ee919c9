#include "sidecar/admin/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace herdgate::admin {
namespace {

// Unless somebody else has written behind it.
void TakeBack(int fd, const struct stat& before, ssize_t written) {
  struct stat now {};
  if (!S_ISREG(before.st_mode) || written <= 0) return;
  if (fstat(fd, &now) != 0 || now.st_size != before.st_size + written) return;
  (void)!ftruncate(fd, before.st_size);
}

// Pipes and terminals have nothing to be written through to.
bool Sync(int fd) {
  return fsync(fd) == 0 || errno == EINVAL;
}

bool WriteWhole(int fd, std::string_view line) {
  struct stat before {};
  if (fstat(fd, &before) != 0) return false;
  const ssize_t written = write(fd, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return Sync(fd);
  TakeBack(fd, before, written);
  return false;
}

}  // namespace

bool AppendLine(const std::string& path, std::string_view line) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int fd = open(path.c_str(), flags, 0600);
  if (fd < 0) return false;
  const bool written = WriteWhole(fd, line);
  return close(fd) == 0 && written;
}

}  // namespace herdgate::admin
