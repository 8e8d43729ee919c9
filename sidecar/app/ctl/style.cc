#include "sidecar/app/ctl/style.h"

#include "sidecar/admin/text_codec.h"

namespace herdgate::app {

std::string Style::Key(JsonView key) const {
  const std::string text = key["key"].Text();
  const bool is_base64 = key["encoding"].Text() == "base64";
  const std::string bytes = is_base64 ? admin::FromBase64(text).value_or(text) : text;
  return ShowKey(bytes, charset) + (key["cut"].IsTrue() ? std::string(ellipsis()) : "");
}

std::string Style::Paint(Tone tone, const std::string& shown) const {
  if (!colour || tone == Tone::kPlain || shown.empty()) return shown;
  const char* code = "1";
  switch (tone) {
    case Tone::kGood:
      code = "32";
      break;
    case Tone::kWarn:
      code = "33";
      break;
    case Tone::kBad:
      code = "1;31";
      break;
    case Tone::kFaint:
      code = "2";
      break;
    case Tone::kStrong:
    case Tone::kPlain:
      break;
  }
  return "\x1b[" + std::string(code) + "m" + shown + "\x1b[0m";
}

}  // namespace herdgate::app
