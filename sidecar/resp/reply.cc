#include "sidecar/resp/reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sidecar/resp/limits.h"
#include "sidecar/resp/reply_header.h"

namespace herdgate::resp {
namespace {

using base::ErrorCode;
using base::Status;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kLeastReplyBytes = 3;  // "_\r\n"

Status Broken(std::string_view what) {
  return {ErrorCode::kProtocol, "reply is not RESP: " + std::string(what) + "; close the connection"};
}

Status Incomplete() {
  return {ErrorCode::kInvalidArgument, "reply is incomplete: parse it when all of it is there"};
}

class ReplyParser {
 public:
  explicit ReplyParser(std::string_view bytes) : bytes_(bytes) {}

  std::size_t position() const { return at_; }

  Status Parse(Reply& reply, std::size_t depth) {
    if (Status skipped = SkipAttributes(depth); !skipped.ok()) return skipped;
    switch (bytes_[at_++]) {
      case '+':
        return ParseText(reply, ReplyType::kSimple);
      case '-':
        return ParseText(reply, ReplyType::kError);
      case ',':
        return ParseText(reply, ReplyType::kDouble);
      case '(':
        return ParseText(reply, ReplyType::kBigNumber);
      case '_':
        return ParseText(reply, ReplyType::kNull);
      case ':':
        return ParseInteger(reply);
      case '#':
        return ParseBoolean(reply);
      case '$':
        return ParseBulk(reply, ReplyType::kBulk);
      case '!':
        return ParseBulk(reply, ReplyType::kError);
      case '=':
        return ParseVerbatim(reply);
      case '*':
        return ParseAggregate(reply, ReplyType::kArray, depth);
      case '~':
        return ParseAggregate(reply, ReplyType::kSet, depth);
      case '%':
        return ParseAggregate(reply, ReplyType::kMap, depth);
      case '>':
        return ParseAggregate(reply, ReplyType::kPush, depth);
      default:
        return Broken("unknown type");
    }
  }

 private:
  // REQUIRES of Parse: after this there is a byte to read.
  Status SkipAttributes(std::size_t depth) {
    while (at_ < bytes_.size() && bytes_[at_] == '|') {
      ++at_;
      Reply dropped;
      if (Status parsed = ParseAggregate(dropped, ReplyType::kMap, depth, /*may_be_null_or_streamed=*/false);
          !parsed.ok()) {
        return parsed;
      }
    }
    return at_ < bytes_.size() ? Status() : Incomplete();
  }

  Status ParseText(Reply& reply, ReplyType type) {
    const std::size_t end = bytes_.find(kLineEnd, at_);
    if (end == std::string_view::npos) return Incomplete();
    reply.type = type;
    reply.text = bytes_.substr(at_, end - at_);
    at_ = end + kLineEnd.size();
    return {};
  }

  Status ParseInteger(Reply& reply) {
    if (Status parsed = ParseText(reply, ReplyType::kInteger); !parsed.ok()) return parsed;
    const char* const end = reply.text.data() + reply.text.size();
    const auto [stop, failure] = std::from_chars(reply.text.data(), end, reply.integer);
    return failure == std::errc() && stop == end ? Status() : Broken("an integer has other bytes than digits");
  }

  Status ParseBoolean(Reply& reply) {
    if (Status parsed = ParseText(reply, ReplyType::kBoolean); !parsed.ok()) return parsed;
    reply.integer = reply.text == "t" ? 1 : 0;
    return reply.text == "t" || reply.text == "f" ? Status() : Broken("a boolean is neither t nor f");
  }

  // A header's text behind its sigil.
  Status TakeHeader(std::string_view& text) {
    const std::size_t sigil = at_ - 1;
    const std::string_view window = bytes_.substr(sigil, kMostReplyHeaderBytes);
    const std::size_t newline = window.find('\n');
    if (newline == std::string_view::npos) {
      return window.size() < kMostReplyHeaderBytes ? Incomplete() : Broken("a header has no end");
    }
    const std::string_view line = window.substr(0, newline + 1);
    if (!line.ends_with(kLineEnd)) return Broken("a header ends without a carriage return");
    text = line.substr(1, line.size() - 1 - kLineEnd.size());
    at_ = sigil + line.size();
    return {};
  }

  Status TakeBody(std::string_view length_text, std::string_view& body) {
    std::uint64_t length = 0;
    if (!ReadReplyLength(length_text, length)) return Broken("a length is no number");
    const std::string_view rest = bytes_.substr(at_);
    const std::string_view end = rest.size() > length ? rest.substr(static_cast<std::size_t>(length), 2) : "";
    if (!kLineEnd.starts_with(end)) return Broken("a body does not end with its line end");
    if (end.size() < kLineEnd.size()) return Incomplete();
    body = rest.substr(0, static_cast<std::size_t>(length));
    at_ += body.size() + kLineEnd.size();
    return {};
  }

  Status ParseBulk(Reply& reply, ReplyType type) {
    std::string_view length;
    if (Status taken = TakeHeader(length); !taken.ok()) return taken;
    if (length == "-1") {
      reply.type = ReplyType::kNull;
      return {};
    }
    reply.type = type;
    if (length == "?" && type == ReplyType::kBulk) return ParseChunks(reply);
    return TakeBody(length, reply.text);
  }

  Status ParseVerbatim(Reply& reply) {
    constexpr std::size_t kFormatBytes = 4;  // "txt:"
    if (Status parsed = ParseBulk(reply, ReplyType::kVerbatim); !parsed.ok()) return parsed;
    if (reply.type == ReplyType::kNull) return {};
    if (reply.text.size() < kFormatBytes) return Broken("a verbatim string has no format");
    reply.text.remove_prefix(kFormatBytes);
    return {};
  }

  Status ParseChunks(Reply& reply) {
    std::string joined;
    while (true) {
      if (at_ == bytes_.size()) return Incomplete();
      if (bytes_[at_++] != ';') return Broken("a streamed string has something else than chunks");
      std::string_view length;
      if (Status taken = TakeHeader(length); !taken.ok()) return taken;
      std::uint64_t bytes = 0;
      if (ReadReplyLength(length, bytes) && bytes == 0) break;
      std::string_view chunk;
      if (Status taken = TakeBody(length, chunk); !taken.ok()) return taken;
      joined += chunk;
    }
    reply.joined = std::make_shared<const std::string>(std::move(joined));
    reply.text = *reply.joined;
    return {};
  }

  Status ParseAggregate(Reply& reply, ReplyType type, std::size_t depth, bool may_be_null_or_streamed) {
    if (depth >= Limits().max_nesting) return Broken("it nests too deep");
    std::string_view length;
    if (Status taken = TakeHeader(length); !taken.ok()) return taken;
    reply.type = type;
    if (may_be_null_or_streamed && length == "-1") {
      reply.type = ReplyType::kNull;
      return {};
    }
    if (may_be_null_or_streamed && length == "?") return ParseUntilEnd(reply, depth);
    std::uint64_t count = 0;
    if (!ReadReplyLength(length, count)) return Broken("a count is no number");
    if (type == ReplyType::kMap) count *= 2;
    // The count is a claim; the bytes at hand bound what it can be.
    const std::uint64_t possible = (bytes_.size() - at_) / kLeastReplyBytes;
    reply.elements.reserve(static_cast<std::size_t>(std::min(count, possible)));
    for (; count > 0; --count) {
      if (Status parsed = Parse(reply.elements.emplace_back(), depth + 1); !parsed.ok()) return parsed;
    }
    return {};
  }

  Status ParseAggregate(Reply& reply, ReplyType type, std::size_t depth) {
    return ParseAggregate(reply, type, depth, type != ReplyType::kPush);
  }

  Status ParseUntilEnd(Reply& reply, std::size_t depth) {
    while (at_ < bytes_.size() && bytes_[at_] != '.') {
      for (int in_unit = reply.type == ReplyType::kMap ? 2 : 1; in_unit > 0; --in_unit) {
        if (Status parsed = Parse(reply.elements.emplace_back(), depth + 1); !parsed.ok()) return parsed;
      }
    }
    if (at_ == bytes_.size()) return Incomplete();
    ++at_;
    std::string_view nothing;
    if (Status taken = TakeHeader(nothing); !taken.ok()) return taken;
    return nothing.empty() ? Status() : Broken("the end of a streamed aggregate says more");
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

base::Result<ParsedReply> ParseReply(std::string_view bytes) {
  ReplyParser parser(bytes);
  ParsedReply parsed;
  if (Status status = parser.Parse(parsed.reply, 0); !status.ok()) return status;
  parsed.bytes = parser.position();
  return parsed;
}

}  // namespace herdgate::resp
