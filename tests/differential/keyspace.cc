#include "tests/differential/keyspace.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/differential/script.h"

namespace herdgate::differential {
namespace {

constexpr int kDatabases = 16;
// The clocks of two servers that got a command one after the other, and whole milliseconds.
constexpr std::int64_t kSlackMs = 3000;

std::string Request(const std::vector<std::string>& arguments) {
  Command command;
  for (const std::string& argument : arguments) command.args.push_back(Arg{argument});
  std::string bytes;
  command.AppendTo(bytes);
  return bytes;
}

// A blocking connection to 127.0.0.1 with a limit of ten seconds for each read and write.
class Line {
 public:
  explicit Line(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Line() { close(fd_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  bool Send(std::string_view bytes) {
    while (open_ && !bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return open_;
  }

  bool Receive(ReplyValue& value) {
    while (true) {
      std::string_view rest(in_);
      if (CutReply(rest, value)) {
        in_.erase(0, in_.size() - rest.size());
        return true;
      }
      char piece[65536];
      const ssize_t got = recv(fd_, piece, sizeof piece, 0);
      if (got <= 0) return false;
      in_.append(piece, static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
  bool open_ = false;
  std::string in_;
};

std::string Name(const std::pair<int, std::string>& key) {
  return "\"" + Escape(key.second) + "\" in database " + std::to_string(key.first);
}

std::string Seconds(std::int64_t ms) {
  return std::to_string(ms / 1000) + " s";
}

bool IsStream(const std::string& dump) {
  return !dump.empty() && (dump[0] == 15 || dump[0] == 19 || dump[0] == 21);
}

// What the policies make of an expiry that is `asked` ms away, -1 for none: from and to which.
std::pair<std::int64_t, std::int64_t> Allowed(const TtlBounds& bounds, std::int64_t asked) {
  const std::int64_t wanted = asked >= 0 ? asked : bounds.missing.count();
  const auto clamp = [&bounds](std::int64_t ms) {
    return std::clamp<std::int64_t>(ms, bounds.min.count(), bounds.max.count());
  };
  const double shortest = static_cast<double>(wanted) * (1 - bounds.jitter);
  return {clamp(static_cast<std::int64_t>(shortest)), clamp(wanted)};
}

std::string JudgeTtl(const PolicyCase& policies, const std::pair<int, std::string>& key, std::int64_t pttl_ms,
                     std::int64_t asked_ms, std::int64_t age_ms) {
  const auto [from, to] = Allowed(policies.bounds, asked_ms);
  if (pttl_ms >= from - age_ms - kSlackMs && pttl_ms <= to + (asked_ms >= 0 ? kSlackMs : 0)) return "";
  return "the TTL of " + Name(key) + " is " + Seconds(pttl_ms) + "; " +
         (asked_ms < 0 ? "none was asked" : Seconds(asked_ms) + " were asked") + ", so it must be " + Seconds(from) +
         " to " + Seconds(to);
}

}  // namespace

bool Ask(int port, const std::vector<std::vector<std::string>>& requests, std::vector<ReplyValue>& replies) {
  Line line(port);
  std::string bytes;
  for (const auto& request : requests) bytes += Request(request);
  if (!line.Send(bytes)) return false;
  replies.assign(requests.size(), ReplyValue());
  return std::all_of(replies.begin(), replies.end(), [&line](ReplyValue& reply) { return line.Receive(reply); });
}

bool ReadKeyspace(int port, bool with_dumps, Keyspace& keyspace) {
  keyspace.clear();
  std::vector<std::vector<std::string>> requests;
  for (int db = 0; db < kDatabases; ++db) {
    requests.push_back({"SELECT", std::to_string(db)});
    requests.push_back({"KEYS", "*"});
  }
  std::vector<ReplyValue> replies;
  if (!Ask(port, requests, replies)) return false;
  requests.clear();
  std::vector<std::pair<int, std::string>> keys;
  for (int db = 0; db < kDatabases; ++db) {
    for (const ReplyValue& key : replies[static_cast<std::size_t>(2 * db + 1)].items) {
      keys.emplace_back(db, key.text);
      requests.push_back({"SELECT", std::to_string(db)});
      requests.push_back({"PTTL", key.text});
      requests.push_back(with_dumps ? std::vector<std::string>{"DUMP", key.text} : std::vector<std::string>{"PING"});
    }
  }
  if (!requests.empty() && !Ask(port, requests, replies)) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keyspace[keys[i]] = {std::strtoll(replies[3 * i + 1].text.c_str(), nullptr, 10), replies[3 * i + 2].text};
  }
  return true;
}

std::string JudgeNamesAndTtls(const PolicyCase& policies, const Keyspace& behind, std::chrono::milliseconds age) {
  const TtlBounds& bounds = policies.bounds;
  for (const auto& [key, facts] : behind) {
    std::string logical;
    if (!policies.LogicalName(key.second, logical)) return "no app can have written a key " + Name(key);
    if (!policies.ttls) continue;
    if (facts.pttl_ms == -1) return "no TTL has the key " + Name(key);
    if (facts.pttl_ms > bounds.max.count() || facts.pttl_ms < bounds.min.count() - age.count() - kSlackMs) {
      return "out of the bounds is the TTL of " + Name(key) + ": " + Seconds(facts.pttl_ms);
    }
  }
  return "";
}

std::string JudgeAgainst(const PolicyCase& policies, const Keyspace& direct, const Keyspace& behind,
                         std::chrono::milliseconds age) {
  for (const auto& [key, facts] : behind) {
    std::string logical;
    if (!policies.LogicalName(key.second, logical) || !direct.contains({key.first, logical})) {
      return "only behind Herdgate is the key " + Name(key);
    }
  }
  for (const auto& [key, facts] : direct) {
    const auto twin = behind.find({key.first, policies.PhysicalName(key.second)});
    if (twin == behind.end()) return "only on the plain server is the key " + Name(key);
    if (!IsStream(facts.dump) && facts.dump != twin->second.dump) return "another value has the key " + Name(key);
    if (policies.ttls) {
      const std::string wrong = JudgeTtl(policies, key, twin->second.pttl_ms, facts.pttl_ms, age.count());
      if (!wrong.empty()) return wrong;
    } else if ((facts.pttl_ms < 0) != (twin->second.pttl_ms < 0) ||
               std::abs(facts.pttl_ms - twin->second.pttl_ms) > kSlackMs) {
      return "another TTL has the key " + Name(key);
    }
  }
  return "";
}

std::string JudgeRandomKey(int proxied_port, const Keyspace& direct) {
  std::vector<std::vector<std::string>> requests;
  for (int db = 0; db < kDatabases; ++db) {
    requests.push_back({"SELECT", std::to_string(db)});
    for (int i = 0; i < 5; ++i) requests.push_back({"RANDOMKEY"});
  }
  std::vector<ReplyValue> replies;
  if (!Ask(proxied_port, requests, replies)) return "RANDOMKEY is not answered";
  std::set<int> filled;
  for (const auto& [key, facts] : direct) filled.insert(key.first);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (i % 6 == 0) continue;
    const int db = static_cast<int>(i / 6);
    if (replies[i].type != '$') return "RANDOMKEY is answered with " + Escape(replies[i].text);
    if (replies[i].null && filled.contains(db)) return "RANDOMKEY finds no key in database " + std::to_string(db);
    if (!replies[i].null && !direct.contains({db, replies[i].text})) {
      return "RANDOMKEY shows what is no key: " + Name({db, replies[i].text});
    }
  }
  return "";
}

}  // namespace herdgate::differential
