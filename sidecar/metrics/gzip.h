// Gzip: a text in the format of RFC 1952, for HTTP. Threads: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace herdgate::metrics {

// Fast rather than small. Empty if there is no memory for it.
std::string Gzip(std::string_view text);

// The text back. Empty if it is cut short, broken or longer than `max_bytes`, or if there is no memory for it.
std::string Gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace herdgate::metrics
