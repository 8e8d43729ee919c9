// Wishes: what the annotations of a pod ask of its sidecar (README.md has the reference).
//
// Threads: pure functions; any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/result.h"

namespace herdgate::inject {

// kNative: the first init container, with restartPolicy Always; Kubernetes 1.29 or newer. kPlain: the first container.
enum class Form : unsigned char { kNative, kPlain };

struct Wishes {
  std::optional<std::string> policies;      // a ConfigMap
  std::optional<Form> form;                 // herdgate.dev/mode
  std::optional<std::string> upstream;      // a URL that the program understands
  std::optional<std::string> memory_limit;  // a quantity of Kubernetes
  bool replace_env = false;                 // where the app sets the variable itself
  std::optional<std::string> env;           // the variable's name; empty: none is wanted
  std::vector<std::string> warnings;        // of a pod that gets its sidecar all the same
};

// Of memory_limit; named where the limit is too small for the template.
inline constexpr const char* kMemoryAnnotation = "herdgate.dev/memory-limit";

using Annotations = std::map<std::string, std::string, std::less<>>;

// Whether a sidecar is asked for. Errors (kInvalidArgument): neither "true" nor "false".
base::Result<bool> IsAskedFor(const Annotations& annotations);
// Errors (kInvalidArgument): an annotation with a wrong value; the message names it and never repeats the value.
base::Result<Wishes> ReadWishes(const Annotations& annotations);

// Whether a name can be that of a ConfigMap: lower-case letters, digits, dashes and dots, at most 253.
bool IsObjectName(std::string_view name);

}  // namespace herdgate::inject
