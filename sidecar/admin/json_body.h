// JsonBody: the JSON object that a request brings, read member by member; what is wrong with it is collected.
//
//   JsonBody body(request.body);
//   const std::string key = body.Text("key", {.required = true, .most = 65536});
//   body.RefuseOthers();
//   if (!body.ok()) ... body.errors()
//
// Threads: one owner. Ownership: holds copies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::admin {

struct FieldError {
  std::string pointer;  // RFC 6901; "" is the whole body
  std::string detail;
};

class JsonBody {
 public:
  struct TextRule {
    bool required = false;
    std::size_t least = 0;  // bytes
    std::size_t most = 1024;
    std::span<const std::string_view> choices{};  // empty: any text
  };
  struct IntegerRule {
    bool required = false;
    std::int64_t least = 0;
    std::int64_t most = INT64_MAX;
  };

  // A text that is no JSON object is an error of its own; then nothing is found in it.
  explicit JsonBody(std::string_view text);
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // Not even JSON.
  bool malformed() const { return malformed_; }
  bool ok() const { return errors_.empty(); }
  const std::vector<FieldError>& errors() const { return errors_; }
  void Fail(std::string pointer, std::string detail) { errors_.push_back({std::move(pointer), std::move(detail)}); }

  std::optional<std::string> Text(std::string_view name, const TextRule& rule);
  std::optional<std::int64_t> Integer(std::string_view name, const IntegerRule& rule);
  std::optional<bool> Bool(std::string_view name, bool required);
  std::vector<std::string> Texts(std::string_view name, std::size_t most);
  // Each element of a list of objects as a body of its own; what is wrong with one is told here too. Members of an
  // element that `read` did not ask for are errors.
  struct ListRule {
    bool required = false;
    std::size_t least = 0;
    std::size_t most = 1000;
  };
  void Each(std::string_view name, const ListRule& rule, const std::function<void(JsonBody&)>& read);
  // Members that nobody asked for are errors.
  void RefuseOthers();

  // The object without white space.
  std::string Compact() const;

 private:
  class Object;

  explicit JsonBody(std::unique_ptr<Object> object);
  // Null: missing, and told if it is required.
  const void* Find(std::string_view name, bool required);

  std::unique_ptr<Object> object_;
  std::vector<std::string> known_;
  std::vector<FieldError> errors_;
  bool malformed_ = false;
};

}  // namespace herdgate::admin
