// TlsIdentity: the certificate and key that an HTTPS listener shows, from two PEM files, replaced while it serves.
//
//   TlsIdentity identity(cert_file, key_file);
//   if (const base::Status status = identity.Load(); !status.ok()) ...
//   server.Channel([&](int fd) { return identity.Accept(fd); });
//
// A handshake shows what was loaded last; connections that are open keep what they began with. TLS 1.2 and 1.3, no
// renegotiation, no resumption: whoever connects sees the newest certificate.
// Threads: any. Ownership: channels don't borrow from it; who calls Accept does.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "sidecar/admin/http_channel.h"
#include "sidecar/base/result.h"

struct ssl_ctx_st;

namespace herdgate::admin {

class TlsIdentity {
 public:
  // Both are paths of PEM files: the certificate with those of its chain behind it, and its key without a password.
  TlsIdentity(std::string cert_file, std::string key_file);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  // Reads the files, for the first time or again. After an error that which was loaded before stays.
  // Errors: kIo (a file can't be read), kInvalidArgument (it holds no certificate or key, or not that of the other).
  base::Status Load();

  // The server's side of a handshake that is yet to be made; null if nothing is loaded or there is no memory.
  std::unique_ptr<HttpChannel> Accept(int fd) const;

  // When the certificate ends, in Unix seconds; 0 if nothing is loaded.
  std::int64_t not_after() const;

 private:
  const std::string cert_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<ssl_ctx_st> context_;
  std::int64_t not_after_ = 0;
};

}  // namespace herdgate::admin
