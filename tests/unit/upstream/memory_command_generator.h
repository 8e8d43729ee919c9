// Random commands for the comparison of the embedded store with Redis: mostly right, sometimes wrong, from one seed.
#pragma once

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::upstream::memory {

// Makes commands out of templates. In a template, one letter stands for a random argument:
//   k  a key that never expires        e  a key that may expire        i  an integer, mostly small
//   f  a float                         v  a value                      t  a time far in the future, absolute, ms
//   T  the same in seconds             d  a database                   o  some option's name
//   n  an expiry that is wrong, past, or far away, relative
//   c  a channel                       p  a pattern of one channel     s  a shard channel        x  junk
// Any longer word stands for itself.
// clang-format off
inline constexpr const char* kTemplates[] = {
    "get k", "get e", "set k v", "set k i", "set k v o", "set k v nx get", "set k v xx", "set k v nx", "set k v get",
    "set k v o o", "set e v pxat t", "set e v exat T get", "set e v keepttl", "set e v ex n", "set e v px n o",
    "setex e 100000 v", "setex e n v", "psetex e 100000000 v", "psetex e x v", "setnx k v", "getset k v", "getdel k",
    "getex e pxat t", "getex e persist", "getex e", "getex e o n", "getex e exat 1", "mget k k e", "mset k v k i",
    "msetnx k v k v", "mset k v k", "append k v", "append k i", "strlen k", "incr k", "decr k", "incrby k i",
    "decrby k i", "incrbyfloat k f", "incrbyfloat e f", "incr e", "getrange k i i", "substr k i i", "setrange k i v",
    "setbit k i b", "getbit k i", "bitcount k", "bitcount k i i", "bitcount k i i bit", "bitcount k i i byte",
    "bitcount k i", "bitcount k i i x", "del k", "del k k e", "unlink e", "exists k k e", "touch k e", "type k",
    "rename k k", "renamenx k k", "rename e e", "renamenx e e", "copy k k", "copy e e replace",
    "copy k k db d replace", "copy e e o d", "move k d", "move e d", "object encoding k", "object encoding e",
    "object refcount none", "object freq k", "expire e 100000", "expire e n o", "pexpire e n", "pexpire e n o o",
    "expireat e T", "expireat e T o", "pexpireat e t", "pexpireat e t o", "pexpireat e t o o", "expireat e 1",
    "ttl k", "pttl k", "persist e", "persist k", "keys k", "scan 0 x o match none count 1000000",
    "scan 0 match none count 1000000", "scan 0 type list count 1000000", "dbsize", "flushdb", "flushall o",
    "swapdb d d", "select d", "select 0", "multi", "multi", "exec", "exec", "exec", "discard", "watch k", "watch k e",
    "unwatch", "exec x", "subscribe c", "psubscribe p", "ssubscribe s", "unsubscribe", "punsubscribe", "sunsubscribe",
    "unsubscribe c", "unsubscribe x c", "publish c v", "publish c v", "spublish s v", "pubsub channels",
    "pubsub channels p", "pubsub numsub c x", "pubsub numpat", "pubsub shardnumsub s", "pubsub shardchannels",
    "pubsub x", "ping", "ping v", "echo v", "hello", "hello 3", "hello 2", "hello i", "hello 3 auth default x",
    "hello 2 setname name", "hello 3 o x", "hello 3 auth x x", "auth x", "auth default x", "auth x x",
    "client setname v", "client getname", "client no-evict o", "client x", "client getredir", "client unblock 999999",
    "client unblock x o", "reset", "wait 0 i", "config get databases", "config get x", "config get timeout", "role",
    "cluster info", "readonly", "readwrite", "object encoding", "reset", "reset", "hello 3", "hello 3", "exec",
    "select 0", "reset", "pubsub", "client", "config get", "command info get x", "expiretime e", "pexpiretime k",
    "memory usage none samples", "asking", "lastsave x", "time x",
};
// clang-format on

class CommandGenerator {
 public:
  static std::vector<std::string> Split(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
      const std::size_t space = std::min(text.find(' '), text.size());
      words.emplace_back(text.substr(0, space));
      text.remove_prefix(std::min(space + 1, text.size()));
    }
    return words;
  }

  explicit CommandGenerator(std::uint64_t seed) : random_(seed) {}

  std::vector<std::string> Next() {
    std::vector<std::string> command;
    // A subscribed RESP2 client may say little else, so few become one.
    std::size_t at = Below(std::size(kTemplates));
    if (std::string_view(kTemplates[at]).find("subscribe") != std::string_view::npos && !Chance(5))
      at = Below(std::size(kTemplates));
    const std::vector<std::string> words = Split(kTemplates[at]);
    for (const std::string& word : words)
      command.push_back(word.size() == 1 && std::isalpha(word[0]) != 0 ? Argument(word[0]) : word);
    Disturb(command, words);
    if (Chance(3)) std::transform(command[0].begin(), command[0].end(), command[0].begin(), ::toupper);
    return command;
  }
  std::size_t Below(std::size_t bound) { return random_.Below(bound); }
  bool Chance(std::size_t one_in) { return random_.Below(one_in) == 0; }

 private:
  std::string Pick(std::initializer_list<const char*> words) { return *(words.begin() + random_.Below(words.size())); }

  // Now and then the count of arguments is wrong. Names of relative times would make it depend on time: left alone.
  void Disturb(std::vector<std::string>& command, const std::vector<std::string>& words) {
    const bool timed = std::find(words.begin(), words.end(), "e") != words.end();
    if (timed || words[0] == "time" || words[0] == "lastsave" || !Chance(12)) return;
    if (Chance(2) && command.size() > 1) {
      command.pop_back();
    } else if (words[0] != "scan" && words[0] != "keys" && words[0] != "subscribe" && words[0] != "psubscribe" &&
               words[0] != "ssubscribe" && words[0] != "ttl" && words[0] != "set") {
      command.push_back(Argument('x'));
    }
  }

  std::string Argument(char kind) {
    switch (kind) {
      case 'k':
        return "k" + std::to_string(Below(4));
      case 'e':
        return "e" + std::to_string(Below(4));
      case 'i':
        return Pick({"0", "1", "2", "7", "-1", "-5", "10", "40", "99", "9223372036854775807", "-9223372036854775808",
                     "x", "01", "4294967296", " 1", "", "9223372036854775", "100000000000"});
      case 'n':
        return Pick({"0", "-1", "x", "01", "", "100000000000", "9223372036854775807", "9223372036854775",
                     "-9223372036854775808", "400000"});
      case 'b':
        return Pick({"0", "1", "2", "-1", "x"});
      case 'f':
        return Pick(
            {"1.5", "-2", "3e3", "inf", "nan", "x", "0.1", "1e17", "5e-3", " 1", "-0", "0x1p3", "1e5000", "", "+1"});
      case 'v':
        return Value();
      case 't':
        return std::to_string(99999999999000 + static_cast<long long>(Below(5)));
      case 'T':
        return std::to_string(99999999999 + static_cast<long long>(Below(5)));
      case 'd':
        return Pick({"0", "1", "1", "0", "2", "15", "16", "-1", "x", "99999999999"});
      case 'o':
        return Pick({"nx", "xx",  "gt", "lt", "keepttl", "get",   "persist", "NX",      "sync",    "async",
                     "on", "off", "x",  "ex", "count",   "match", "db",      "replace", "timeout", "setname"});
      case 'c':
      case 's':
        return "channel";
      case 'p':
        return "chan*";
      default:
        return Pick({"x", "nothing", "", "a b", "-1", "12x"});
    }
  }

  std::string Value() {
    switch (Below(5)) {
      case 0:
        return std::to_string(static_cast<long long>(Below(20000)) - 10000);
      case 1:
        return std::string(Below(120), 'v');
      case 2:
        return std::string("\0\r\n\xff bin", 8);
      case 3:
        return Pick({"", "1.25", "00", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775808"});
      default:
        return "value" + std::to_string(Below(100));
    }
  }

  base::Random random_;
};

}  // namespace herdgate::upstream::memory
