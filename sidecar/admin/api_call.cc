#include "sidecar/admin/api_call.h"

#include <charconv>

namespace herdgate::admin {

base::Result<std::size_t> LimitOf(const ApiCall& call, std::size_t most, std::size_t otherwise) {
  const std::optional<std::string_view> text = call.Query("limit");
  if (!text) return otherwise;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit == 0 || limit > most) {
    return base::Status(base::ErrorCode::kInvalidArgument, "must be a number from 1 to " + std::to_string(most));
  }
  return limit;
}

Problem BadQuery(std::string_view name, std::string detail) {
  return {.status = 400,
          .detail = "a parameter of the query is wrong",
          .errors = {{.pointer = std::string(name), .detail = std::move(detail)}}};
}

Problem ProblemOf(const base::Status& status) {
  if (status.code() == base::ErrorCode::kInvalidArgument) return {.status = 404, .detail = status.message()};
  return {.status = 503, .detail = status.message(), .retry_after_s = 1};
}

}  // namespace herdgate::admin
