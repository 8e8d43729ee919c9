// The little RESP2 that the herd speaks: commands out, replies of GET and SET in.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace herdgate::bench {

struct RespReply {
  enum class Kind {
    kValue,  // a bulk string, or +OK
    kNil,
    kError,
  };
  Kind kind = Kind::kNil;
  std::string_view text;  // of a value or an error; lives as long as the bytes that were parsed
};

enum class RespOutcome {
  kReply,
  kNeedMore,
  kMalformed,  // also what GET and SET are never answered
};

// Reads one reply from the front of `bytes`; `used` is its length.
RespOutcome ParseResp(std::string_view bytes, RespReply& reply, std::size_t& used);

std::string RespCommand(std::initializer_list<std::string_view> words);

}  // namespace herdgate::bench
