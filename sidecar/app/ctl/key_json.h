// What ctl sends: keys as the API takes them.
//
// Threads: pure functions; any.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/admin/json_writer.h"
#include "sidecar/admin/text_codec.h"

namespace herdgate::app {

// The members `key` and `encoding`.
inline void AddKeyRequest(admin::JsonWriter& json, std::string_view key) {
  const bool is_text = admin::IsPlainText(key);
  json.Add("key", is_text ? std::string(key) : admin::Base64(key)).Add("encoding", is_text ? "utf8" : "base64");
}

}  // namespace herdgate::app
