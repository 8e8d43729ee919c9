#include "sidecar/config/yaml_map.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "sidecar/config/nearest.h"

namespace herdgate::config {

Position At(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

Position ValueAt(const YAML::Node& value, Position otherwise) {
  return value.IsNull() ? otherwise : At(value.Mark());
}

std::string Join(std::string_view section, std::string_view name) {
  return section.empty() ? std::string(name) : std::string(section) + "." + std::string(name);
}

bool IsKeyLike(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

void ReadMap(const YAML::Node& map, const MapPlace& place, const Report& report,
             const std::function<void(const std::string& name, Position at, const YAML::Node& value)>& entry) {
  std::map<std::string, Position> seen;
  for (const auto& pair : map) {
    const Position at = At(pair.first.Mark());
    if (!pair.first.IsScalar()) {
      report(at, place.title + "a key must be a plain name");
      continue;
    }
    const std::string& name = pair.first.Scalar();
    const auto [first, fresh] = seen.emplace(name, at);
    if (fresh) {
      entry(name, at, pair.second);
    } else if (IsKeyLike(name)) {
      report(at, place.Key(name) + ": this key stands already in line " + std::to_string(first->second.line) +
                     "; keep one");
    } else {
      report(at, place.title + "unknown key");
    }
  }
}

std::string UnknownKey(const MapPlace& place, std::string_view name, std::span<const std::string_view> known,
                       std::span<const std::string_view> later, std::string_view elsewhere) {
  if (!IsKeyLike(name)) return place.title + (place.section.empty() ? "" : place.section + ": ") + "unknown key";
  const std::string key = place.Key(name);
  if (std::find(later.begin(), later.end(), name) != later.end()) {
    return key + ": this version does not have it yet; remove it";
  }
  if (const std::string_view nearest = NearestName(name, known); !nearest.empty()) {
    return key + ": unknown key; did you mean " + std::string(nearest) + "?";
  }
  if (!elsewhere.empty()) return key + ": unknown key; did you mean " + std::string(elsewhere) + "?";
  std::string names;
  for (const std::string_view one : known) names += (names.empty() ? "" : ", ") + std::string(one);
  return key + ": unknown key; known here: " + names;
}

}  // namespace herdgate::config
