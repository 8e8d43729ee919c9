#include "sidecar/pipeline/texts.h"

#include <algorithm>
#include <cctype>

#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline::texts {

std::string UnknownSubcommand(std::string_view container, std::string_view subcommand) {
  std::string upper(container);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string line;
  resp::AppendError(line,
                    "ERR unknown subcommand '" + std::string(subcommand.substr(0, 128)) + "'. Try " + upper + " HELP.");
  return line;
}

std::string WordsOfError(std::string_view error) {
  if (error.starts_with('-')) error.remove_prefix(1);
  error = error.substr(0, error.find_first_of("\r\n"));
  return std::string(error.substr(0, error.find(", with args")));
}

bool IsCrossProtocol(std::string_view name) {
  return Equals(name, "post") || Equals(name, "host:");
}

bool Equals(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

bool IsPrintableName(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace herdgate::pipeline::texts
