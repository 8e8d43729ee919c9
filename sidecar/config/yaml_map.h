// ReadMap: the entries of a YAML mapping, each key once, with the positions that problems need. Shared by everything
// that reads a part of the file.
//
// Threads: any. Errors are yaml-cpp's exceptions, caught by LoadText.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/config/loader.h"

namespace YAML {  // NOLINT(readability-identifier-naming): yaml-cpp's
class Node;
struct Mark;
}  // namespace YAML

namespace herdgate::config {

using Report = std::function<void(Position at, std::string message)>;

Position At(const YAML::Mark& mark);
// Where a value stands; `otherwise` for an empty one, whose mark is that of whatever follows it.
Position ValueAt(const YAML::Node& value, Position otherwise);

// "section.name", or "name" in the section "".
std::string Join(std::string_view section, std::string_view name);

// Where a mapping stands: `title` begins every message ("policy 'user': "), `section` every key ("ttl").
struct MapPlace {
  std::string title;
  std::string section;

  std::string Key(std::string_view name) const { return title + Join(section, name); }
};

// Calls `entry` for each key's first occurrence and reports the others, and keys that are no scalars.
void ReadMap(const YAML::Node& map, const MapPlace& place, const Report& report,
             const std::function<void(const std::string& name, Position at, const YAML::Node& value)>& entry);

// Whether a key can be repeated in a message: a whole URL in the place of a key may hold a password.
bool IsKeyLike(std::string_view text);

// What to say of a key that nobody knows: `later` are those of versions to come, `known` those that may stand here.
// `elsewhere` is the full name of one that stands in another section; empty if there is none.
std::string UnknownKey(const MapPlace& place, std::string_view name, std::span<const std::string_view> known,
                       std::span<const std::string_view> later, std::string_view elsewhere);

}  // namespace herdgate::config
