#include "sidecar/policy/reply_rewriter.h"

#include <cstdint>
#include <optional>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/reply_cursor.h"
#include "sidecar/policy/reply_names.h"
#include "sidecar/policy/reply_splice.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::policy {
namespace {

void AppendRewritten(const ReplyWork& work, std::string_view reply, std::string& out);

// One reply on its way into `out`. The parts say false where the reply has not the form that they know.
class ReplyPass {
 public:
  ReplyPass(const ReplyWork& work, std::string_view reply, std::string& out)
      : work_(work), reply_(reply), cursor_(reply), splice_(reply, out), names_(work.keys) {}

  bool Run() {
    ReplyItem first;
    if (!cursor_.NextReply(first)) return false;
    if (first.is_error() && !names_.empty()) {
      ReplaceInError(first);
    } else if (!first.is_error() && !first.null && !Shape(first)) {
      return false;
    }
    splice_.Finish();
    return true;
  }

 private:
  bool Shape(const ReplyItem& first) {
    switch (work_.shape) {
      case ReplyShape::kPlain:
        return true;
      case ReplyShape::kKeys:
        return KeyList(first);
      case ReplyShape::kScan:
        return Scan(first);
      case ReplyShape::kRandomKey:
        return RandomKey(first);
      case ReplyShape::kFirstIsKey:
        return FirstIsKey(first);
      case ReplyShape::kStreams:
        return Streams(first);
      case ReplyShape::kNamedKeys:
        return NamedKeys();
      case ReplyShape::kAnyName:
        return AnyName();
      case ReplyShape::kExec:
        return Exec(first);
    }
    return false;
  }

  // The name under which a listing shows the key, if it does.
  std::optional<std::string_view> Listed(std::string_view physical) const {
    const std::optional<std::string_view> logical = work_.snapshot->Visible(physical);
    if (logical && !work_.pattern.empty() && !GlobMatches(work_.pattern, *logical)) return std::nullopt;
    return logical;
  }

  void Rename(const ReplyItem& key, std::string_view logical) {
    if (logical != key.text) splice_.ReplaceText(key, logical);
  }

  void RenameNamed(const ReplyItem& key) {
    const std::optional<std::string_view> named = names_.Find(key.text);
    Rename(key, named ? *named : work_.snapshot->Logical(key.text));
  }

  void ReplaceInError(const ReplyItem& error) {
    if (const std::optional<std::string> changed = names_.InError(error.text)) splice_.ReplaceText(error, *changed);
  }

  bool KeyList(const ReplyItem& list) {
    if (!list.is_list() || work_.snapshot == nullptr) return false;
    splice_.KeepUntil(list.begin);
    const std::size_t header = splice_.out().size();
    splice_.KeepUntil(list.end);
    const std::size_t body = splice_.out().size();
    std::uint64_t kept = 0;
    for (std::uint64_t left = list.count; left > 0; --left) {
      const std::size_t begin = cursor_.position();
      ReplyItem key;
      if (!cursor_.NextReply(key) || !key.is_text()) return false;
      const std::optional<std::string_view> name = Listed(key.text);
      if (!name) {
        splice_.Drop(begin, key.end);
        continue;
      }
      Rename(key, *name);
      ++kept;
    }
    if (kept == list.count) return true;
    splice_.out().replace(header, body - header, ReplyHeader(list.type, static_cast<std::size_t>(kept)));
    return true;
  }

  bool Scan(const ReplyItem& pair) {
    ReplyItem keys;
    return pair.is_list() && pair.count == 2 && cursor_.Skip() && cursor_.NextReply(keys) && KeyList(keys);
  }

  bool RandomKey(const ReplyItem& key) {
    if (!key.is_text() || work_.snapshot == nullptr) return false;
    if (const std::optional<std::string_view> name = Listed(key.text)) {
      Rename(key, *name);
    } else {
      splice_.Drop(key.begin, key.end);
      resp::AppendNull(splice_.out(), work_.proto);
    }
    return true;
  }

  bool FirstIsKey(const ReplyItem& list) {
    ReplyItem key;
    if (!list.is_list() || list.count == 0 || work_.snapshot == nullptr) return false;
    if (!cursor_.NextReply(key) || !key.is_text()) return false;
    RenameNamed(key);
    return true;
  }

  bool Streams(const ReplyItem& list) {
    if (work_.snapshot == nullptr || list.streamed) return false;
    if (list.type != '%' && !list.is_list()) return false;
    const std::uint64_t streams = list.type == '%' ? list.count / 2 : list.count;
    for (std::uint64_t left = streams; left > 0; --left) {
      ReplyItem pair;
      ReplyItem key;
      if (list.type != '%' && !(cursor_.NextReply(pair) && pair.is_list() && pair.count == 2)) return false;
      if (!cursor_.NextReply(key) || !key.is_text()) return false;
      RenameNamed(key);
      // The last one's entries need no look: they are as long as the rest.
      if (left > 1 && !cursor_.Skip()) return false;
    }
    return true;
  }

  bool NamedKeys() {
    cursor_.Seek(0);
    while (!cursor_.at_end()) {
      ReplyItem item;
      if (!cursor_.Next(item)) return false;
      if (item.is_error()) {
        ReplaceInError(item);
      } else if (item.is_text()) {
        if (const std::optional<std::string_view> name = names_.Find(item.text)) Rename(item, *name);
      }
    }
    return true;
  }

  bool AnyName() {
    if (work_.snapshot == nullptr) return false;
    cursor_.Seek(0);
    while (!cursor_.at_end()) {
      ReplyItem item;
      if (!cursor_.Next(item)) return false;
      if (item.is_text()) Rename(item, work_.snapshot->Logical(item.text));
    }
    return true;
  }

  // A subscriber's own message, written between the replies: it answers no queued request. A (un)subscription does.
  static bool IsMessage(std::string_view element) {
    ReplyCursor cursor(element);
    ReplyItem push;
    ReplyItem kind;
    if (!cursor.NextReply(push) || push.type != '>' || !cursor.NextReply(kind)) return false;
    return !kind.text.ends_with("subscribe");
  }

  bool Exec(const ReplyItem& list) {
    if (!list.is_list()) return false;
    std::size_t next = 0;
    for (std::uint64_t left = list.count; left > 0; --left) {
      const std::size_t begin = cursor_.position();
      if (!cursor_.Skip()) return false;
      const std::string_view element = reply_.substr(begin, cursor_.position() - begin);
      const bool push = element.front() == '>';
      if (!(push && IsMessage(element)) && next < work_.queued.size()) {
        const ReplyWork& queued = work_.queued[next++];
        if (!queued.plain()) {
          splice_.Drop(begin, cursor_.position());
          AppendRewritten(queued, element, splice_.out());
          continue;
        }
      }
      if (!push || work_.snapshot == nullptr) continue;
      // One that concerns no visible key stays: the array has counted it.
      const std::string shown = RewritePush(*work_.snapshot, element);
      if (!shown.empty()) splice_.Replace(begin, cursor_.position(), shown);
    }
    return true;
  }

  const ReplyWork& work_;
  std::string_view reply_;
  ReplyCursor cursor_;
  ReplySplice splice_;
  ReplyNames names_;
};

void AppendRewritten(const ReplyWork& work, std::string_view reply, std::string& out) {
  const std::size_t begin = out.size();
  if (!ReplyPass(work, reply, out).Run()) out.replace(begin, std::string::npos, reply);
}

}  // namespace

std::string RewriteReply(const ReplyWork& work, std::string_view reply) {
  if (work.plain()) return std::string(reply);
  std::string out;
  out.reserve(reply.size());
  AppendRewritten(work, reply, out);
  return out;
}

}  // namespace herdgate::policy
