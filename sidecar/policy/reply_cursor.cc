#include "sidecar/policy/reply_cursor.h"

#include "sidecar/resp/limits.h"
#include "sidecar/resp/reply_header.h"
#include "sidecar/resp/reply_scanner.h"

namespace herdgate::policy {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLines = "+-:_#,(.";
constexpr std::string_view kBulks = "$=!;";
constexpr std::string_view kAggregates = "*%~>|";
constexpr std::size_t kVerbatimFormatBytes = 4;  // "txt:"

bool Contains(std::string_view types, char type) {
  return types.find(type) != std::string_view::npos;
}

// What may be null or streamed, as ReplyScanner has it.
bool MayBeNull(char type) {
  return type != '>' && type != '|' && type != ';';
}

bool MayBeStreamed(char type) {
  return Contains("$*%~", type);
}

}  // namespace

bool ReplyCursor::Next(ReplyItem& item) {
  if (at_ >= bytes_.size()) return false;
  item = ReplyItem();
  item.begin = at_;
  item.type = bytes_[at_];
  if (Contains(kLines, item.type)) return ReadLine(item);
  return (Contains(kBulks, item.type) || Contains(kAggregates, item.type)) && ReadSized(item);
}

bool ReplyCursor::NextReply(ReplyItem& item) {
  while (at_ < bytes_.size() && bytes_[at_] == '|') {
    ReplyItem attribute;
    if (!Next(attribute)) return false;
    for (std::uint64_t left = attribute.count; left > 0; --left) {
      if (!Skip()) return false;
    }
  }
  return Next(item);
}

bool ReplyCursor::Skip() {
  ReplyItem item;
  const std::size_t begin = at_;
  if (!Next(item)) return false;
  if (!item.streamed && !Contains(kAggregates, item.type)) return item.type != ';' && item.type != '.';
  if (item.null) return true;
  static constexpr resp::Limits kLimits;
  resp::ReplyScanner scanner(kLimits);
  const resp::ReplyScanner::Progress progress = scanner.Scan(bytes_.substr(begin));
  at_ = begin + progress.bytes;
  return progress.complete;
}

bool ReplyCursor::ReadLine(ReplyItem& item) {
  const std::size_t end = bytes_.find(kLineEnd, at_);
  if (end == std::string_view::npos) return false;
  item.text = bytes_.substr(at_ + 1, end - at_ - 1);
  item.null = item.type == '_';
  item.end = at_ = end + kLineEnd.size();
  return true;
}

bool ReplyCursor::ReadSized(ReplyItem& item) {
  const std::string_view window = bytes_.substr(at_, resp::kMostReplyHeaderBytes);
  const std::size_t header = window.find(kLineEnd);
  if (header == std::string_view::npos) return false;
  const std::string_view digits = window.substr(1, header - 1);
  item.end = at_ + header + kLineEnd.size();
  item.null = digits == "-1" && MayBeNull(item.type);
  item.streamed = digits == "?" && MayBeStreamed(item.type);
  std::uint64_t length = 0;
  if (!item.null && !item.streamed) {
    if (!resp::ReadReplyLength(digits, length)) return false;
    if (Contains(kAggregates, item.type)) {
      item.count = item.type == '%' || item.type == '|' ? 2 * length : length;
    } else if (item.type != ';' || length > 0) {  // the last chunk has no body
      const std::string_view rest = bytes_.substr(item.end);
      if (rest.size() < kLineEnd.size() || length > rest.size() - kLineEnd.size()) return false;
      item.text = rest.substr(0, static_cast<std::size_t>(length));
      if (rest.substr(item.text.size(), kLineEnd.size()) != kLineEnd) return false;
      item.end += item.text.size() + kLineEnd.size();
      if (item.type == '=') {
        if (item.text.size() < kVerbatimFormatBytes) return false;
        item.text.remove_prefix(kVerbatimFormatBytes);
      }
    }
  }
  at_ = item.end;
  return true;
}

}  // namespace herdgate::policy
