#include "sidecar/app/ctl/facts_list.h"

#include <algorithm>

namespace herdgate::app {
namespace {

// The part of `text` that fits, broken at a space if there is one.
std::string Head(const std::string& text, std::size_t room) {
  std::string head = CutEnd(text, room);
  if (head.size() == text.size()) return head;
  if (head.empty()) return text;
  const std::size_t space = text[head.size()] == ' ' ? head.size() : head.rfind(' ');
  return space == std::string::npos || space == 0 ? head : head.substr(0, space);
}

}  // namespace

void FactsList::Add(const std::string& label, const std::vector<TextTable::Cell>& pieces) {
  const std::size_t room = std::max(style_.width, kIndent + 8) - kIndent;
  std::string line = label + std::string(label.size() < kIndent ? kIndent - label.size() : 1, ' ');
  std::string so_far = style_.Paint(Tone::kFaint, line);
  std::size_t used = 0;
  bool any = false;
  const auto next_line = [&] {
    lines_.push_back(so_far);
    so_far = std::string(kIndent, ' ');
    used = 0;
  };
  for (const TextTable::Cell& piece : pieces) {
    std::string rest = piece.shown;
    any = any || !rest.empty();
    if (used > 0 && !rest.empty() && used + 2 + Columns(rest) > room) next_line();
    while (!rest.empty()) {
      const std::string head = Head(rest, room - used - (used > 0 ? 2 : 0));
      so_far += (used > 0 ? "  " : "") + style_.Paint(piece.tone, head);
      used += Columns(head) + (used > 0 ? 2 : 0);
      rest.erase(0, head.size());
      rest.erase(0, rest.find_first_not_of(' '));
      if (!rest.empty()) next_line();
    }
  }
  if (any) lines_.push_back(so_far);
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace herdgate::app
