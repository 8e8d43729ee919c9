#include "sidecar/app/ctl/json_view.h"

#include <nlohmann/json.hpp>

namespace herdgate::app {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

const Json& Of(const void* json) {
  static const Json nothing;
  return json == nullptr ? nothing : *static_cast<const Json*>(json);
}

}  // namespace

struct JsonDocument::Tree {
  Json json;
};

JsonDocument::JsonDocument(std::string_view text) : tree_(std::make_unique<Tree>()) {
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= kMaxDepth; };
  tree_->json = Json::parse(text, shallow, false);
}

JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&& other) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&& other) noexcept = default;

bool JsonDocument::ok() const {
  return tree_->json.is_object();
}

JsonView JsonDocument::root() const {
  return JsonView(&tree_->json);
}

bool JsonView::exists() const {
  return !Of(json_).is_null() && !Of(json_).is_discarded();
}

JsonView JsonView::operator[](std::string_view member) const {
  const Json& json = Of(json_);
  if (!json.is_object()) return {};
  const auto found = json.find(std::string(member));
  return found == json.end() ? JsonView() : JsonView(&*found);
}

std::vector<JsonView> JsonView::Items() const {
  std::vector<JsonView> items;
  if (!Of(json_).is_array()) return items;
  for (const Json& item : Of(json_)) items.push_back(JsonView(&item));
  return items;
}

std::vector<std::string> JsonView::Names() const {
  std::vector<std::string> names;
  if (!Of(json_).is_object()) return names;
  for (const auto& member : Of(json_).items()) names.push_back(member.key());
  return names;
}

std::string JsonView::Text() const {
  return Of(json_).is_string() ? Of(json_).get<std::string>() : std::string();
}

std::optional<double> JsonView::Number() const {
  return Of(json_).is_number() ? std::optional(Of(json_).get<double>()) : std::nullopt;
}

std::optional<std::uint64_t> JsonView::Whole() const {
  return Of(json_).is_number_unsigned() ? std::optional(Of(json_).get<std::uint64_t>()) : std::nullopt;
}

bool JsonView::IsTrue() const {
  return Of(json_).is_boolean() && Of(json_).get<bool>();
}

}  // namespace herdgate::app
