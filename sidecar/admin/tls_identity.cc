#include "sidecar/admin/tls_identity.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <fstream>
#include <utility>

namespace herdgate::admin {
namespace {

using base::ErrorCode;
using base::Status;

class TlsChannel final : public HttpChannel {
 public:
  // Takes `ssl` over.
  TlsChannel(SSL* ssl, int fd) : ssl_(ssl, &SSL_free), fd_(fd) {}
  ~TlsChannel() override { SayGoodbye(); }

  ssize_t Receive(char* to, std::size_t size) override {
    ERR_clear_error();
    return Outcome(SSL_read(ssl_.get(), to, Clamp(size)));
  }
  ssize_t Send(const char* from, std::size_t size) override {
    ERR_clear_error();
    return Outcome(SSL_write(ssl_.get(), from, Clamp(size)));
  }
  void EndSending() override {
    SayGoodbye();
    shutdown(fd_, SHUT_WR);
  }
  short Events(short wanted) const override { return waits_for_ != 0 ? waits_for_ : wanted; }
  bool has_unread() const override { return !broken_ && SSL_pending(ssl_.get()) > 0; }

 private:
  static int Clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

  ssize_t Outcome(int moved) {
    waits_for_ = 0;
    if (moved > 0) return moved;
    const int error = SSL_get_error(ssl_.get(), moved);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      waits_for_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      errno = EAGAIN;
      return -1;
    }
    // No TLS at all, a refused handshake, or a connection that was cut: nothing more may be asked of it.
    broken_ = true;
    errno = ECONNRESET;
    return -1;
  }

  void SayGoodbye() {
    if (broken_ || SSL_is_init_finished(ssl_.get()) == 0) return;
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get());
  }

  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  const int fd_;
  short waits_for_ = 0;  // 0: whatever the connection waits for
  bool broken_ = false;
};

// OpenSSL would say less: whether the file is there at all.
Status Readable(const std::string& what, const std::string& file) {
  errno = 0;
  std::ifstream in(file);
  if (in && in.peek() != std::ifstream::traits_type::eof()) return {};
  const std::string why = errno != 0 ? std::strerror(errno) : "it is empty";
  return {ErrorCode::kIo, "can't read the " + what + " " + file + ": " + why};
}

std::shared_ptr<SSL_CTX> MakeContext() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // A key with a password is refused instead of asked for on the terminal.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  return context;
}

std::int64_t EndOf(SSL_CTX* context) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return timegm(&end);
}

}  // namespace

TlsIdentity::TlsIdentity(std::string cert_file, std::string key_file)
    : cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {}
TlsIdentity::~TlsIdentity() = default;

Status TlsIdentity::Load() {
  if (Status status = Readable("certificate", cert_file_); !status.ok()) return status;
  if (Status status = Readable("key", key_file_); !status.ok()) return status;
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context = MakeContext();
  if (!context) return {ErrorCode::kInternal, "OpenSSL has no memory for a TLS listener"};
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file_.c_str()) != 1)
    return {ErrorCode::kInvalidArgument,
            "the certificate " + cert_file_ + " holds no PEM certificate that can be used"};
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file_.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return {ErrorCode::kInvalidArgument,
            "the key " + key_file_ + " holds no PEM key without a password that belongs to " + cert_file_};
  }
  const std::lock_guard lock(mutex_);
  not_after_ = EndOf(context.get());
  context_ = std::move(context);
  return {};
}

std::unique_ptr<HttpChannel> TlsIdentity::Accept(int fd) const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  if (!context) return nullptr;
  // Holds a reference to the context of its own.
  SSL* const ssl = SSL_new(context.get());
  if (ssl == nullptr) return nullptr;
  auto channel = std::make_unique<TlsChannel>(ssl, fd);
  if (SSL_set_fd(ssl, fd) != 1) return nullptr;
  SSL_set_accept_state(ssl);
  return channel;
}

std::int64_t TlsIdentity::not_after() const {
  const std::lock_guard lock(mutex_);
  return not_after_;
}

}  // namespace herdgate::admin
