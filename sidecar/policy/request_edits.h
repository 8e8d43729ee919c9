// RequestEdits: changes to the arguments of a request, and the request with them. What is not changed is copied as the
// bytes it was.
//
// Threads: one owner. Allocates nothing once its buffers have grown.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::policy {

class RequestEdits {
 public:
  void Clear();
  bool empty() const { return edits_.empty() && appended_ == 0; }

  // Argument `index` becomes `front` + `back`; the last change of an argument counts.
  void Replace(std::size_t index, std::string_view front, std::string_view back = {});
  // One argument more, behind all others and those appended before.
  void Append(std::string_view text);

  // Appends the whole request to `out`. REQUIRES: raw is the request, args its arguments (in raw or elsewhere).
  void Build(std::span<const std::string_view> args, std::string_view raw, std::string& out);

 private:
  struct Edit {
    std::size_t argument = 0;
    std::size_t offset = 0;  // in text_
    std::size_t size = 0;
  };

  std::string_view Text(const Edit& edit) const { return std::string_view(text_).substr(edit.offset, edit.size); }

  std::vector<Edit> edits_;
  std::string text_;
  std::string tail_;  // appended arguments, as RESP
  std::size_t appended_ = 0;
};

}  // namespace herdgate::policy
