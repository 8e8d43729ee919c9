// Request: one decoded command, as views into the bytes that it was decoded from.
//
// Valid until the decoder that filled it is called again or the buffer behind it moves.
#pragma once

#include <span>
#include <string_view>

namespace herdgate::resp {

struct Request {
  std::span<const std::string_view> args;  // args[0] is the command's name; never empty
  std::string_view raw;                    // the whole request as multibulk; for an inline request, its multibulk form
  bool was_inline = false;
};

}  // namespace herdgate::resp
