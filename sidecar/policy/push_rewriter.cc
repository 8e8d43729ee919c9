// RewritePush, declared in reply_rewriter.h.
#include <cstdint>
#include <optional>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/push_channel.h"
#include "sidecar/policy/reply_cursor.h"
#include "sidecar/policy/reply_rewriter.h"
#include "sidecar/policy/reply_splice.h"

namespace herdgate::policy {
namespace {

constexpr std::string_view kInvalidateChannel = "__redis__:invalidate";

enum class Verdict : std::uint8_t { kShown, kDropped, kUnknownForm };

// "v7" of "v7.1763680000123:", "g" of "g1763680000123:".
std::string_view SchemaOf(std::string_view prefix) {
  return prefix.starts_with('g') ? prefix.substr(0, 1) : prefix.substr(0, prefix.find_first_of(".:"));
}

// The key that an app knew which this invalidation is about. Another generation's counts too: the app may hold what it
// read before a bump, and to forget too much is safe.
std::optional<std::string_view> Invalidated(const Snapshot& snapshot, std::string_view physical) {
  if (const std::optional<std::string_view> visible = snapshot.Visible(physical)) return visible;
  const std::size_t size = VersionPrefixSize(physical);
  if (size == 0) return std::nullopt;
  const std::string_view logical = physical.substr(size);
  const std::string_view current = snapshot.BasePrefix(snapshot.set().Match(logical));
  if (current.empty() || SchemaOf(current) != SchemaOf(physical.substr(0, size))) return std::nullopt;
  return logical;
}

class PushPass {
 public:
  PushPass(const Snapshot& snapshot, std::string_view frame, std::string& out)
      : snapshot_(snapshot), cursor_(frame), splice_(frame, out) {}

  Verdict Run() {
    ReplyItem frame;
    ReplyItem kind;
    if (!cursor_.NextReply(frame) || !frame.is_list()) return Verdict::kUnknownForm;
    if (!cursor_.NextReply(kind) || !kind.is_text()) return Verdict::kUnknownForm;
    const Verdict verdict = Kind(kind.text);
    splice_.Finish();
    return verdict;
  }

 private:
  Verdict Kind(std::string_view kind) {
    if (kind == "invalidate") return Invalidation();
    if (kind == "message") return Message(/*pattern=*/{});
    if (kind == "pmessage") return PatternMessage();
    if (kind == "subscribe" || kind == "unsubscribe") return Confirmation(LogicalChannel);
    if (kind == "psubscribe" || kind == "punsubscribe") return Confirmation(LogicalChannelPattern);
    return Verdict::kUnknownForm;
  }

  void Rename(const ReplyItem& item, std::string_view text) {
    if (text != item.text) splice_.ReplaceText(item, text);
  }

  Verdict Confirmation(std::string (*shown)(const Snapshot&, std::string_view)) {
    ReplyItem channel;
    if (!cursor_.NextReply(channel) || !channel.is_text()) return Verdict::kUnknownForm;  // null: there was none
    Rename(channel, shown(snapshot_, channel.text));
    return Verdict::kShown;
  }

  Verdict PatternMessage() {
    ReplyItem pattern;
    if (!cursor_.NextReply(pattern) || !pattern.is_text()) return Verdict::kUnknownForm;
    const std::string logical = LogicalChannelPattern(snapshot_, pattern.text);
    Rename(pattern, logical);
    return Message(logical);
  }

  // `pattern`: the app's own, if the message came by one; upstream's may be wider.
  Verdict Message(std::optional<std::string_view> pattern) {
    ReplyItem channel;
    if (!cursor_.NextReply(channel) || !channel.is_text()) return Verdict::kUnknownForm;
    if (channel.text == kInvalidateChannel) return Invalidation();
    if (const std::size_t key = KeyspaceChannelKey(channel.text); key > 0) {
      const std::optional<std::string_view> name = snapshot_.Visible(channel.text.substr(key));
      if (!name) return Verdict::kDropped;
      const std::string logical = std::string(channel.text.substr(0, key)).append(*name);
      if (pattern && !GlobMatches(*pattern, logical)) return Verdict::kDropped;
      Rename(channel, logical);
    } else if (IsKeyeventChannel(channel.text)) {
      if (pattern && !GlobMatches(*pattern, channel.text)) return Verdict::kDropped;
      ReplyItem payload;
      if (!cursor_.NextReply(payload) || !payload.is_text()) return Verdict::kUnknownForm;
      const std::optional<std::string_view> name = snapshot_.Visible(payload.text);
      if (!name) return Verdict::kDropped;
      Rename(payload, *name);
    }
    return Verdict::kShown;
  }

  // An array of keys, or null: all.
  Verdict Invalidation() {
    ReplyItem list;
    if (!cursor_.NextReply(list) || !list.is_list()) return Verdict::kUnknownForm;
    splice_.KeepUntil(list.begin);
    const std::size_t header = splice_.out().size();
    splice_.KeepUntil(list.end);
    const std::size_t body = splice_.out().size();
    std::uint64_t kept = 0;
    for (std::uint64_t left = list.count; left > 0; --left) {
      const std::size_t begin = cursor_.position();
      ReplyItem key;
      if (!cursor_.NextReply(key) || !key.is_text()) return Verdict::kUnknownForm;
      if (const std::optional<std::string_view> name = Invalidated(snapshot_, key.text)) {
        Rename(key, *name);
        ++kept;
      } else {
        splice_.Drop(begin, key.end);
      }
    }
    if (kept == list.count) return Verdict::kShown;
    if (kept == 0) return Verdict::kDropped;
    splice_.out().replace(header, body - header, ReplyHeader(list.type, static_cast<std::size_t>(kept)));
    return Verdict::kShown;
  }

  const Snapshot& snapshot_;
  ReplyCursor cursor_;
  ReplySplice splice_;
};

}  // namespace

std::string RewritePush(const Snapshot& snapshot, std::string_view frame) {
  std::string out;
  out.reserve(frame.size());
  switch (PushPass(snapshot, frame, out).Run()) {
    case Verdict::kShown:
      return out;
    case Verdict::kDropped:
      return {};
    case Verdict::kUnknownForm:
      break;
  }
  return std::string(frame);
}

}  // namespace herdgate::policy
