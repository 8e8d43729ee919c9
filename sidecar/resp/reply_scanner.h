// ReplyScanner finds where replies end in an upstream's byte stream, RESP2 and RESP3, without holding or copying them.
//
// Bytes are given in order, in pieces of any size, each byte once. Scan looks at the front of `input` and stops at the
// end of the reply under way:
//   bytes     how many bytes at the front of `input` belong to this reply (0 only if input is empty or broken);
//   complete  whether the reply ended with them. If not, all of `input` was taken.
// The caller passes those bytes on at once; a large bulk streams through in pieces.
// Everything a reply may be: + - : $ * _ # , ( ! = % ~ and pushes (>) as frames of their own; attributes (|) belong to
// the reply that follows them; streamed strings ($? and ;) and streamed aggregates (*? %? ~? with a closing .), nested
// to Limits::max_nesting; fixed-length nesting without limit (only a count is kept). A push inside an aggregate is an
// element of it (Redis does that for SUBSCRIBE inside MULTI).
//
// kind() is the first byte of the reply under way or just ended, attributes skipped ('-' or '!' is an error, '>' a
// push); 0 before its first byte was seen.
//
// A length of -1 is a null, for any type that has a length but pushes, attributes and chunks. A one-line reply ends
// with
// "\r\n"; a lone '\n' in it is text.
//
// Threads: one owner. Errors: a byte stream that is no RESP sets failed(); the connection is then useless.
// Cost: one branchy pass over headers, none over bulk bodies; `$` and one-line replies whole in `input` take a fast
// path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sidecar/resp/limits.h"
#include "sidecar/resp/reply_header.h"

namespace herdgate::resp {

class ReplyScanner {
 public:
  struct Progress {
    std::size_t bytes = 0;
    bool complete = false;
  };

  explicit ReplyScanner(const Limits& limits);

  Progress Scan(std::string_view input);
  // True between replies.
  bool idle() const;
  char kind() const { return kind_; }
  bool failed() const { return failed_; }
  // Forgets everything: for a new connection.
  void Reset();

 private:
  enum class State : unsigned char { kHeader, kLine, kBody };
  // An open streamed aggregate.
  struct Streamed {
    std::uint64_t owed_outside;  // owed_ of the level around it
    std::uint64_t unit;          // replies that come together: 2 in a map
  };
  bool Complete() const;
  void Fail() { failed_ = true; }
  // Each takes bytes at the front of `rest` and returns how many.
  std::size_t Step(std::string_view rest);
  std::size_t TakeHeader(std::string_view rest);
  std::size_t TakeLine(std::string_view rest);
  std::size_t TakeBody(std::string_view rest);
  void BeginElement(char type);
  void EndHeader(std::string_view header);
  void OpenStreamed(char type);
  void CloseStreamed();
  void Owe(std::uint64_t replies);

  const Limits& limits_;
  State state_ = State::kHeader;
  bool started_ = false;  // some byte of the reply under way was seen
  bool failed_ = false;
  bool chunked_ = false;          // inside a streamed string: only chunks may come
  bool carriage_return_ = false;  // the last byte of the line so far was '\r'
  char kind_ = 0;
  unsigned char header_bytes_ = 0;
  std::uint64_t owed_ = 0;       // replies still to come in the innermost streamed aggregate, or in all
  std::uint64_t body_left_ = 0;  // with its line end
  std::vector<Streamed> streamed_;
  std::array<char, kMostReplyHeaderBytes> header_{};  // the front of a header that a piece cut in two
};

}  // namespace herdgate::resp
