#include "sidecar/admin/request_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace herdgate::admin {
namespace {

constexpr int kBadRequest = 400;
constexpr int kLengthRequired = 411;
constexpr int kContentTooLarge = 413;
constexpr int kHeadersTooLarge = 431;
constexpr int kVersionNotSupported = 505;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  const auto is_token_char = [](char c) {
    return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// True if the comma-separated list holds the word.
bool ListHas(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (SameWord(Trim(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// Cuts the next line off `text`; REQUIRES: text holds a CRLF.
std::string_view NextLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

int ParseRequestLine(std::string_view line, RequestHead& head, bool& is_1_1) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return kBadRequest;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(head.method) || head.target.empty() || head.target.find(' ') != std::string_view::npos) {
    return kBadRequest;
  }
  if (!version.starts_with("HTTP/")) return kBadRequest;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return kVersionNotSupported;
  is_1_1 = version == "HTTP/1.1";
  return 0;
}

int ParseHeaderLine(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  // A name that isn't a token also catches folded lines and a blank before the colon.
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return kBadRequest;
  head.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
  return 0;
}

// The body's length has one meaning or none: two different lengths, or a length and an encoding, are how requests are
// smuggled past a proxy.
int ParseFraming(const HttpLimits& limits, RequestHead& head) {
  std::optional<std::string_view> length;
  bool encoded = false;
  for (const auto& [name, value] : head.headers) {
    if (SameWord(name, "Transfer-Encoding")) encoded = true;
    if (!SameWord(name, "Content-Length")) continue;
    if (length && *length != value) return kBadRequest;
    length = value;
  }
  if (encoded) return length ? kBadRequest : kLengthRequired;
  if (!length) return 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), head.content_length);
  if (length->empty() || end != length->data() + length->size()) return kBadRequest;
  if (error == std::errc::result_out_of_range) return kContentTooLarge;
  if (error != std::errc()) return kBadRequest;
  return head.content_length > limits.max_body_bytes ? kContentTooLarge : 0;
}

}  // namespace

std::string_view RequestHead::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameWord(key, name)) return value;
  }
  return {};
}

std::size_t FindHeadEnd(std::string_view text, std::size_t from) {
  const std::size_t blank = text.find("\r\n\r\n", from);
  return blank == std::string_view::npos ? blank : blank + 4;
}

int ParseHead(std::string_view text, const HttpLimits& limits, RequestHead& head) {
  head = RequestHead();
  bool is_1_1 = false;
  const std::string_view request_line = NextLine(text);
  if (HasControl(request_line)) return kBadRequest;
  if (const int refused = ParseRequestLine(request_line, head, is_1_1); refused != 0) return refused;

  for (std::string_view line = NextLine(text); !line.empty(); line = NextLine(text)) {
    if (head.headers.size() == limits.max_headers) return kHeadersTooLarge;
    if (HasControl(line)) return kBadRequest;
    if (const int refused = ParseHeaderLine(line, head); refused != 0) return refused;
  }
  const auto hosts = std::count_if(head.headers.begin(), head.headers.end(),
                                   [](const auto& header) { return SameWord(header.first, "Host"); });
  if (hosts > 1 || (is_1_1 && hosts == 0)) return kBadRequest;
  const std::string_view connection = head.Header("Connection");
  head.keep_alive = is_1_1 ? !ListHas(connection, "close") : ListHas(connection, "keep-alive");
  return ParseFraming(limits, head);
}

}  // namespace herdgate::admin
