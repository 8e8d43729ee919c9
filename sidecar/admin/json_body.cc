#include "sidecar/admin/json_body.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace herdgate::admin {
namespace {

using Json = nlohmann::json;

// Deeper ones are no request of ours.
constexpr int kMaxDepth = 16;

Json ParseShallow(std::string_view text) {
  const auto too_deep = [](int depth, Json::parse_event_t, Json&) { return depth <= kMaxDepth; };
  return Json::parse(text, too_deep, false);
}

}  // namespace

class JsonBody::Object {
 public:
  explicit Object(std::string_view text) : json(ParseShallow(text)) {}
  explicit Object(Json given) : json(std::move(given)) {}
  Json json;
};

JsonBody::JsonBody(std::string_view text) : object_(std::make_unique<Object>(text)) {
  malformed_ = object_->json.is_discarded();
  if (!object_->json.is_object()) Fail("", malformed_ ? "is no JSON" : "must be an object");
}

JsonBody::JsonBody(std::unique_ptr<Object> object) : object_(std::move(object)) {
  if (!object_->json.is_object()) Fail("", "must be an object");
}

JsonBody::~JsonBody() = default;

const void* JsonBody::Find(std::string_view name, bool required) {
  known_.emplace_back(name);
  if (!object_->json.is_object()) return nullptr;
  const auto found = object_->json.find(std::string(name));
  if (found != object_->json.end()) return &*found;
  if (required) Fail("/" + std::string(name), "is required");
  return nullptr;
}

std::optional<std::string> JsonBody::Text(std::string_view name, const TextRule& rule) {
  const auto* const value = static_cast<const Json*>(Find(name, rule.required));
  if (value == nullptr) return std::nullopt;
  const std::string pointer = "/" + std::string(name);
  if (!value->is_string()) {
    Fail(pointer, "must be a string");
    return std::nullopt;
  }
  std::string text = value->get<std::string>();
  if (text.size() < rule.least || text.size() > rule.most) {
    Fail(pointer, "must have " + std::to_string(rule.least) + " to " + std::to_string(rule.most) + " bytes");
    return std::nullopt;
  }
  if (!rule.choices.empty() && std::ranges::find(rule.choices, text) == rule.choices.end()) {
    std::string choices;
    for (const std::string_view choice : rule.choices) choices.append(choices.empty() ? "" : ", ").append(choice);
    Fail(pointer, "must be one of " + choices);
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> JsonBody::Integer(std::string_view name, const IntegerRule& rule) {
  const auto* const value = static_cast<const Json*>(Find(name, rule.required));
  if (value == nullptr) return std::nullopt;
  const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (value->is_number_integer() && !huge) {
    const auto number = value->get<std::int64_t>();
    if (number >= rule.least && number <= rule.most) return number;
  }
  Fail("/" + std::string(name),
       "must be a whole number from " + std::to_string(rule.least) + " to " + std::to_string(rule.most));
  return std::nullopt;
}

std::optional<bool> JsonBody::Bool(std::string_view name, bool required) {
  const auto* const value = static_cast<const Json*>(Find(name, required));
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  Fail("/" + std::string(name), "must be true or false");
  return std::nullopt;
}

std::vector<std::string> JsonBody::Texts(std::string_view name, std::size_t most) {
  const auto* const value = static_cast<const Json*>(Find(name, false));
  if (value == nullptr) return {};
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!value->is_array() || value->size() > most || !std::all_of(value->begin(), value->end(), is_text)) {
    Fail("/" + std::string(name), "must be a list of at most " + std::to_string(most) + " strings");
    return {};
  }
  return value->get<std::vector<std::string>>();
}

void JsonBody::Each(std::string_view name, const ListRule& rule, const std::function<void(JsonBody&)>& read) {
  const auto* const value = static_cast<const Json*>(Find(name, rule.required));
  if (value == nullptr) return;
  const std::string pointer = "/" + std::string(name);
  if (!value->is_array() || value->size() < rule.least || value->size() > rule.most) {
    Fail(pointer, "must be a list of " + std::to_string(rule.least) + " to " + std::to_string(rule.most) + " objects");
    return;
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    JsonBody item(std::make_unique<Object>((*value)[i]));
    if (item.ok()) read(item);
    item.RefuseOthers();
    for (const FieldError& error : item.errors()) Fail(pointer + "/" + std::to_string(i) + error.pointer, error.detail);
  }
}

void JsonBody::RefuseOthers() {
  if (!object_->json.is_object()) return;
  for (const auto& [name, value] : object_->json.items()) {
    if (std::ranges::find(known_, name) == known_.end()) Fail("", "has a member that is not known here");
  }
}

std::string JsonBody::Compact() const {
  return object_->json.is_object() ? object_->json.dump(-1, ' ', false, Json::error_handler_t::replace) : "null";
}

}  // namespace herdgate::admin
