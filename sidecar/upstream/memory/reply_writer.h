// ReplyWriter appends replies in the protocol that the client speaks at that moment.
//
// A reply has a bound: a bulk string that would make the bytes written longer than `most_bytes` is replaced by an
// error, so that no MGET or EXEC of large values can take memory without limit. Threads: the store's loop. `out` and
// `proto` are borrowed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/resp/encoder.h"

namespace herdgate::upstream::memory {

class ReplyWriter {
 public:
  ReplyWriter(std::string& out, const int& proto, std::size_t most_bytes)
      : out_(out), proto_(proto), most_bytes_(most_bytes) {}

  int proto() const { return proto_; }
  std::string& out() { return out_; }
  std::size_t errors() const { return errors_; }

  void Simple(std::string_view text) { resp::AppendSimple(out_, text); }
  void Ok() { out_.append("+OK\r\n"); }
  // With its code: "ERR syntax error".
  void Error(std::string_view text) {
    ++errors_;
    resp::AppendError(out_, text);
  }
  void Integer(std::int64_t value) { resp::AppendInteger(out_, value); }
  void Count(std::size_t value) { Integer(static_cast<std::int64_t>(value)); }
  void Bulk(std::string_view value) {
    if (out_.size() + value.size() > most_bytes_) {
      Error("ERR herdgate: the reply is larger than the embedded store can give");
      return;
    }
    resp::AppendBulk(out_, value);
  }
  void BulkInteger(std::int64_t value) { Bulk(std::to_string(value)); }
  void Null() { resp::AppendNull(out_, proto_); }
  void NullArray() { resp::AppendNullArray(out_, proto_); }
  void Array(std::size_t count) { resp::AppendArrayHeader(out_, count); }
  void Map(std::size_t pairs) { resp::AppendMapHeader(out_, pairs, proto_); }
  void Set(std::size_t count) { resp::AppendSetHeader(out_, count, proto_); }
  void Push(std::size_t count) { resp::AppendPushHeader(out_, count, proto_); }
  void Verbatim(std::string_view text) { resp::AppendVerbatim(out_, text, proto_); }

 private:
  std::string& out_;
  const int& proto_;
  const std::size_t most_bytes_;
  std::size_t errors_ = 0;
};

}  // namespace herdgate::upstream::memory
