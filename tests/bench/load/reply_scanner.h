// ReplyScanner finds where RESP replies end and says what each one was, without keeping a byte of it.
//
// It is fed whatever a read returned, at any split. Bodies are skipped, so a 64 KiB value costs one addition.
// An array is summed up flat: how many bulk strings it held, how many of them were nil, how many bytes in all.
// Threads: one owner. Errors: after kMalformed the stream can't be read on; the connection is lost.
//
//   reply = line | '$' LENGTH CRLF (bytes CRLF)? | '*' COUNT CRLF reply*
//   line  = ('+' | '-' | ':' | '_' | ',' | '#') text CRLF
#pragma once

#include <cstdint>
#include <string>

namespace herdgate::bench {

class ReplyScanner {
 public:
  enum class Outcome { kNeedMore, kReply, kMalformed };

  struct Reply {
    char type = 0;            // the first byte: '+', '-', ':', '$', '*', '_'
    int64_t length = 0;       // bulk length or array count; -1 is nil
    uint64_t bulks = 0;       // bulk strings that are not nil, nested ones included
    uint64_t nils = 0;        // nil bulks, nested ones included; a nil reply counts one
    uint64_t bulk_bytes = 0;  // sum of the bulk lengths
    uint64_t nested_errors = 0;
  };

  // Consumes from *cursor towards end and stops behind the first complete reply.
  // kReply: *cursor is behind it, reply() describes it, and the next Feed starts a new one.
  Outcome Feed(const char** cursor, const char* end);

  const Reply& reply() const { return reply_; }
  // The text of the last error line, cut to 200 bytes.
  const std::string& error_text() const { return error_text_; }

 private:
  enum class State { kType, kNumber, kText, kLineFeed, kBody, kBodyReturn, kBodyLineFeed };

  Outcome ReadType(char byte);
  Outcome ReadNumber(char byte);
  Outcome EndLine();
  Outcome EndElement();
  const char* SkipText(const char* cursor, const char* end);
  void Begin();

  State state_ = State::kType;
  bool fresh_ = true;      // the next byte starts a reply, not an element of one
  bool outermost_ = true;  // the header being read is the reply's own
  char type_ = 0;
  bool negative_ = false;
  int64_t number_ = 0;
  uint64_t body_left_ = 0;
  uint64_t elements_left_ = 0;
  Reply reply_;
  std::string error_text_;
};

}  // namespace herdgate::bench
