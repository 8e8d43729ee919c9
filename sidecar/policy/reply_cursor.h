// ReplyCursor: walks over the bytes of one whole reply, item by item, without a tree: a million keys or a value of
// 100 MB cost one pass and no memory.
//
// An item is one header line with its body: a text, a number, a null, or the head of an aggregate, whose elements are
// the items that follow. Items of a nested reply come in the order of the bytes.
// Threads: one owner. It views `bytes`, which must outlive it. Errors: Next and Skip say false at the end and where the
// bytes are no RESP; the cursor is then useless until Seek.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herdgate::policy {

struct ReplyItem {
  char type = 0;            // its first byte
  std::size_t begin = 0;    // of the header line
  std::size_t end = 0;      // behind the body; of an aggregate: behind the header line
  std::string_view text;    // of lines: all behind the sigil; of bulks: the body; of a verbatim string without "txt:"
  std::uint64_t count = 0;  // of an aggregate: replies that follow, in a map and an attribute keys and values each
  bool null = false;        // _ and every length of -1
  bool streamed = false;    // its length is "?": elements follow up to '.', chunks up to an empty one

  bool is_text() const { return !null && !streamed && (type == '$' || type == '+' || type == '='); }
  bool is_error() const { return !null && (type == '-' || type == '!'); }
  bool is_list() const { return !null && !streamed && (type == '*' || type == '~' || type == '>'); }
};

class ReplyCursor {
 public:
  explicit ReplyCursor(std::string_view bytes) : bytes_(bytes) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == bytes_.size(); }
  void Seek(std::size_t position) { at_ = position; }

  // Reads one item and stands behind it.
  bool Next(ReplyItem& item);
  // As Next, but passes over attributes before the item.
  bool NextReply(ReplyItem& item);
  // Passes over one whole reply with its attributes.
  bool Skip();

 private:
  bool ReadLine(ReplyItem& item);
  bool ReadSized(ReplyItem& item);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace herdgate::policy
