// The table of a program that was built without the web UI: one page that says so.
#include <array>

#include "sidecar/admin/web_files.h"

namespace herdgate::admin {
namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Herdgate</title></head>
<body>
<h1>Herdgate was built without its web UI</h1>
<p>The HTTP API works: <a href="api/v1/openapi.json">its description</a>. To have the UI too, install nodejs (18 or newer) and npm and build again.</p>
</body>
</html>
)";

constexpr std::array<WebFile, 1> kFiles = {{
    {.path = "index.html",
     .content_type = "text/html; charset=utf-8",
     .content_encoding = "",
     .etag = "\"without-web-ui\"",
     .immutable = false,
     .bytes = kPage},
}};

}  // namespace

std::span<const WebFile> WebFiles() {
  return kFiles;
}

}  // namespace herdgate::admin
