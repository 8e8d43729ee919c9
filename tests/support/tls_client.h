// TlsClient: an HTTPS client on OpenSSL alone, which trusts one authority and expects injector.test.
//
// Threads: one owner. Ownership: its socket.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace herdgate::test {

class TlsClient {
 public:
  // Connects; the handshake is Handshake's.
  TlsClient(std::uint16_t port, const std::string& ca_file, int max_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    SSL_CTX_load_verify_locations(context_.get(), ca_file.c_str(), nullptr);
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~TlsClient() {
    ssl_.reset();
    close(fd_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool Handshake() {
    ssl_.reset(SSL_new(context_.get()));
    SSL_set1_host(ssl_.get(), "injector.test");
    SSL_set_tlsext_host_name(ssl_.get(), "injector.test");
    SSL_set_fd(ssl_.get(), fd_);
    return connected_ && SSL_connect(ssl_.get()) == 1;
  }
  // The common name of the peer's certificate. REQUIRES: Handshake succeeded.
  std::string PeerName() const {
    std::array<char, 256> name{};
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(ssl_.get()), &X509_free);
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
    return name.data();
  }
  int version() const { return SSL_version(ssl_.get()); }
  int fd() const { return fd_; }

  bool Send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  // One answer with a Content-Length; what came of it if the peer ends first.
  std::string ReadAnswer() {
    while (!HasAnswer()) {
      std::array<char, 4096> chunk{};
      const int got = SSL_read(ssl_.get(), chunk.data(), chunk.size());
      if (got <= 0) break;
      in_.append(chunk.data(), static_cast<std::size_t>(got));
    }
    const std::size_t size = HasAnswer() ? AnswerSize() : in_.size();
    const std::string answer = in_.substr(0, size);
    in_.erase(0, size);
    return answer;
  }
  // True if the peer said that it sends nothing more, as TLS wants it said.
  bool AtCleanEnd() {
    char byte = 0;
    const int got = SSL_read(ssl_.get(), &byte, 1);
    return got == 0 && SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  std::size_t AnswerSize() const {
    const std::size_t head = in_.find("\r\n\r\n");
    const std::size_t length = in_.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos || length > head) return 0;
    return head + 4 + std::strtoul(in_.c_str() + length + 16, nullptr, 10);
  }
  bool HasAnswer() const { return AnswerSize() != 0 && in_.size() >= AnswerSize(); }

  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  int fd_ = -1;
  bool connected_ = false;
  std::string in_;
};

}  // namespace herdgate::test
