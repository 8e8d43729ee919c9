// JsonDocument and JsonView: reading of JSON that somebody else wrote, where anything may be missing or of another
// type.
//
//   const JsonDocument answer(body);
//   for (const JsonView item : answer.root()["items"].Items()) ... item["name"].Text()
//
// Every question has an answer: what is not there is empty, and so is what is inside it. Threads: one owner. Ownership:
// views borrow the document.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::app {

class JsonView {
 public:
  // Nothing.
  JsonView() = default;

  // There, and not null.
  bool exists() const;
  JsonView operator[](std::string_view member) const;
  // Elements of an array; of anything else none.
  std::vector<JsonView> Items() const;
  // Of the members of an object; of anything else none.
  std::vector<std::string> Names() const;

  // Empty if it is no string.
  std::string Text() const;
  std::optional<double> Number() const;
  // A whole number that is not negative.
  std::optional<std::uint64_t> Whole() const;
  std::uint64_t Count() const { return Whole().value_or(0); }
  bool IsTrue() const;

 private:
  friend class JsonDocument;
  explicit JsonView(const void* json) : json_(json) {}

  const void* json_ = nullptr;
};

class JsonDocument {
 public:
  explicit JsonDocument(std::string_view text);
  ~JsonDocument();
  JsonDocument(JsonDocument&& other) noexcept;
  JsonDocument& operator=(JsonDocument&& other) noexcept;

  // The text was a JSON object.
  bool ok() const;
  JsonView root() const;

 private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace herdgate::app
