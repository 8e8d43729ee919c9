// Reply: one whole reply as a tree of views, for the few that Herdgate has to read (HELLO, COMMAND, pub/sub frames,
// CLIENT INFO). The data path never builds one.
//
// ParseReply reads one reply at the front of `bytes`. The tree views `bytes`, which must outlive it. Attributes are
// dropped, streamed strings and aggregates are joined (a streamed string is held in `joined`). A Reply may be copied
// and moved; it agrees with ReplyScanner on where every reply ends. Threads: pure function; a tree is a plain value.
// Errors: kProtocol where the bytes are no RESP or nest deeper than Limits::max_nesting; kInvalidArgument if
// incomplete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"

namespace herdgate::resp {

enum class ReplyType : unsigned char {
  kSimple,
  kError,
  kInteger,
  kBulk,
  kArray,
  kNull,
  kBoolean,
  kDouble,
  kBigNumber,
  kVerbatim,
  kMap,
  kSet,
  kPush
};

struct Reply {
  ReplyType type = ReplyType::kNull;  // RESP2 "$-1" and "*-1" are kNull too; "!" is kError
  std::string_view
      text;  // strings, errors (without the sigil), numbers and booleans as written; kVerbatim without "txt:"
  std::shared_ptr<const std::string> joined;  // backs `text` of a streamed string; else null
  std::int64_t integer = 0;                   // kInteger; kBoolean as 0 or 1
  std::vector<Reply> elements;                // kArray, kSet, kPush; kMap as key, value, key, value

  bool is_text() const {
    return type == ReplyType::kSimple || type == ReplyType::kBulk || type == ReplyType::kVerbatim;
  }
};

struct ParsedReply {
  Reply reply;
  std::size_t bytes = 0;  // consumed from the front
};

base::Result<ParsedReply> ParseReply(std::string_view bytes);

}  // namespace herdgate::resp
