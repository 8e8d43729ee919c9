#include "sidecar/inject/annotations.h"

#include <algorithm>
#include <array>

#include "sidecar/base/address.h"

namespace herdgate::inject {
namespace {

using base::ErrorCode;
using base::Status;

constexpr std::string_view kPrefix = "herdgate.dev/";
constexpr std::string_view kInject = "herdgate.dev/inject";
constexpr std::size_t kMaxObjectName = 253;
constexpr std::size_t kMaxNameShown = 64;
constexpr std::size_t kMaxWarnings = 4;

bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// "128Mi", "1.5Gi", "200M": what makes sense for memory.
bool IsMemoryQuantity(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits);
  const std::string_view unit = text.substr(digits);
  constexpr std::array<std::string_view, 7> kUnits = {"", "Ki", "Mi", "Gi", "k", "M", "G"};
  if (number.empty() || number.size() > 15 || std::ranges::find(kUnits, unit) == kUnits.end()) return false;
  if (!IsDigit(number.front()) || !IsDigit(number.back()) || std::ranges::count(number, '.') > 1) return false;
  return number.find_first_of("123456789") != std::string_view::npos;
}

bool IsVariableName(std::string_view text) {
  const auto fits = [](char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '_'; };
  return !text.empty() && text.size() <= kMaxObjectName && !IsDigit(text.front()) && std::ranges::all_of(text, fits);
}

// Empty, or what is wrong with the value.
std::string TakePolicies(const std::string& value, Wishes& wishes) {
  wishes.policies = value;
  return IsObjectName(value) ? "" : "must be the name of a ConfigMap";
}

std::string TakeMode(const std::string& value, Wishes& wishes) {
  wishes.form = value == "plain" ? Form::kPlain : Form::kNative;
  return value == "native" || value == "plain" ? "" : "must be \"native\" or \"plain\"";
}

std::string TakeUpstream(const std::string& value, Wishes& wishes) {
  const base::Result<base::UpstreamUrl> url = base::ParseUpstreamUrl(value);
  if (!url.ok()) return "must be a URL such as redis://redis:6379";
  // Each pod would have data of its own, in a memory limit that nobody has made for it.
  if (url.value().kind == base::UpstreamUrl::Kind::kMemory) return "must be a Redis";
  if (!url.value().password.empty()) {
    return "must hold no password, which whoever may read pods could read";
  }
  wishes.upstream = value;
  return "";
}

std::string TakeMemory(const std::string& value, Wishes& wishes) {
  wishes.memory_limit = value;
  return IsMemoryQuantity(value) ? "" : "must be a quantity such as 128Mi";
}

std::string TakeEnv(const std::string& value, Wishes& wishes) {
  wishes.env = value == "none" ? "" : value;
  return IsVariableName(value) ? "" : "must be the name of an environment variable, or \"none\"";
}

std::string TakeReplaceEnv(const std::string& value, Wishes& wishes) {
  wishes.replace_env = value == "true";
  return value == "true" || value == "false" ? "" : "must be \"true\" or \"false\"";
}

struct Reader {
  std::string_view name;
  std::string (*take)(const std::string&, Wishes&);
};

constexpr std::array<Reader, 6> kReaders = {{
    {"herdgate.dev/policies", &TakePolicies},
    {"herdgate.dev/mode", &TakeMode},
    {"herdgate.dev/upstream", &TakeUpstream},
    {kMemoryAnnotation, &TakeMemory},
    {"herdgate.dev/env", &TakeEnv},
    {"herdgate.dev/replace-env", &TakeReplaceEnv},
}};

// With as much of the name as can be shown to a person.
std::string UnknownAnnotation(std::string_view name) {
  const auto plain = [](char c) {
    return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '-' || c == '_' || c == '.' || c == '/';
  };
  std::string text = "unknown annotation ";
  if (name.size() <= kMaxNameShown && std::ranges::all_of(name, plain)) text.append(name).append(" ");
  return text.append("is ignored");
}

}  // namespace

bool IsObjectName(std::string_view name) {
  const auto inner = [](char c) { return IsLower(c) || IsDigit(c); };
  if (name.empty() || name.size() > kMaxObjectName || !inner(name.front()) || !inner(name.back())) return false;
  if (name.find("..") != std::string_view::npos || name.find(".-") != std::string_view::npos) return false;
  if (name.find("-.") != std::string_view::npos) return false;
  return std::ranges::all_of(name, [&](char c) { return inner(c) || c == '-' || c == '.'; });
}

base::Result<bool> IsAskedFor(const Annotations& annotations) {
  const auto found = annotations.find(kInject);
  if (found == annotations.end() || found->second == "false") return false;
  if (found->second == "true") return true;
  return Status(ErrorCode::kInvalidArgument, std::string(kInject) + " must be \"true\" or \"false\"");
}

base::Result<Wishes> ReadWishes(const Annotations& annotations) {
  Wishes wishes;
  for (auto entry = annotations.lower_bound(kPrefix); entry != annotations.end(); ++entry) {
    const auto& [name, value] = *entry;
    if (!name.starts_with(kPrefix)) break;
    if (name == kInject) continue;
    const auto* const reader = std::ranges::find(kReaders, name, &Reader::name);
    if (reader == kReaders.end()) {
      if (wishes.warnings.size() < kMaxWarnings) wishes.warnings.push_back(UnknownAnnotation(name));
    } else if (const std::string problem = reader->take(value, wishes); !problem.empty()) {
      return Status(ErrorCode::kInvalidArgument, std::string(name).append(" ").append(problem));
    }
  }
  return wishes;
}

}  // namespace herdgate::inject
