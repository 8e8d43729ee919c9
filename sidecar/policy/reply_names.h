// ReplyNames: the physical names in ReplyWork::keys, found again in replies: as a whole text, or quoted by an error.
//
// Threads: one owner, for one reply. It views the names, which must outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace herdgate::policy {

class ReplyNames {
 public:
  using Names = std::vector<std::pair<std::string, std::string>>;

  explicit ReplyNames(const Names& names) : names_(names) {}

  bool empty() const { return names_.empty(); }
  // The logical name of the key that `text` is; nothing if it is none.
  std::optional<std::string_view> Find(std::string_view text);
  // An error line with every name in it replaced, the longest one first where several begin; nothing if there is none.
  std::optional<std::string> InError(std::string_view error);

 private:
  static constexpr std::size_t kMostSearched = 8;  // more names than that get an index

  const Names& names_;
  std::unordered_map<std::string_view, std::string_view> index_;
};

}  // namespace herdgate::policy
