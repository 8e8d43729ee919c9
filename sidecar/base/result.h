// Status and Result<T>: how a function says that it failed, without exceptions.
//
// Status is "ok" or an ErrorCode with one human sentence that says what failed, where, and what to do.
// Result<T> holds a T or a failed Status. Both are [[nodiscard]]: an ignored failure does not compile.
// Threads: plain values; share them as any value. Messages never hold a secret or a raw key.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace herdgate::base {

enum class ErrorCode : unsigned char {
  kOk,
  kInvalidArgument,  // the caller or the user gave something wrong: fix the input
  kUnavailable,      // a peer can't be reached now: may pass
  kTimeout,          // a deadline passed
  kExhausted,        // a bound was hit
  kProtocol,         // a peer broke its protocol
  kIo,               // the operating system refused
  kInternal,         // a broken invariant that was survived
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == ErrorCode::kOk; }
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  ErrorCode code_ = ErrorCode::kOk;
  std::string message_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status) : held_(std::move(status)) {
    assert(!this->status().ok());
  }  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(held_); }
  // REQUIRES: ok()
  T& value() { return std::get<T>(held_); }
  const T& value() const { return std::get<T>(held_); }
  // REQUIRES: !ok()
  const Status& status() const { return std::get<Status>(held_); }

 private:
  std::variant<T, Status> held_;
};

}  // namespace herdgate::base
