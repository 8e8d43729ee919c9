#include "sidecar/pipeline/kill_arguments.h"

#include <algorithm>
#include <charconv>

#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {
namespace {

std::optional<std::uint64_t> ParseId(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

// "", and `error` filled, if Redis has no such type.
std::string ParseType(std::string_view text, std::string& error) {
  for (const std::string_view known : {"normal", "slave", "replica", "master", "pubsub"}) {
    if (texts::Equals(text, known)) return std::string(known == "slave" ? "replica" : known);
  }
  resp::AppendError(error, "ERR Unknown client type '" + std::string(text) + "'");
  return {};
}

void ParseOption(std::string_view name, std::string_view value, bool& skip_me, bool has_max_age, KillArguments& kill) {
  if (texts::Equals(name, "id")) {
    const auto id = ParseId(value);
    if (id) kill.filter.id = *id;
    if (!id) kill.error = texts::kBadClientId;
  } else if (texts::Equals(name, "type")) {
    kill.filter.type = ParseType(value, kill.error);
  } else if (texts::Equals(name, "addr")) {
    kill.filter.address = value;
  } else if (texts::Equals(name, "laddr")) {
    kill.filter.local_address = value;
  } else if (texts::Equals(name, "user")) {
    kill.filter.user = value;
  } else if (has_max_age && texts::Equals(name, "maxage")) {
    const auto age = ParseId(value);
    if (age) kill.filter.max_age_s = static_cast<std::int64_t>(*age);
    if (!age) kill.error = texts::kNotAnInteger;
  } else if (texts::Equals(name, "skipme") && (texts::Equals(value, "yes") || texts::Equals(value, "no"))) {
    skip_me = texts::Equals(value, "yes");
  } else {
    kill.error = texts::kSyntaxError;
  }
}

}  // namespace

KillArguments ParseKill(std::span<const std::string_view> args, std::uint64_t own_id, bool has_max_age) {
  KillArguments kill;
  if (args.size() == 3) {
    kill.old_form = true;
    kill.filter.address = args[2];
    return kill;
  }
  bool skip_me = true;
  for (std::size_t i = 2; i < args.size() && kill.error.empty(); i += 2) {
    if (i + 1 == args.size()) {
      kill.error = texts::kSyntaxError;
    } else {
      ParseOption(args[i], args[i + 1], skip_me, has_max_age, kill);
    }
  }
  if (skip_me) kill.filter.skip_id = own_id;
  return kill;
}

ListArguments ParseList(std::span<const std::string_view> args) {
  ListArguments list;
  if (args.size() == 4 && texts::Equals(args[2], "type")) {
    list.type = ParseType(args[3], list.error);
  } else if (args.size() > 3 && texts::Equals(args[2], "id")) {
    for (const std::string_view text : args.subspan(3)) {
      const auto id = ParseId(text);
      if (!id) list.error = texts::kInvalidClientId;
      if (id) list.ids.push_back(*id);
    }
  } else if (args.size() != 2) {
    list.error = texts::kSyntaxError;
  }
  return list;
}

PauseArguments ParsePause(std::string_view raw) {
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  if (decoder.Decode(raw, request) != resp::RequestDecoder::Outcome::kRequest || request.args.size() < 3) return {};
  const auto duration = ParseId(request.args[2]);
  if (!duration) return {};
  const bool writes_only = request.args.size() > 3 && texts::Equals(request.args[3], "write");
  return {.duration = std::chrono::milliseconds(std::min<std::uint64_t>(*duration, 1ULL << 40U)),
          .reads = !writes_only};
}

}  // namespace herdgate::pipeline
