// Style: what the terminal in front of a text can do: colours, characters, columns.
//
// Threads: a plain value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/app/ctl/json_view.h"
#include "sidecar/app/ctl/shown_text.h"

namespace herdgate::app {

enum class Tone : unsigned char { kPlain, kGood, kWarn, kBad, kFaint, kStrong };

struct Style {
  bool colour = false;
  Charset charset = Charset::kAscii;
  std::size_t width = 80;  // columns; at least kLeastWidth

  static constexpr std::size_t kLeastWidth = 20;

  bool utf8() const { return charset == Charset::kUtf8; }
  std::string_view ellipsis() const { return utf8() ? "\u2026" : "..."; }
  // Text of others, made harmless.
  std::string Text(std::string_view bytes) const { return ShowText(bytes, charset); }
  std::string Text(JsonView json) const { return ShowText(json.Text(), charset); }
  // A `Key` of the API: its bytes as ShowKey does, and the ellipsis if it is longer.
  std::string Key(JsonView key) const;
  // `shown` in the tone's colour, if there are colours. It is harmless already.
  std::string Paint(Tone tone, const std::string& shown) const;
};

}  // namespace herdgate::app
