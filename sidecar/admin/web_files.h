// WebFile: one file of the web UI, built into the program: the output of web/, or one page that says that it was left
// out.
//
// web/embed.cmake makes the table at build time. Everything here is constant: any thread, no allocation, views of
// static storage.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace herdgate::admin {

struct WebFile {
  std::string_view path;              // relative, as in "assets/index-1a2b3c4d.js"
  std::string_view content_type;      // with its charset
  std::string_view content_encoding;  // "gzip", or empty where `bytes` is the file as it is
  std::string_view etag;              // quoted, strong: of the content
  bool immutable = false;             // its name changes with its content, so it may be cached for good
  std::string_view bytes;
};

// All of them, in no order.
std::span<const WebFile> WebFiles();

// The file at that path, relative to where the UI is mounted; "" is index.html. Compares whole names: there is no
// folder, no "..", nothing on disk.
std::optional<WebFile> FindWebFile(std::string_view path);

}  // namespace herdgate::admin
