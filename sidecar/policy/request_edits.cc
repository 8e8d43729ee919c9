#include "sidecar/policy/request_edits.h"

#include <algorithm>

#include "sidecar/resp/encoder.h"

namespace herdgate::policy {
namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 20U;

bool LiesIn(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

void RequestEdits::Clear() {
  edits_.clear();
  if (text_.capacity() > kMostKept) text_ = std::string();
  text_.clear();
  tail_.clear();
  appended_ = 0;
}

void RequestEdits::Replace(std::size_t index, std::string_view front, std::string_view back) {
  const Edit edit{.argument = index, .offset = text_.size(), .size = front.size() + back.size()};
  text_.append(front).append(back);
  const auto at = std::ranges::lower_bound(edits_, index, {}, &Edit::argument);
  if (at != edits_.end() && at->argument == index) {
    *at = edit;
  } else {
    edits_.insert(at, edit);
  }
}

void RequestEdits::Append(std::string_view text) {
  resp::AppendBulk(tail_, text);
  ++appended_;
}

void RequestEdits::Build(std::span<const std::string_view> args, std::string_view raw, std::string& out) {
  constexpr std::size_t kLineEnd = 2;
  const bool in_raw = LiesIn(args.front(), raw) && LiesIn(args.back(), raw);
  out.reserve(out.size() + raw.size() + text_.size() + tail_.size() + 16 * edits_.size() + 16);
  resp::AppendArrayHeader(out, args.size() + appended_);
  // Where what is not copied yet begins in raw.
  const char* from = in_raw ? raw.data() + raw.find('\n') + 1 : nullptr;
  auto edit = edits_.begin();
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool changed = edit != edits_.end() && edit->argument == i;
    if (!in_raw) {
      resp::AppendBulk(out, changed ? Text(*edit) : args[i]);
    } else if (changed) {
      const char* header =
          i == 0 ? raw.data() + raw.find('\n') + 1 : args[i - 1].data() + args[i - 1].size() + kLineEnd;
      out.append(from, static_cast<std::size_t>(header - from));
      resp::AppendBulk(out, Text(*edit));
      from = args[i].data() + args[i].size() + kLineEnd;
    }
    if (changed) ++edit;
    if (in_raw && edit == edits_.end()) break;
  }
  if (in_raw) out.append(from, static_cast<std::size_t>(raw.data() + raw.size() - from));
  out += tail_;
}

}  // namespace herdgate::policy
