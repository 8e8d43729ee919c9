#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/glob.h"

namespace herdgate::upstream::memory::commands {
namespace {

std::string_view Prefix(Topic topic) {
  switch (topic) {
    case Topic::kChannel:
      return "";
    case Topic::kPattern:
      return "p";
    case Topic::kShardChannel:
      break;
  }
  return "s";
}

// Shard channels are counted apart from channels and patterns.
std::size_t Count(const Client& client, Topic topic) {
  return topic == Topic::kShardChannel ? client.shard_channels.size() : client.channels.size() + client.patterns.size();
}

void Confirm(Call& call, Topic topic, std::string_view verb, const std::string_view* name) {
  call.reply.Push(3);
  call.reply.Bulk(std::string(Prefix(topic)) + std::string(verb));
  if (name == nullptr) {
    call.reply.Null();
  } else {
    call.reply.Bulk(*name);
  }
  call.reply.Count(Count(call.client, topic));
}

void SubscribeTo(Call& call, Topic topic) {
  for (const std::string_view name : call.args.subspan(1)) {
    const bool is_new = !Subscriptions::Of(call.client, topic).contains(name);
    if (is_new && !call.store.Charge(Subscriptions::Cost(name))) {
      call.reply.Error(kOutOfMemory);
      continue;
    }
    call.store.subscriptions().Add(call.client, topic, name);
    Confirm(call, topic, "subscribe", &name);
  }
}

void UnsubscribeFrom(Call& call, Topic topic) {
  std::vector<std::string> all;
  std::vector<std::string_view> names(call.args.begin() + 1, call.args.end());
  if (names.empty()) {
    const auto& own = Subscriptions::Of(call.client, topic);
    all.assign(own.begin(), own.end());
    names.assign(all.begin(), all.end());
    if (names.empty()) return Confirm(call, topic, "unsubscribe", nullptr);
  }
  for (const std::string_view name : names) {
    if (call.store.subscriptions().Remove(call.client, topic, name)) call.store.Release(Subscriptions::Cost(name));
    Confirm(call, topic, "unsubscribe", &name);
  }
}

void AppendMessage(std::string& out, int proto, std::initializer_list<std::string_view> parts) {
  resp::AppendPushHeader(out, parts.size(), proto);
  for (const std::string_view part : parts) resp::AppendBulk(out, part);
}

std::size_t SendToAll(Call& call, const Subscriptions::Subscribers& subscribers,
                      std::initializer_list<std::string_view> parts) {
  std::array<std::string, 2> rendered;  // per protocol
  for (Client* client : subscribers) {
    std::string& message = rendered[client->proto == 3 ? 1 : 0];
    if (message.empty()) AppendMessage(message, client->proto, parts);
    call.store.Deliver(*client, message);
  }
  return subscribers.size();
}

void ReplyNames(Call& call, Topic topic) {
  std::vector<std::string_view> found;
  for (const auto& [name, subscribers] : call.store.subscriptions().names(topic)) {
    if (call.args.size() == 2 || GlobMatches(call.args[2], name)) found.push_back(name);
  }
  call.reply.Array(found.size());
  for (const std::string_view name : found) call.reply.Bulk(name);
}

void ReplyCounts(Call& call, Topic topic) {
  const auto names = call.args.subspan(2);
  call.reply.Array(names.size() * 2);
  for (const std::string_view name : names) {
    const Subscriptions::Subscribers* subscribers = call.store.subscriptions().Find(topic, name);
    call.reply.Bulk(name);
    call.reply.Count(subscribers == nullptr ? 0 : subscribers->size());
  }
}

void ReplyNamesChecked(Call& call, Topic topic) {
  if (call.args.size() <= 3) return ReplyNames(call, topic);
  WrongSubcommandCount(call);
}

}  // namespace

void Subscribe(Call& call) {
  SubscribeTo(call, Topic::kChannel);
}
void PSubscribe(Call& call) {
  SubscribeTo(call, Topic::kPattern);
}
void SSubscribe(Call& call) {
  if (call.client.in_exec) return call.reply.Error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  SubscribeTo(call, Topic::kShardChannel);
}
void Unsubscribe(Call& call) {
  UnsubscribeFrom(call, Topic::kChannel);
}
void PUnsubscribe(Call& call) {
  UnsubscribeFrom(call, Topic::kPattern);
}
void SUnsubscribe(Call& call) {
  UnsubscribeFrom(call, Topic::kShardChannel);
}

void Publish(Call& call) {
  const std::string_view channel = call.args[1];
  const std::string_view message = call.args[2];
  std::size_t receivers = 0;
  if (const auto* subscribers = call.store.subscriptions().Find(Topic::kChannel, channel)) {
    receivers += SendToAll(call, *subscribers, {"message", channel, message});
  }
  for (const auto& [pattern, subscribers] : call.store.subscriptions().names(Topic::kPattern)) {
    if (GlobMatches(pattern, channel)) {
      receivers += SendToAll(call, subscribers, {"pmessage", pattern, channel, message});
    }
  }
  call.reply.Count(receivers);
}

void SPublish(Call& call) {
  const auto* subscribers = call.store.subscriptions().Find(Topic::kShardChannel, call.args[1]);
  const std::size_t receivers =
      subscribers == nullptr ? 0 : SendToAll(call, *subscribers, {"smessage", call.args[1], call.args[2]});
  call.reply.Count(receivers);
}

void PubSubChannels(Call& call) {
  ReplyNamesChecked(call, Topic::kChannel);
}
void PubSubShardChannels(Call& call) {
  ReplyNamesChecked(call, Topic::kShardChannel);
}
void PubSubNumSub(Call& call) {
  ReplyCounts(call, Topic::kChannel);
}
void PubSubShardNumSub(Call& call) {
  ReplyCounts(call, Topic::kShardChannel);
}
void PubSubNumPat(Call& call) {
  call.reply.Count(call.store.subscriptions().names(Topic::kPattern).size());
}

}  // namespace herdgate::upstream::memory::commands
