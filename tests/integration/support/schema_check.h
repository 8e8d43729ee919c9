// SchemaErrors: what of a JSON value breaks a schema of an OpenAPI 3.1 file: types, required and unknown members,
// enumerations, bounds, patterns and times, and the same of all that is in it. Of allOf, all; of oneOf, any. Other
// keywords say nothing here.
#pragma once

#include <nlohmann/json.hpp>
#include <regex>
#include <string>

namespace herdgate::integration {

using Json = nlohmann::json;

inline bool IsOfType(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

inline std::string TypeErrors(const Json& schema, const Json& value, const std::string& at) {
  if (!schema.contains("type")) return "";
  const Json& type = schema.at("type");
  bool fits = false;
  for (const Json& one : type.is_array() ? type : Json::array({type})) fits |= IsOfType(value, one.get<std::string>());
  return fits ? "" : at + ": is no " + type.dump() + " but " + value.dump().substr(0, 100) + "\n";
}

inline std::string BoundErrors(const Json& schema, const Json& value, const std::string& at) {
  std::string errors;
  const auto size_fits = [&](const char* least, const char* most, std::size_t size) {
    if (schema.contains(least) && size < schema.at(least)) errors += at + ": is shorter than " + least + "\n";
    if (schema.contains(most) && size > schema.at(most)) errors += at + ": is longer than " + most + "\n";
  };
  if (value.is_number() && schema.contains("minimum") && value < schema.at("minimum")) errors += at + ": too small\n";
  if (value.is_number() && schema.contains("maximum") && value > schema.at("maximum")) errors += at + ": too large\n";
  if (value.is_array()) size_fits("minItems", "maxItems", value.size());
  if (!value.is_string()) return errors;
  const auto text = value.get<std::string>();
  size_fits("minLength", "maxLength", text.size());
  const bool time = schema.value("format", "") == "date-time";
  const std::string pattern =
      time ? "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$" : schema.value("pattern", "");
  if (!pattern.empty() && !std::regex_search(text, std::regex(pattern, std::regex::ECMAScript)))
    errors += at + ": is not of the pattern " + pattern + ": " + text + "\n";
  return errors;
}

inline std::string SchemaErrors(const Json& file, const Json& schema, const Json& value, const std::string& at = "");

inline std::string MemberErrors(const Json& file, const Json& schema, const Json& value, const std::string& at) {
  std::string errors;
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) errors += at + ": lacks " + name.get<std::string>() + "\n";
  }
  const Json properties = schema.value("properties", Json::object());
  const Json others = schema.value("additionalProperties", Json(true));
  for (const auto& [name, member] : value.items()) {
    if (properties.contains(name)) {
      errors += SchemaErrors(file, properties.at(name), member, at + "/" + name);
    } else if (others.is_object()) {
      errors += SchemaErrors(file, others, member, at + "/" + name);
    } else if (others == false) {
      errors += at + ": has " + name + ", which is not described\n";
    }
  }
  return errors;
}

// One line for each; empty: none.
inline std::string SchemaErrors(const Json& file, const Json& schema, const Json& value, const std::string& at) {
  if (schema.contains("$ref")) {
    Json target = file.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
    if (schema.contains("unevaluatedProperties")) target["additionalProperties"] = schema.at("unevaluatedProperties");
    return SchemaErrors(file, target, value, at);
  }
  std::string errors = TypeErrors(schema, value, at) + BoundErrors(schema, value, at);
  for (const Json& part : schema.value("allOf", Json::array())) errors += SchemaErrors(file, part, value, at);
  if (schema.contains("oneOf")) {
    bool fits = false;
    for (const Json& part : schema.at("oneOf")) fits |= SchemaErrors(file, part, value, at).empty();
    if (!fits) errors += at + ": is none of oneOf\n";
  }
  if (schema.contains("enum")) {
    bool known = false;
    for (const Json& one : schema.at("enum")) known |= one == value;
    if (!known) errors += at + ": is not in the enumeration: " + value.dump() + "\n";
  }
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      errors += SchemaErrors(file, schema.at("items"), value[i], at + "/" + std::to_string(i));
    }
  }
  return value.is_object() ? errors + MemberErrors(file, schema, value, at) : errors;
}

}  // namespace herdgate::integration
