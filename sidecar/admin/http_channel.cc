#include "sidecar/admin/http_channel.h"

#include <sys/socket.h>

namespace herdgate::admin {
namespace {

class PlainChannel final : public HttpChannel {
 public:
  explicit PlainChannel(int fd) : fd_(fd) {}

  ssize_t Receive(char* to, std::size_t size) override { return recv(fd_, to, size, 0); }
  ssize_t Send(const char* from, std::size_t size) override { return send(fd_, from, size, MSG_NOSIGNAL); }
  void EndSending() override { shutdown(fd_, SHUT_WR); }
  short Events(short wanted) const override { return wanted; }
  bool has_unread() const override { return false; }

 private:
  const int fd_;
};

}  // namespace

std::unique_ptr<HttpChannel> MakePlainChannel(int fd) {
  return std::make_unique<PlainChannel>(fd);
}

}  // namespace herdgate::admin
