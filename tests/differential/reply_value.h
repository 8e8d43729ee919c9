// ReplyValue: one reply as a tree, where its parts count more than its bytes. RESP2 and RESP3.
//
// Plain values; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::differential {

struct ReplyValue {
  char type = 0;                  // the first byte of the reply: + - : $ * _ , # ( = ! % ~ > |
  bool null = false;              // $-1 or *-1
  std::string text;               // of a line or a bulk string
  std::vector<ReplyValue> items;  // of an aggregate; keys and values of a map in turn

  bool IsText() const { return type == '$' && !null; }
};

// Cuts one whole reply off the front. False: there is none, or what is there is no RESP; `bytes` stays as it was.
bool CutReply(std::string_view& bytes, ReplyValue& value);

// `bytes` with every array that has only strings put in order; what is not a whole reply stays as it is.
std::string Ordered(std::string_view bytes);

}  // namespace herdgate::differential
