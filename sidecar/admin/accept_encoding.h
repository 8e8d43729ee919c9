// Whether a client takes an answer that is compressed (RFC 9110, 12.5.3). Threads: pure functions.
#pragma once

#include <string_view>

namespace herdgate::admin {

// `header`: the value of Accept-Encoding. Weights count only as far as 0 means no. What can't be read means no.
bool AcceptsGzip(std::string_view header);

}  // namespace herdgate::admin
