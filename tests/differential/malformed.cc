// The scene of what no client should send: one connection each, some good requests, then bytes that are none.
#include <string>

#include "tests/differential/author.h"

namespace herdgate::differential {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kGood[] = {"! ECHO %val", "! SET s1 %val",    "! GET s0",        "! NOSUCH %val",   "! PING",
                                      "! MULTI",     "! EXEC",           "! SELECT 1",      "! HELLO 3",       "! GET",
                                      "! INCR s1",   "! SUBSCRIBE chan", "! LRANGE s0 0 1", "! CLIENT GETNAME"};

constexpr std::string_view kBad[] = {"*x\r\n",
                                     "*\r\n",
                                     "*+1\r\n",
                                     "*01\r\n",
                                     "*-2\r\n",
                                     "*1 \r\n",
                                     "* 1\r\n",
                                     "*2147483648\r\n",
                                     "*1048577\r\n",
                                     "*99999999999999999999\r\n",
                                     "*1\r\n:1\r\n",
                                     "*1\r\n+PING\r\n",
                                     "*1\r\nPING\r\n",
                                     "*2\r\n$4\r\nPING\r\n*1\r\n",
                                     "*1\r\n$-1\r\n",
                                     "*1\r\n$-5\r\n",
                                     "*1\r\n$x\r\n",
                                     "*1\r\n$\r\n",
                                     "*1\r\n$536870913\r\n",
                                     "*1\r\n$99999999999999999999\r\n",
                                     "*1\r\n$4 \r\nPING\r\n",
                                     "*1\r\n$+4\r\nPING\r\n",
                                     "*1\r\n$4\r\nPINGxx",
                                     "*1\r\n$4\r\nPING\n\n",
                                     "*1\n$4\nPING\n",
                                     "$4\r\nPING\r\n",
                                     ":1\r\n",
                                     "+OK\r\n",
                                     "-ERR\r\n",
                                     "%1\r\n",
                                     "GET \"a\r\n",
                                     "GET 'a\r\n",
                                     "GET \"a\"b\r\n",
                                     "GET 'a'b\r\n",
                                     "SET a \"\\xg1\"\r\n",
                                     "ECHO \"\\x41\\n\\q\"\r\n",
                                     "ECHO 'it\\'s'\r\n",
                                     "PING\n",
                                     " \t PING \r\n",
                                     "\r\n\r\n",
                                     "\n",
                                     "*0\r\n",
                                     "*-1\r\n",
                                     "\0\r\n"sv,
                                     "PING\0x\r\n"sv,
                                     "\x16\x03\x01\x02\x00\x01\x00"sv,
                                     "*3\r\n$3\r\nSET\r\n$2\r\ns0\r\n",
                                     "*1\r\n$4\r\nPI",
                                     "*1\r\n$5\r\n",
                                     "*1\r",
                                     "*",
                                     "PIN",
                                     "\xff\xfe\r\n",
                                     "*1\r\n$0\r\n\r\n"};

// What a browser would say to this port. Redis closes at once, and drops replies that it has not written yet: so
// nothing may stand before it.
constexpr std::string_view kCrossProtocol[] = {"POST / HTTP/1.1\r\n\r\n", "Host: x\r\n", "post\r\n",
                                               "*1\r\n$4\r\nPOST\r\n", "*2\r\n$5\r\nhost:\r\n$1\r\nx\r\n"};

constexpr std::string_view kWords[] = {"*",  "$", "\r\n", "\n", "\r",   "-1", "0",          "1",   "9",
                                       "\"", "'", "\\x",  " ",  "\0"sv, ":",  "2147483647", "\xff"};

std::string View(std::string_view text) {
  return std::string(text);
}

Command Raw(std::string bytes) {
  return {Command::Form::kRaw, {Arg{std::move(bytes)}}};
}

}  // namespace

void Author::Malformed() {
  Event& event = Begin(AnyClient());
  event.ends = true;
  if (OneIn(30)) {
    event.commands.push_back(Raw(View(kCrossProtocol[Below(std::size(kCrossProtocol))])));
    AddOne(event, kGood);
    return;
  }
  for (uint64_t left = Below(5); left > 0; --left) AddOne(event, kGood);
  if (OneIn(3)) {
    event.commands.push_back(Raw(View(kBad[Below(std::size(kBad))])));
  } else if (OneIn(25)) {
    constexpr std::string_view kStarts[] = {"*", "*1\r\n$", "GET "};
    Command command = Raw(View(kStarts[Below(std::size(kStarts))]));
    // Far from the limit of 64 KiB for a line, and without an end if beyond it: near it, and with one, it depends on
    // how much Redis happens to read at once whether it sees the end or complains.
    const bool endless = OneIn(2);
    command.args.push_back(Arg{std::string(endless ? 66000 + Below(50000) : 60000, OneIn(2) ? '1' : 'x')});
    if (!endless) command.args.push_back(Arg{"\r\n"});
    event.commands.push_back(command);
    if (endless) return;
  } else {
    event.commands.push_back(Raw(DamagedRequests()));
  }
  for (uint64_t left = Below(4); left > 0; --left) AddOne(event, kGood);
  ++commands_;
}

// Good requests with some bytes changed, missing or added.
std::string Author::DamagedRequests() {
  Event good;
  for (uint64_t left = 1 + Below(3); left > 0; --left) AddOne(good, kGood);
  std::string bytes;
  for (const Command& command : good.commands) command.AppendTo(bytes);
  for (uint64_t left = 1 + Below(4); left > 0 && !bytes.empty(); --left) {
    const std::size_t at = Below(bytes.size());
    const uint64_t way = Below(4);
    if (way == 0) bytes[at] = static_cast<char>(Below(256));
    if (way == 1) bytes.erase(at, 1 + Below(6));
    if (way == 2) bytes.insert(at, View(kWords[Below(std::size(kWords))]));
    if (way == 3 && OneIn(4)) bytes.resize(at);
  }
  return bytes;
}

}  // namespace herdgate::differential
