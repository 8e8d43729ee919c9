// Script: what a run does, whole and in order: it is made before the run and never depends on a reply, so that it can
// be written to a file, cut down and run again.
//
//   Script = events; an Event = the commands that one client sends as one pipeline; a Command = arguments, or raw bytes
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace herdgate::differential {

// One argument: literal bytes, then `blob_length` bytes made from `blob_seed`. Long values stay short in memory and in
// a replay file.
struct Arg {
  std::string text;
  uint32_t blob_length = 0;
  uint32_t blob_seed = 0;

  std::size_t size() const { return text.size() + blob_length; }
  std::string Bytes() const;
};

struct Command {
  enum class Form : uint8_t { kMultibulk, kInline, kRaw };

  Form form = Form::kMultibulk;
  std::vector<Arg> args;

  // As it goes over the wire. kInline quotes its arguments; kRaw is its arguments' bytes and nothing else.
  void AppendTo(std::string& out) const;
};

struct Event {
  enum class Compare : uint8_t {
    kBytes,      // every reply byte
    kUnordered,  // the same, but the elements of an array of strings may stand in any order
    kScan,       // `commands` is one SCAN from cursor 0, followed to its end: the same keys
  };

  uint32_t client = 0;
  uint32_t split_seed = 0;  // 0: one write
  bool parks = false;       // the client is left blocked; another one's event wakes it
  bool ends = false;        // after it the client half-closes, reads to the end and connects anew
  Compare compare = Compare::kBytes;
  std::vector<Command> commands;
};

struct Script {
  std::string mode;
  std::string policies;  // the PolicyCase that Herdgate runs with; empty: none
  uint64_t seed = 0;
  uint32_t clients = 0;
  std::deque<Event> events;  // references stay valid while it grows

  std::size_t CommandCount() const;
};

// One line for a person, at most `limit` bytes: "SET" "k1" @300000:17
std::string Describe(const Command& command, std::size_t limit = 300);
// Printable ASCII stays, the rest becomes \r \n \xHH; quotes and backslashes are escaped.
std::string Escape(std::string_view bytes);

// The text form of a script, and back. Parse says false and sets `error` to what is wrong.
std::string Format(const Script& script);
bool Parse(std::string_view text, Script& script, std::string& error);

}  // namespace herdgate::differential
