// Oracle: none but the sanitizers: a script of any bytes is read without a fault and in bounded time.
#include <cstdint>
#include <string_view>

#include "sidecar/policy/script_check.h"
#include "tests/property/resp_drivers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const herdgate::resp::ExactCopy script(std::string_view(reinterpret_cast<const char*>(data), size));
  static_cast<void>(herdgate::policy::BuildsKeyNames(script.view()));
  return 0;
}
