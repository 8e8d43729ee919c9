#include "sidecar/admin/web_routes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sidecar/admin/accept_encoding.h"
#include "sidecar/admin/request_guard.h"
#include "sidecar/metrics/gzip.h"

namespace herdgate::admin {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;
constexpr int kNotModified = 304;

constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Vary", "Accept-Encoding"}};

// Path as sent, without the query and the first slash; nothing if there is none.
std::optional<std::string_view> NameOf(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  return target.substr(1, target.find('?') - 1);
}

}  // namespace

bool NamesTag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    const std::size_t comma = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view item = if_none_match.substr(0, comma);
    if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
    while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag || item == "*") return true;
  }
  return false;
}

HttpResponse WebFileAnswer(const WebFile& file, const RequestHead& head) {
  HttpResponse response{.content_type = std::string(file.content_type)};
  const auto add = [&](std::string_view name, std::string_view value) { response.headers.emplace_back(name, value); };
  for (const auto& [name, value] : kHeaders) add(name, value);
  add("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  const bool stored_packed = file.content_encoding == "gzip";
  const bool unpack = stored_packed && !AcceptsGzip(head.Header("Accept-Encoding"));
  // Two forms of one file are not the same bytes.
  std::string tag(file.etag);
  if (unpack) tag.insert(tag.size() - 1, "-plain");
  add("ETag", tag);
  if (NamesTag(head.Header("If-None-Match"), tag)) {
    response.status = kNotModified;
    return response;
  }
  if (stored_packed && !unpack) add("Content-Encoding", "gzip");
  response.body = unpack ? metrics::Gunzip(file.bytes, kMaxFileBytes) : std::string(file.bytes);
  return response;
}

WebAnswer AnswerWebFile(const HttpRequest& request) {
  const std::optional<std::string_view> name = NameOf(request.head.target);
  const std::optional<WebFile> file = name ? FindWebFile(*name) : std::nullopt;
  if (!file) return {.problem = Problem{.status = 404, .detail = "there is no such page; the UI is at /"}};
  if (IsWrite(request.method)) {
    return {.problem =
                Problem{.status = 405, .detail = "this is only to be read", .headers = {{"Allow", "GET, HEAD"}}}};
  }
  return {.response = WebFileAnswer(*file, request.head)};
}

}  // namespace herdgate::admin
