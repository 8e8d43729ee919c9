// OpenApi: the operations that an OpenAPI 3.1 file describes, and bodies that break a schema of it in one way each.
//
// Threads: one owner.
#pragma once

#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/support/schema_check.h"

namespace herdgate::integration {

struct Operation {
  std::string id;
  std::string method;  // GET
  std::string path;    // /policies/{name}
  std::string scope;   // none: anybody
  Json responses;      // by status
  Json parameters;     // resolved
  Json body;           // its schema; null: takes none

  bool is_write() const { return method != "GET"; }
  bool has_argument() const { return path.find('{') != std::string::npos; }
  // With `argument` in the place of {...}.
  std::string PathWith(const std::string& argument) const {
    const auto open = path.find('{');
    if (open == std::string::npos) return path;
    return path.substr(0, open) + argument + path.substr(path.find('}') + 1);
  }
};

// What a "$ref" leads to, with what stands beside it.
inline Json Resolved(const Json& file, Json schema) {
  while (schema.contains("$ref")) {
    Json target = file.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
    schema.erase("$ref");
    target.update(schema);
    schema = std::move(target);
  }
  return schema;
}

inline std::vector<Operation> OperationsOf(const Json& file) {
  std::vector<Operation> operations;
  for (const auto& [path, methods] : file.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      Operation one{.id = operation.at("operationId"),
                    .method = method,
                    .path = path,
                    .scope = operation.at("x-herdgate-scope"),
                    .responses = operation.at("responses"),
                    .parameters = Json::array(),
                    .body = nullptr};
      for (char& c : one.method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      for (const Json& parameter : operation.value("parameters", Json::array()))
        one.parameters.push_back(Resolved(file, parameter));
      if (operation.contains("requestBody"))
        one.body = operation.at("requestBody").at("content").at("application/json").at("schema");
      operations.push_back(std::move(one));
    }
  }
  return operations;
}

struct WrongBody {
  std::string what;
  std::string pointer;  // of the member that is wrong
  Json body;
};

// Values of one member's schema that are wrong in type or bounds.
inline std::vector<std::pair<std::string, Json>> WrongValues(const Json& schema) {
  std::vector<std::pair<std::string, Json>> wrong;
  const Json others[] = {nullptr, true, -1.5, "1", Json::array(), Json::object()};
  for (const Json& other : others) {
    if (!TypeErrors(schema, other, "").empty()) wrong.emplace_back("of type " + std::string(other.type_name()), other);
  }
  if (schema.contains("minimum")) wrong.emplace_back("below the minimum", schema.at("minimum").get<std::int64_t>() - 1);
  if (schema.contains("maximum")) wrong.emplace_back("above the maximum", schema.at("maximum").get<std::int64_t>() + 1);
  if (schema.value("type", "") == "integer")
    wrong.emplace_back("huge", Json(std::uint64_t{18'446'744'073'709'551'615U}));
  if (schema.contains("enum")) wrong.emplace_back("none of the enumeration", "other");
  if (const auto least = schema.value("minLength", 0U); least > 0)
    wrong.emplace_back("too short", std::string(least - 1, 'x'));
  if (schema.contains("maxLength"))
    wrong.emplace_back("too long", std::string(schema.at("maxLength").get<std::size_t>() + 1, 'x'));
  if (schema.value("minItems", 0U) > 0) wrong.emplace_back("empty", Json::array());
  return wrong;
}

// Each breaks `schema` in one way; `valid` is a body that breaks nothing.
inline std::vector<WrongBody> WrongBodies(const Json& file, const Json& given, const Json& valid,
                                          const std::string& at = "") {
  const Json schema = Resolved(file, given);
  std::vector<WrongBody> wrong;
  for (const Json& name : schema.value("required", Json::array())) {
    Json body = valid;
    body.erase(name.get<std::string>());
    wrong.push_back({"lacks " + name.get<std::string>(), at + "/" + name.get<std::string>(), body});
  }
  Json unknown = valid;
  unknown["unknown"] = 1;
  wrong.push_back({"has an unknown member", at, unknown});
  for (const auto& [name, raw] : schema.at("properties").items()) {
    const Json member = Resolved(file, raw);
    const std::string own = at + "/" + name;
    const auto add = [&, member_name = name](const std::string& what, const std::string& pointer, const Json& value) {
      Json body = valid;
      body[member_name] = value;
      wrong.push_back({member_name + " is " + what, pointer, body});
    };
    for (const auto& [what, value] : WrongValues(member)) add(what, own, value);
    if (!member.contains("items") || !valid.contains(name)) continue;
    const Json item = valid.at(name).at(0);
    if (member.contains("maxItems"))
      add("too many", own, Json(std::vector<Json>(member.at("maxItems").get<std::size_t>() + 1, item)));
    const Json items = Resolved(file, member.at("items"));
    if (!items.contains("properties")) {
      for (const auto& [what, value] : WrongValues(items)) add("a list of one " + what, own, Json::array({value}));
      continue;
    }
    for (const WrongBody& one : WrongBodies(file, items, item, own + "/0"))
      add("a list whose item " + one.what, one.pointer, Json::array({one.body}));
  }
  return wrong;
}

}  // namespace herdgate::integration
