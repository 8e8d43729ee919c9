// Connection: one non-blocking TCP connection to 127.0.0.1 that counts its bytes.
//
// Threads: one owner. Errors: a connection that the other end closed or reset is closed(); what came before is kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/differential/reply_text.h"

namespace herdgate::differential {

class Connection {
 public:
  Connection() = default;
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool Open(int port);
  // Forgets the replies too.
  void Close();
  bool is_open() const { return fd_ >= 0; }
  // The other end sent its last byte.
  bool closed() const { return closed_; }
  int fd() const { return fd_; }

  // Reads all that is there now.
  void Read();
  // Writes what the socket takes; the number of bytes. 0 also if it is broken.
  std::size_t Write(std::string_view bytes);
  void HalfClose();
  // Adds what is sent and received from now on to these, which must outlive the connection.
  void CountInto(uint64_t* sent, uint64_t* received) {
    total_sent_ = sent;
    total_received_ = received;
  }

  const ReplyText& in() const { return in_; }
  ReplyText& in() { return in_; }

 private:
  int fd_ = -1;
  bool closed_ = false;
  ReplyText in_;
  uint64_t* total_sent_ = nullptr;
  uint64_t* total_received_ = nullptr;
};

}  // namespace herdgate::differential
