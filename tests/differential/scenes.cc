// The scenes of Author. Each leaves its clients as it found them, as far as spoiled commands allow.
#include <string>

#include "tests/differential/author.h"
#include "tests/differential/templates.h"

namespace herdgate::differential {
namespace {

// Redis keeps channels in a hash table that lives as long as the connection, and Herdgate's lanes have other lives than
// its clients. So the order in which UNSUBSCRIBE without arguments names several channels may differ, and scripts use
// it only where there is at most one; patterns stand in a list and are free.
constexpr std::string_view kSubscribeMany[] = {"! SUBSCRIBE { %chan }",   "! PSUBSCRIBE { %glob }",
                                               "! PSUBSCRIBE chan*",      "! SSUBSCRIBE { %chan }",
                                               "! SUBSCRIBE %chan %chan", "! SUBSCRIBE"};
constexpr std::string_view kUnsubscribeSome[] = {"! UNSUBSCRIBE %chan", "! PUNSUBSCRIBE", "! SUNSUBSCRIBE %chan",
                                                 "! PUNSUBSCRIBE chan*", "! UNSUBSCRIBE %chan %chan"};
constexpr std::string_view kSubscribeOne[] = {"! SUBSCRIBE chan1", "! PSUBSCRIBE { %glob }", "! SSUBSCRIBE chan2"};
constexpr std::string_view kUnsubscribeAll[] = {"! UNSUBSCRIBE", "! PUNSUBSCRIBE", "! SUNSUBSCRIBE",
                                                "! UNSUBSCRIBE chan1"};
constexpr std::string_view kWhileSubscribed[] = {"PING",           "PING %val",         "GET %str", "SET %str %val",
                                                 "ECHO x",         "SELECT %db",        "MULTI",    "DISCARD",
                                                 "CLIENT GETNAME", "PUBLISH %chan own", "NOSUCH",   "GET"};
constexpr std::string_view kPublish[] = {
    "PUBLISH %chan %val",      "PUBLISH %chan %val", "SPUBLISH %chan %val", "! EVAL %publisher 0 %val",
    "PUBSUB NUMSUB { %chan }", "PUBSUB NUMPAT",      "PUBSUB CHANNELS",     "PUBSUB SHARDNUMSUB { %chan }"};
constexpr std::string_view kOddInMulti[] = {"WATCH %key",
                                            "MULTI",
                                            "SELECT %db",
                                            "UNWATCH",
                                            "CLIENT GETNAME",
                                            "NOSUCH",
                                            "GET",
                                            "! HELLO %protocol",
                                            "! BLPOP %list 0.01",
                                            "! BZPOPMIN %zset 0.01",
                                            "CLIENT SETNAME in-multi",
                                            "! WAIT 0 0",
                                            "! XREAD BLOCK 10 STREAMS %stream $",
                                            "PUBLISH %chan %val",
                                            "PING",
                                            "ACL WHOAMI",
                                            "! RESET"};

}  // namespace

void Author::Pipeline() {
  AddPlain(Begin(AnyClient()), PipelineLength());
}

void Author::Connection() {
  Event& event = Begin(AnyClient());
  for (uint64_t left = 1 + Below(8); left > 0; --left) {
    AddOne(event, ConnectionLines());
    AddPlain(event, Below(4));
  }
  const uint32_t client = event.client;
  if (OneIn(2)) Clean(client);
}

std::vector<Command> Author::TransactionCommands() {
  Event body;
  inside_ = Inside::kTransaction;
  Add(body, "! MULTI");
  for (uint64_t left = OneIn(20) ? Below(120) : Below(8); left > 0; --left) {
    const uint64_t dice = Below(100);
    if (dice < 10) {
      AddOne(body, kOddInMulti);
    } else {
      AddPlain(body, 1);
    }
  }
  // What a policy lets follow EXEC finds the connection subscribing, and is refused.
  const bool followed = policies_ != nullptr && policies_->ttls;
  if (OneIn(40) && !followed) AddOne(body, kSubscribeOne);
  Add(body, OneIn(6) ? "! DISCARD" : OneIn(30) ? "! RESET" : "! EXEC");
  inside_ = Inside::kNothing;
  return body.commands;
}

void Author::Transaction() {
  const uint32_t client = AnyClient();
  const std::vector<Command> commands = TransactionCommands();
  // Whole in one write, step by step, or cut somewhere.
  const uint64_t style = Below(4);
  const uint64_t cut_one_in = style < 2 ? 0 : style == 2 ? 1 : 4;
  Event* event = &Begin(client);
  AddPlain(*event, Below(3));
  for (const Command& command : commands) {
    event->commands.push_back(command);
    if (cut_one_in == 0 || !OneIn(cut_one_in)) continue;
    Bystander(client);
    event = &Begin(client);
  }
  AddPlain(*event, Below(3));
  if (OneIn(3)) Clean(client);
}

void Author::Watch() {
  const uint32_t client = AnyClient();
  if (OneIn(2)) Clean(client);
  Event& first = Begin(client);
  AddPlain(first, Below(2));
  Add(first, "! WATCH s0 s1 { %key }");
  AddPlain(first, Below(2));
  if (OneIn(3)) Add(first, "UNWATCH");
  if (OneIn(2)) Add(Begin(OneIn(2) ? client : OtherClient(client)), "! SET ( s0 | s1 | s2 ) %val");
  Bystander(client);
  const std::vector<Command> commands = TransactionCommands();
  Event* event = &Begin(client);
  const bool in_steps = OneIn(3);
  for (const Command& command : commands) {
    if (in_steps && OneIn(2)) event = &Begin(client);
    event->commands.push_back(command);
  }
  AddPlain(*event, Below(2));
}

void Author::Subscribe(uint32_t client, bool many) {
  Event& event = Begin(client);
  AddPlain(event, Below(2));
  for (uint64_t left = 1 + Below(3); left > 0; --left) {
    if (many) {
      AddOne(event, kSubscribeMany);
    } else {
      AddOne(event, kSubscribeOne);
    }
  }
  AsSubscriber(event, many);
}

void Author::AsSubscriber(Event& event, bool many) {
  for (uint64_t left = Below(5); left > 0; --left) {
    if (!OneIn(3)) {
      AddOne(event, kWhileSubscribed);
    } else if (many) {
      AddOne(event, OneIn(2) ? std::span<const std::string_view>(kUnsubscribeSome) : kSubscribeMany);
    } else {
      AddOne(event, OneIn(2) ? std::span<const std::string_view>(kUnsubscribeAll) : kSubscribeOne);
    }
  }
}

void Author::Publish(uint32_t client) {
  Event& event = Begin(client);
  for (uint64_t left = 1 + Below(8); left > 0; --left) {
    if (OneIn(3)) {
      AddPlain(event, 1);
    } else {
      AddOne(event, kPublish);
    }
  }
}

void Author::PubSub() {
  inside_ = Inside::kPubSub;
  const uint32_t subscriber = AnyClient();
  const uint32_t second = OtherClient(subscriber);
  const bool many = OneIn(2);
  Clean(subscriber);
  Clean(second);
  Subscribe(subscriber, many);
  if (OneIn(3)) Subscribe(second, many);
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    Publish(OtherClient(subscriber));
    if (OneIn(2)) AsSubscriber(Begin(subscriber), many);
  }
  Event& last = Begin(subscriber);
  if (OneIn(3)) {
    if (!many) Add(last, "! UNSUBSCRIBE");
    Add(last, "! PUNSUBSCRIBE");
    if (!many) Add(last, "! SUNSUBSCRIBE");
    AddPlain(last, Below(4));
  }
  if (OneIn(4)) {
    Add(last, "! QUIT");
    last.ends = true;
  }
  Clean(subscriber);
  Clean(second);
  inside_ = Inside::kNothing;
}

void Author::Blocking() {
  Event& event = Begin(AnyClient());
  AddPlain(event, Below(3));
  for (uint64_t left = 1 + Below(2); left > 0; --left) {
    if (OneIn(2)) Add(event, OneIn(2) ? "! RPUSH l0 a b c d" : "! ZADD z0 1 a 2 b 3 c");
    AddOne(event, BlockingLines());
    AddPlain(event, Below(4));
  }
}

// Blocks `client` on "wait-" and the type.
void Author::WaitFor(uint32_t client, char type) {
  Event& event = Begin(client);
  AddPlain(event, Below(3));
  constexpr std::string_view kLists[] = {"! BLPOP wait-l 0", "! BRPOP missing1 wait-l 0",
                                         "! BLMOVE wait-l l1 LEFT RIGHT 0", "! BLMPOP 0 1 wait-l LEFT COUNT 2",
                                         "! BRPOPLPUSH wait-l l2 0"};
  constexpr std::string_view kSortedSets[] = {"! BZPOPMIN wait-z 0", "! BZPOPMAX missing1 wait-z 0",
                                              "! BZMPOP 0 1 wait-z MAX"};
  constexpr std::string_view kStreams[] = {"! XREAD BLOCK 0 STREAMS wait-x $",
                                           "! XREAD COUNT 2 BLOCK 0 STREAMS missing1 wait-x $ $"};
  if (type == 'l') AddOne(event, kLists);
  if (type == 'z') AddOne(event, kSortedSets);
  if (type == 'x') AddOne(event, kStreams);
  event.parks = true;
}

// Enough for whoever waits. The waking command stands alone: what the sleeper sent behind its blocked command runs at
// once, and Redis does not say whether before or after the rest of the waker's pipeline.
void Author::Awake(uint32_t client, char type) {
  Event& event = Begin(client);
  const bool in_multi = OneIn(4);
  if (in_multi) Add(event, "! MULTI");
  if (in_multi) AddPlain(event, Below(3));
  if (type == 'l') Add(event, OneIn(2) ? "! RPUSH wait-l a %val c d e f" : "! LPUSH wait-l a b c d e f");
  if (type == 'z') Add(event, "! ZADD wait-z 1 a 2 b 3 c 4 d");
  if (type == 'x') Add(event, "! XADD wait-x %next f %val");
  if (in_multi) AddPlain(event, Below(2));
  if (in_multi) Add(event, "! EXEC");
  Add(Begin(client), std::string("! DEL wait-") + type);
}

void Author::Wake() {
  constexpr std::string_view kTypes = "lzx";
  const char type = kTypes[Below(kTypes.size())];
  const uint32_t sleeper = AnyClient();
  const uint32_t waker = OtherClient(sleeper);
  Clean(sleeper);
  Clean(waker);
  Add(Begin(waker), std::string("! DEL wait-") + type);
  WaitFor(sleeper, type);
  if (OneIn(2)) AddPlain(script_.events.back(), Below(4));
  if (OneIn(3)) AddPlain(Begin(sleeper), 1 + Below(3));  // behind the blocked command
  if (OneIn(6)) {
    Begin(sleeper).ends = true;
    Clean(sleeper);
    return;
  }
  for (uint32_t second = 0; second < script_.clients; ++second) {
    if (second == sleeper || second == waker || !OneIn(4)) continue;
    Clean(second);
    WaitFor(second, type);
    if (OneIn(2)) Add(script_.events.back(), "PING %val");
  }
  if (OneIn(2)) AddPlain(Begin(waker), 1 + Below(4));
  // A bystander's FLUSHALL or SWAPDB may come between: wake whoever may still wait, in every case.
  Clean(waker);
  for (int i = 0; i < 3; ++i) Awake(waker, type);
}

void Author::Reply() {
  const uint32_t client = AnyClient();
  Clean(client);
  Event& event = Begin(client);
  AddPlain(event, Below(3));
  if (OneIn(2)) {
    Add(event, "! CLIENT REPLY OFF");
    AddPlain(event, Below(10));
    if (OneIn(5)) Add(event, "! SELECT 1");
    if (OneIn(5)) Add(event, "! CLIENT REPLY SKIP");
    Add(event, "! CLIENT REPLY ON");
  } else {
    for (uint64_t left = 1 + Below(3); left > 0; --left) {
      Add(event, "! CLIENT REPLY SKIP");
      AddPlain(event, Below(3));
    }
  }
  Add(event, "! PING end");
}

// Default mode only: with BCAST the server gathers invalidations for as long as its own event loop turns.
void Author::Tracking() {
  const uint32_t client = AnyClient();
  const uint32_t other = OtherClient(client);
  Clean(client);
  Clean(other);
  Event& event = Begin(client);
  Add(event, "! CLIENT TRACKING ON [ OPTIN | OPTOUT ] [ NOLOOP ]");
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    Event& reads = OneIn(2) ? event : Begin(client);
    if (OneIn(3)) Add(reads, "CLIENT CACHING ( YES | NO )");
    Add(reads, "! ( GET s0 | MGET s0 s1 s2 | HGETALL h0 | LRANGE l0 0 -1 | GET s1 )");
    if (OneIn(2))
      Add(Begin(OneIn(3) ? client : other),
          "! ( SET s0 %val | DEL s1 h0 | HSET h0 f v | MSET s0 x s1 y | RPUSH l0 x )");
  }
  // Redis remembers what a client read also after OFF and RESET, and would tell it once tracking is on again; a lane of
  // Herdgate is not the same connection as before. So nothing is left to remember.
  Event& writes = Begin(other);
  Add(writes, "! MSET s0 1 s1 2 s2 3 h0 4 l0 5");
  Add(writes, "! DEL h0 l0");
  Event& last = Begin(client);
  Add(last, "CLIENT TRACKINGINFO");
  Add(last, OneIn(2) ? "! CLIENT TRACKING OFF" : "! RESET");
  if (OneIn(2)) Add(Begin(other), "! MSET s0 1 s1 2 s2 3");
  Clean(client);
}

void Author::User() {
  const uint32_t client = AnyClient();
  Clean(client);
  Event& event = Begin(client);
  AddPlain(event, Below(3));
  const std::string hello = HelloLine(client);
  Add(event,
      OneIn(2) ? "! AUTH ( bob pw | eve anything | bob wrong )" : hello + " AUTH ( bob pw | eve x ) [ SETNAME named ]");
  AddPlain(event, PipelineLength() % 40);
  Add(event, "! ACL WHOAMI");
  if (OneIn(3)) Add(Begin(OtherClient(client)), "! ACL SETUSER bob ( +hget | -hget | +@all | -get | +get )");
  Event& more = Begin(client);
  AddPlain(more, Below(6));
  if (OneIn(3)) {
    for (const Command& command : TransactionCommands()) more.commands.push_back(command);
  }
  Clean(client);
}

void Author::Hello() {
  const uint32_t client = AnyClient();
  Event& event = Begin(client);
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    AddPlain(event, Below(8));
    protocols_[client] = 2 + static_cast<int>(Below(2));
    Add(event, HelloLine(client) + (OneIn(3) ? " SETNAME somebody" : ""));
  }
  AddPlain(event, Below(8));
}

void Author::Close() {
  const uint32_t client = AnyClient();
  Event& event = Begin(client);
  AddPlain(event, Below(10));
  if (OneIn(2)) {
    Add(event, "! QUIT");
    AddPlain(event, Below(4));
  }
  event.ends = true;
  Clean(client);
}

}  // namespace herdgate::differential
