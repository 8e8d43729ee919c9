#include "sidecar/pipeline/discovery.h"

#include <charconv>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/command/correction.h"
#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {
namespace {

// The value of `name` in a reply of CONFIG GET; empty if it is not there.
std::string ConfigValue(std::string_view reply, std::string_view name) {
  const auto parsed = resp::ParseReply(reply);
  if (!parsed.ok()) return {};
  const auto& elements = parsed.value().reply.elements;
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    if (elements[i].text == name) return std::string(elements[i + 1].text);
  }
  return {};
}

}  // namespace

Discovery::Discovery(LoopContext& context) : context_(context), facts_(*context.facts) {
  Ask();
}

void Discovery::Refresh() {
  wanted_ = true;
  if (!asking_) Ask();
}

void Discovery::EverySecond() {
  const auto state = context_.lanes.health().Get();
  if (state.connected && state.since != asked_for_) wanted_ = true;
  if (wanted_ && !asking_ && state.connected) Ask();
}

void Discovery::Ask() {
  asking_ = true;
  wanted_ = false;
  context_.own_query->Ask({"COMMAND"}, 0, [this](const std::string& reply) { OnCommands(reply); });
}

void Discovery::OnCommands(const std::string& reply) {
  auto table = command::Corrected(command::BuiltIn(), reply);
  if (table.ok()) {
    facts_.table = std::make_shared<const command::Table>(std::move(table.value()));
  } else if (reply.starts_with("-ERR herdgate:")) {
    // Not reachable: the next connection asks again.
    asking_ = false;
    return;
  } else {
    base::LogWarn("upstream.commands_unknown", {{"hint", "the built-in command table is used"}});
  }
  asked_for_ = context_.lanes.health().Get().since;
  context_.own_query->Ask({"CONFIG", "GET", "enable-*-command"}, 0,
                          [this](const std::string& rules) { OnDebugRule(rules); });
}

void Discovery::OnDebugRule(const std::string& reply) {
  facts_.debug_is_local = ConfigValue(reply, "enable-debug-command") == "local";
  facts_.module_is_local = ConfigValue(reply, "enable-module-command") == "local";
  context_.own_query->Ask({"CONFIG", "GET", "proto-max-bulk-len"}, 0,
                          [this](const std::string& limit) { OnBulkLimit(limit); });
}

void Discovery::OnBulkLimit(const std::string& reply) {
  const std::string text = ConfigValue(reply, "proto-max-bulk-len");
  std::int64_t bytes = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (parsed.ec == std::errc() && bytes > 0) facts_.max_bulk_bytes = bytes;
  asking_ = false;
  Publish();
}

void Discovery::Publish() {
  const auto facts = std::make_shared<const Facts>(facts_);
  for (LoopContext* peer : context_.peers) {
    peer->loop.Post([peer, facts] { peer->facts = facts; });
  }
}

}  // namespace herdgate::pipeline
