#include "sidecar/app/ctl/ctl_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "sidecar/admin/text_codec.h"
#include "sidecar/app/ctl/shown_text.h"
#include "sidecar/config/nearest.h"

namespace herdgate::app {
namespace {

using Verb = CtlRequest::Verb;
using Words = std::vector<std::string>;

constexpr std::size_t kMostKeys = 1000;
constexpr std::size_t kMostKeyBytes = 65'536;
constexpr std::array<std::string_view, 7> kKinds = {"key", "keys", "prefix", "pattern", "policy", "tag", "everything"};
constexpr std::array<std::pair<std::string_view, Verb>, 5> kJobVerbs = {{{"pause", Verb::kPause},
                                                                         {"resume", Verb::kResume},
                                                                         {"cancel", Verb::kCancel},
                                                                         {"follow", Verb::kFollow},
                                                                         {"report", Verb::kReport}}};

// What goes into a path of the API.
bool IsId(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

std::string ReadKey(const std::string& typed, std::string& bytes) {
  const std::optional<std::string> key = ParseKey(typed);
  if (!key) return "a KEY has a backslash that begins no escape: write a backslash as \\\\ and a byte as \\x00";
  if (key->empty() || key->size() > kMostKeyBytes) return "a KEY must have 1 to 65536 bytes";
  bytes = *key;
  return "";
}

std::string ReadKeys(const Words& words, CtlRequest& request) {
  if (words.size() < 3) return "invalidate key needs at least one KEY";
  if (words.size() - 2 > kMostKeys) return "at most 1000 keys at once; a prefix or a pattern may say the same";
  for (std::size_t i = 2; i < words.size(); ++i) {
    std::string key;
    if (std::string mistake = ReadKey(words[i], key); !mistake.empty()) return mistake;
    request.targets.push_back(std::move(key));
  }
  request.kind = request.targets.size() == 1 ? "key" : "keys";
  return "";
}

std::string ReadInvalidate(const Words& words, CtlRequest& request) {
  request.verb = Verb::kInvalidate;
  constexpr const char* kForms = "key KEY..., prefix PREFIX, pattern GLOB, policy POLICY, tag TAG or everything";
  if (words.size() < 2) return std::string("invalidate needs what to invalidate: ") + kForms;
  const std::string& kind = words[1];
  if (std::ranges::find(kKinds, kind) == kKinds.end()) {
    const std::string_view nearest = config::NearestName(kind, kKinds);
    return nearest.empty() ? std::string("invalidate can do ") + kForms
                           : "invalidate knows no such kind; did you mean " + std::string(nearest) + "?";
  }
  if (kind == "key" || kind == "keys") return ReadKeys(words, request);
  request.kind = kind;
  if (kind == "everything") return words.size() == 2 ? "" : "invalidate everything takes nothing more";
  if (words.size() != 3 || words[2].empty()) {
    return "invalidate " + kind + " needs exactly one " + (kind == "pattern" ? "GLOB, in quotes" : kind);
  }
  if (admin::Utf8Prefix(words[2]) != words[2].size()) return "a " + kind + " must be UTF-8; keys may be any bytes";
  request.targets = {words[2]};
  return "";
}

std::string ReadJobs(const Words& words, CtlRequest& request) {
  request.verb = Verb::kJobs;
  if (words.size() == 1) return "";
  request.job = words.back();
  const auto* const verb = std::ranges::find(kJobVerbs, words[1], &std::pair<std::string_view, Verb>::first);
  if (verb != kJobVerbs.end()) {
    if (words.size() != 3) return "jobs " + words[1] + " needs exactly one JOB; herdgate ctl jobs lists them";
    request.verb = verb->second;
  } else {
    std::vector<std::string_view> known;
    known.reserve(kJobVerbs.size());
    for (const auto& [name, unused] : kJobVerbs) known.push_back(name);
    const std::string_view nearest = config::NearestName(words[1], known);
    if (words.size() == 3 && !nearest.empty()) return "jobs can't do that; did you mean " + std::string(nearest) + "?";
    if (words.size() > 2) return "jobs takes a JOB, or pause, resume, cancel, follow or report and a JOB";
    request.verb = Verb::kJob;
  }
  return IsId(request.job) ? "" : "a JOB is made of letters, digits, - and _";
}

std::string ReadBypass(const Words& words, CtlRequest& request) {
  constexpr const char* kForms = "bypass takes on SECONDS (at most 3600), or off, or nothing to show it";
  request.verb = Verb::kBypass;
  if (words.size() == 1) return "";
  if (words[1] == "off" && words.size() == 2) {
    request.verb = Verb::kBypassOff;
    return request.policies.empty() ? "" : "bypass off ends it for all policies";
  }
  const auto seconds = words.size() == 3 ? WholeNumber(words[2], 1, 3600) : std::nullopt;
  if (words[1] != "on" || !seconds) return kForms;
  request.verb = Verb::kBypassOn;
  request.seconds = *seconds;
  return "";
}

}  // namespace

std::optional<std::uint64_t> WholeNumber(const std::string& text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

std::string ReadWords(const Words& words, CtlRequest& request) {
  const std::string& command = words.front();
  if (command == "invalidate") return ReadInvalidate(words, request);
  if (command == "jobs") return ReadJobs(words, request);
  if (command == "bypass") return ReadBypass(words, request);
  if (command == "inspect") {
    request.verb = Verb::kInspect;
    return words.size() == 2 ? ReadKey(words[1], request.key) : "inspect needs exactly one KEY";
  }
  if (command == "bump") {
    request.verb = Verb::kBump;
    request.kind = "policy";
    request.hard = true;
    request.targets = {words.size() == 2 ? words[1] : ""};
    return IsId(request.targets[0]) ? "" : "bump needs the name of one POLICY";
  }
  request.verb = command == "top" ? Verb::kTop : Verb::kStatus;
  return words.size() == 1 ? "" : command + " takes flags only; see herdgate ctl --help";
}

}  // namespace herdgate::app
