// Choose: one of a few words -> its value. Threads: any; the tables are constants.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"

namespace herdgate::config {

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

// Errors name the words and never repeat the text.
template <typename T, std::size_t n>
base::Status Choose(std::string_view text, const std::array<Choice<T>, n>& choices, T& target) {
  std::string names;
  for (const Choice<T>& choice : choices) {
    if (choice.name == text) {
      target = choice.value;
      return {};
    }
    names += (names.empty() ? "" : ", ") + std::string(choice.name);
  }
  return base::Status(base::ErrorCode::kInvalidArgument, "expected one of " + names);
}

// REQUIRES: the value is in the table.
template <typename T, std::size_t n>
std::string_view ChoiceName(T value, const std::array<Choice<T>, n>& choices) {
  for (const Choice<T>& choice : choices) {
    if (choice.value == value) return choice.name;
  }
  return {};
}

}  // namespace herdgate::config
