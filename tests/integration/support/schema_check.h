// SchemaErrors: what of a JSON value breaks a schema of an OpenAPI 3.1 file: types, required members, enumerations,
// bounds, and the same of all that is in it. Of allOf, all; of oneOf, any. Other keywords say nothing here.
#pragma once

#include <nlohmann/json.hpp>
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

// One line for each; empty: none.
inline std::string SchemaErrors(const Json& file, const Json& schema, const Json& value, const std::string& at = "") {
  if (schema.contains("$ref")) {
    return SchemaErrors(file, file.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1))), value, at);
  }
  std::string errors = TypeErrors(schema, value, at);
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
  if (schema.contains("minimum") && value.is_number() && value < schema.at("minimum")) errors += at + ": too small\n";
  if (schema.contains("maximum") && value.is_number() && value > schema.at("maximum")) errors += at + ": too large\n";
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      errors += SchemaErrors(file, schema.at("items"), value[i], at + "/" + std::to_string(i));
    }
  }
  if (!value.is_object()) return errors;
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) errors += at + ": lacks " + name.get<std::string>() + "\n";
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, member] : value.items()) {
    if (properties.contains(name)) errors += SchemaErrors(file, properties.at(name), member, at + "/" + name);
  }
  return errors;
}

}  // namespace herdgate::integration
