#include "sidecar/policy/reply_splice.h"

namespace herdgate::policy {

std::string ReplyHeader(char type, std::size_t length) {
  return type + std::to_string(length) + "\r\n";
}

void ReplySplice::ReplaceText(const ReplyItem& item, std::string_view text) {
  if (item.type == '+' || item.type == '-') {
    Drop(item.begin, item.end);
    out_ += item.type;
  } else if (item.type == '$' || item.type == '!') {
    Replace(item.begin, item.end, ReplyHeader(item.type, text.size()));
  } else if (item.type == '=') {
    // Its format ("txt:") stands before the text and counts.
    constexpr std::size_t kFormatBytes = 4;
    const auto body = static_cast<std::size_t>(item.text.data() - source_.data());
    const std::string_view format = source_.substr(body - kFormatBytes, kFormatBytes);
    Replace(item.begin, item.end, ReplyHeader('=', kFormatBytes + text.size()));
    out_ += format;
  } else {
    return;
  }
  out_ += text;
  out_ += "\r\n";
}

}  // namespace herdgate::policy
