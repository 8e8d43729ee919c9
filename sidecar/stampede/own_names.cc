#include "sidecar/stampede/own_names.h"

#include "sidecar/stampede/slot_tags.h"

namespace herdgate::stampede {

std::string NameBeside(std::string_view prefix, std::string_view key) {
  std::string name(prefix);
  // '=' tells the two forms apart: a key "{abc}x" of its own and the key "x" whose slot has the tag "abc" would
  // otherwise share a name.
  if (!HashTagOf(key).empty()) {
    name += '=';
  } else {
    name += '{';
    name += TagOfSlot(SlotOf(key));
    name += '}';
  }
  return name.append(key);
}

std::optional<std::string_view> KeyBeside(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = name.substr(prefix.size());
  const std::size_t end = rest.starts_with('{') ? rest.find('}') : rest.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view key = rest.substr(end + 1);
  if (NameBeside(prefix, key) != name) return std::nullopt;
  return key;
}

}  // namespace herdgate::stampede
