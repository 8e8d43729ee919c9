// Gzip: a text in the format of RFC 1952, for HTTP. Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace herdgate::metrics {

// Fast rather than small. Empty if there is no memory for it.
std::string Gzip(std::string_view text);

}  // namespace herdgate::metrics
