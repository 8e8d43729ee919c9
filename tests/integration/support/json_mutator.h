// JsonMutator: what a careless or hostile client makes of a body that is right: other values, types and sizes, members
// that are missing, doubled or unknown, and bytes that are no JSON.
//
// Threads: one owner. The same seed makes the same bodies.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::integration {

class JsonMutator {
 public:
  using Json = nlohmann::json;

  explicit JsonMutator(base::Random& random) : random_(random) {}

  // In one of four it is left as it is.
  std::string Mutated(Json body) {
    const std::uint64_t changes = random_.Below(4);
    for (std::uint64_t i = 0; i < changes; ++i) ChangeNode(body);
    std::string text = body.dump(-1, ' ', random_.Below(2) == 0, Json::error_handler_t::replace);
    if (changes > 0 && random_.Below(3) == 0) ChangeText(text);
    return text;
  }
  // Text of the kinds that have broken parsers, terminals and pages before.
  std::string Text() {
    static const std::vector<std::string> texts = {"",
                                                   "n:1",
                                                   "n:",
                                                   "keep:7",
                                                   "near",
                                                   "gen",
                                                   "none",
                                                   "hard",
                                                   "soft",
                                                   "*",
                                                   "?*[",
                                                   "[^a]*",
                                                   "**",
                                                   "\\",
                                                   "<script>x",
                                                   "'\"`;--",
                                                   "\r\nX: y",
                                                   "%0d%0a",
                                                   "../../..",
                                                   "bjox",
                                                   "=",
                                                   "AAAA=",
                                                   "utf8",
                                                   "base64",
                                                   "\u202egpj",
                                                   "\u00e9\u4e16\U0001f600",
                                                   "\u0007\u001b[2J",
                                                   "__herdgate:x",
                                                   "v1:n:1",
                                                   "18446744073709551616"};
    if (random_.Below(20) == 0) return std::string(random_.Below(3000), static_cast<char>('a' + random_.Below(26)));
    if (random_.Below(20) == 0) return std::string("\0n:1\0", 5);
    return texts[random_.Below(texts.size())];
  }

 private:
  Json Value(int depth = 0) {
    switch (random_.Below(12)) {
      case 0:
        return nullptr;
      case 1:
        return random_.Below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random_.Next());
      case 3:
        return random_.Next();
      case 4:
        return static_cast<std::int64_t>(random_.Below(5)) - 2;
      case 5:
        return random_.Unit() * 1e300;
      case 6:
        return Json(std::vector<Json>(random_.Below(1500), Json("n:1")));
      case 7:
        return depth > 3 ? Json::array() : Json::array({Value(depth + 1), Value(depth + 1)});
      case 8:
        return depth > 3 ? Json::object() : Json{{Text(), Value(depth + 1)}, {"key", Value(depth + 1)}};
      default:
        return Text();
    }
  }
  // Somewhere in the tree.
  void ChangeNode(Json& node) {
    if (node.is_structured() && !node.empty() && random_.Below(4) != 0) {
      auto member = node.begin();
      std::advance(member, static_cast<std::ptrdiff_t>(random_.Below(node.size())));
      if (random_.Below(8) == 0) return (void)node.erase(member);
      return ChangeNode(*member);
    }
    if (node.is_object()) {
      node[random_.Below(2) == 0 ? Text() : "mode"] = Value();
    } else if (node.is_array()) {
      node.push_back(Value());
    } else if (node.is_number_integer() && random_.Below(2) == 0) {
      static const std::vector<Json> edges = {0,     1,       -1,      3600,      3601,      86400,
                                              86401, 1000000, 1000001, INT64_MAX, INT64_MIN, 1.0};
      node = edges[random_.Below(edges.size())];
    } else {
      node = Value();
    }
  }
  void ChangeText(std::string& text) {
    const std::size_t at = text.empty() ? 0 : random_.Below(text.size());
    switch (random_.Below(8)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(random_.Below(256));
        break;
      case 2:
        text.insert(at, std::string(1 + random_.Below(40'000), '['));
        break;
      case 3:
        text.insert(at, "\\ud800\\u0000");
        break;
      case 4:
        text.insert(at, std::string("\0\xff\xfe\xc0\x80", 5));
        break;
      case 5:
        text.insert(at, "1e400");
        break;
      case 6:
        if (text.starts_with('{') && text.size() > 2) text = "{\"kind\":\"everything\"," + text.substr(1);
        break;
      default:
        text += text;
    }
  }

  base::Random& random_;
};

}  // namespace herdgate::integration
