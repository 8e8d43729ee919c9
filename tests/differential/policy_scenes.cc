// The scenes that Author writes only under policies, and what it leaves out under them.
#include <string>

#include "tests/differential/author.h"
#include "tests/differential/templates.h"

namespace herdgate::differential {
namespace {

// One call lists everything: what a cursor means depends on the names in Redis.
constexpr std::string_view kListings[] = {"! KEYS %glob", "! KEYS *", "! SCAN 0 COUNT 1000000",
                                          "! SCAN 0 MATCH %glob COUNT 1000000 [ TYPE %type ]",
                                          "! SCAN 0 COUNT 1000000 TYPE %type"};
constexpr std::string_view kScans[] = {"! SCAN 0", "! SCAN 0 MATCH %glob", "! SCAN 0 COUNT %pages",
                                       "! SCAN 0 MATCH %glob COUNT %pages TYPE %type", "! SCAN 0 TYPE %type"};

// One pattern at a time: Redis tells a message once for each, in the order of a hash table of their names in Redis.
constexpr std::string_view kListen[] = {
    "! SUBSCRIBE __keyspace@0__:s0 __keyspace@0__:l0",
    "! SUBSCRIBE __keyspace@0__:s1 __keyspace@1__:h0 __keyevent@0__:set __keyevent@0__:del",
    "! PSUBSCRIBE __keyspace@0__:s*",
    "! PSUBSCRIBE __keyspace@*__:*",
    "! PSUBSCRIBE __keyevent@*__:*",
    "! PSUBSCRIBE *",
    "! PSUBSCRIBE __key*__:*",
    "! PSUBSCRIBE __keyspace@0__:[sl]0"};

// Of few keys: one may hold another type, one is never written.
constexpr std::string_view kHotReads[] = {
    "GET ( s0 | s1 | s2 | never | l0 )", "GET ( s0 | s1 )",    "GET ( s0 | s1 )",
    "MGET s0 ( s1 | s2 ) [ never ]",     "MGET s0 s0 l0",      "STRLEN ( s0 | s1 | never | l0 )",
    "EXISTS ( s0 | s1 | never | l0 )",   "EXISTS s0 s0 never", "GETRANGE ( s0 | s1 | never ) %int %int",
    "! TTL ( s0 | s1 | never )",         "! PTTL ( s0 | s1 )", "! PEXPIRETIME ( s0 | never )"};
constexpr std::string_view kHotWrites[] = {"SET ( s0 | s1 | s2 ) %val", "APPEND ( s0 | s1 ) x",
                                           "DEL ( s0 | s1 )",           "! EVAL %lua 1 ( s0 | s1 ) %val",
                                           "SETRANGE s0 1 y",           "GETDEL s1",
                                           "! EXPIREAT s0 %at",         "PERSIST s0",
                                           "COPY s1 s0 REPLACE",        "RENAME s1 s0"};

bool Lists(std::string_view line) {
  return line.starts_with("KEYS ") || line.starts_with("SCAN ") || line == "RANDOMKEY";
}

// Says something of a TTL, which is another one.
bool TellsTtl(std::string_view line) {
  for (const std::string_view name :
       {"EXPIRETIME ", "PEXPIRETIME ", "! TTL ", "! PTTL ", "PERSIST ", "! CONFIG SET notify"}) {
    if (line.starts_with(name)) return true;
  }
  return false;
}

// Is sent as another command, which a subscriber's error names.
bool IsRenamed(std::string_view line) {
  for (const std::string_view name : {"GETSET ", "! SETEX ", "! EXPIRE"}) {
    if (line.starts_with(name)) return true;
  }
  return false;
}

}  // namespace

std::string_view Author::Allowed(std::string_view line) const {
  if (policies_ == nullptr) return line;
  // What a policy adds to a command lets Redis rehash its table of keys sooner.
  if (policies_->reorders_keys() && Lists(line)) return "";
  // Redis lists channels as it lists keys; those of notifications have other names.
  if (policies_->versions && line.starts_with("PUBSUB CHANNELS")) return "";
  if (!policies_->ttls) return line;
  if (TellsTtl(line)) return "";
  if (inside_ == Inside::kTransaction && line.starts_with("SELECT ")) return "";
  if (inside_ == Inside::kPubSub && IsRenamed(line)) return "";
  // What NX, XX, GT and LT do depends on the TTL.
  const std::size_t condition = line.starts_with("! EXPIRE") ? line.find(" [ NX") : std::string_view::npos;
  return line.substr(0, condition);
}

void Author::Listing() {
  const uint32_t client = AnyClient();
  Clean(client);
  if (OneIn(2)) Add(Begin(client), "! SELECT %db");
  Event& event = Begin(client);
  if (OneIn(3)) {
    AddOne(event, kScans);
    event.commands.resize(1);  // and nothing silent behind it
    event.commands[0].form = Command::Form::kMultibulk;
    event.compare = Event::Compare::kScan;
    return;
  }
  event.compare = Event::Compare::kUnordered;
  const bool in_multi = OneIn(3);
  if (in_multi) Add(event, "! MULTI");
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    if (OneIn(3)) AddOne(event, Group("strings").lines);
    AddOne(event, kListings);
  }
  if (in_multi) Add(event, "! EXEC");
}

void Author::Notifications() {
  const uint32_t listener = AnyClient();
  const uint32_t writer = OtherClient(listener);
  Clean(listener);
  Clean(writer);
  Add(Begin(writer), "! CONFIG SET notify-keyspace-events ( KEA | KEAm | KA | Eg$ | K$lshzxg )");
  Event& listen = Begin(listener);
  AddOne(listen, kListen);
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    AddPlain(Begin(writer), 1 + Below(12));
    if (OneIn(4)) AddPlain(Begin(protocols_[listener] == 3 ? listener : writer), 1 + Below(5));
  }
  Event& last = Begin(listener);
  if (OneIn(3)) Add(last, "! PUNSUBSCRIBE __key*__:* nothing");
  if (OneIn(3)) Add(last, "! PUNSUBSCRIBE");
  Clean(writer);
  Add(Begin(writer), "! CONFIG SET notify-keyspace-events %nothing");
  Clean(listener);
}

// Reads of a key in pipelines of their own, so that its value has time to come near, and now and then something that
// may change it.
void Author::Hot() {
  const uint32_t reader = AnyClient();
  Clean(reader);
  for (uint64_t left = 4 + Below(12); left > 0; --left) {
    Event& event = Begin(reader);
    if (OneIn(10)) AddPlain(event, 1);
    for (uint64_t reads = 1 + Below(3); reads > 0; --reads) AddOne(event, kHotReads);
    if (OneIn(10)) AddOne(event, kHotWrites);
    if (OneIn(3)) AddOne(event, kHotReads);
    if (OneIn(12)) AddOne(Begin(OtherClient(reader)), kHotWrites);
    if (OneIn(12)) AddPlain(Begin(OtherClient(reader)), 1 + Below(6));
  }
}

}  // namespace herdgate::differential
