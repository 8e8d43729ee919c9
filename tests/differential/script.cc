#include "tests/differential/script.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "sidecar/base/random.h"

namespace herdgate::differential {
namespace {

// Half of the blobs are binary, half look like text; neither compresses to nothing.
void AppendBlob(std::string& out, uint32_t length, uint32_t seed) {
  base::Random random(seed);
  const bool binary = seed % 2 == 0;
  const std::size_t end = out.size() + length;
  out.reserve(end);
  while (out.size() < end) {
    uint64_t word = random.Next();
    for (int i = 0; i < 8 && out.size() < end; ++i, word >>= 8U) {
      const auto byte = static_cast<unsigned char>(word & 0xffU);
      out += static_cast<char>(binary ? byte : static_cast<unsigned char>(' ' + byte % 95));
    }
  }
}

void AppendBulk(std::string& out, const Arg& arg) {
  out += '$';
  out += std::to_string(arg.size());
  out += "\r\n";
  out += arg.text;
  if (arg.blob_length > 0) AppendBlob(out, arg.blob_length, arg.blob_seed);
  out += "\r\n";
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Reads one argument of a replay line: "text"@LENGTH:SEED, the part behind the quotes optional.
class ArgReader {
 public:
  explicit ArgReader(std::string_view line) : line_(line) {}

  bool AtEnd() {
    while (!line_.empty() && line_.front() == ' ') line_.remove_prefix(1);
    return line_.empty();
  }

  bool Read(Arg& arg) {
    if (AtEnd() || line_.front() != '"') return false;
    line_.remove_prefix(1);
    while (!line_.empty() && line_.front() != '"') {
      if (!ReadCharacter(arg.text)) return false;
    }
    if (line_.empty()) return false;
    line_.remove_prefix(1);
    if (line_.empty() || line_.front() != '@') return true;
    line_.remove_prefix(1);
    return ReadNumber(arg.blob_length) && Skip(':') && ReadNumber(arg.blob_seed);
  }

 private:
  bool ReadCharacter(std::string& out) {
    const char c = line_.front();
    line_.remove_prefix(1);
    if (c != '\\') {
      out += c;
      return true;
    }
    if (line_.empty()) return false;
    const char escape = line_.front();
    line_.remove_prefix(1);
    if (escape == 'r' || escape == 'n') {
      out += escape == 'r' ? '\r' : '\n';
    } else if (escape == 'x') {
      if (line_.size() < 2 || HexDigit(line_[0]) < 0 || HexDigit(line_[1]) < 0) return false;
      out += static_cast<char>(HexDigit(line_[0]) * 16 + HexDigit(line_[1]));
      line_.remove_prefix(2);
    } else {
      out += escape;
    }
    return true;
  }

  bool ReadNumber(uint32_t& number) {
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), number);
    if (error != std::errc()) return false;
    line_.remove_prefix(static_cast<std::size_t>(end - line_.data()));
    return true;
  }

  bool Skip(char expected) {
    if (line_.empty() || line_.front() != expected) return false;
    line_.remove_prefix(1);
    return true;
  }

  std::string_view line_;
};

constexpr std::array<std::string_view, 3> kForms = {"multibulk", "inline", "raw"};

bool ParseCommand(std::string_view word, std::string_view rest, Command& command) {
  for (std::size_t i = 0; i < kForms.size(); ++i) {
    if (word != kForms[i]) continue;
    command.form = static_cast<Command::Form>(i);
    for (ArgReader reader(rest); !reader.AtEnd();) {
      if (!reader.Read(command.args.emplace_back())) return false;
    }
    return true;
  }
  return false;
}

constexpr std::array<std::string_view, 3> kCompares = {"bytes", "unordered", "scan"};

bool ParseCompare(std::string_view word, Event::Compare& compare) {
  for (std::size_t i = 0; i < kCompares.size(); ++i) {
    if (word == kCompares[i]) return (compare = static_cast<Event::Compare>(i), true);
  }
  return false;
}

bool ParseLine(const std::string& line, Script& script) {
  const std::size_t space = line.find(' ');
  const std::string word = line.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  if (word == "script") {
    std::array<char, 64> mode{};
    std::array<char, 256> policies{};
    unsigned long long seed = 0;
    const int read = std::sscanf(rest.c_str(), "%63s seed %llu clients %u policies %255s", mode.data(), &seed,
                                 &script.clients, policies.data());
    if (read < 3) return false;
    script.mode = mode.data();
    script.policies = policies.data();
    script.seed = seed;
    return script.clients > 0;
  }
  if (word == "event") {
    Event& event = script.events.emplace_back();
    unsigned parks = 0;
    unsigned ends = 0;
    std::array<char, 16> compare{};
    const int read = std::sscanf(rest.c_str(), "client %u split %u parks %u ends %u compare %15s", &event.client,
                                 &event.split_seed, &parks, &ends, compare.data());
    event.parks = parks != 0;
    event.ends = ends != 0;
    return read >= 4 && event.client < script.clients && (read == 4 || ParseCompare(compare.data(), event.compare));
  }
  return !script.events.empty() && ParseCommand(word, rest, script.events.back().commands.emplace_back());
}

std::string FormatArg(const Arg& arg) {
  std::string out = "\"" + Escape(arg.text) + "\"";
  if (arg.blob_length > 0) out += "@" + std::to_string(arg.blob_length) + ":" + std::to_string(arg.blob_seed);
  return out;
}

}  // namespace

std::string Arg::Bytes() const {
  std::string out = text;
  AppendBlob(out, blob_length, blob_seed);
  return out;
}

void Command::AppendTo(std::string& out) const {
  if (form == Form::kMultibulk) {
    out += "*" + std::to_string(args.size()) + "\r\n";
    for (const Arg& arg : args) AppendBulk(out, arg);
    return;
  }
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (form == Form::kRaw) {
      out += args[i].Bytes();
    } else {
      out += (i == 0 ? "\"" : " \"") + Escape(args[i].Bytes()) + "\"";
    }
  }
  if (form == Form::kInline) out += "\r\n";
}

std::size_t Script::CommandCount() const {
  std::size_t count = 0;
  for (const Event& event : events) count += event.commands.size();
  return count;
}

std::string Escape(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r' || c == '\n') {
      out += c == '\r' ? "\\r" : "\\n";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

std::string Describe(const Command& command, std::size_t limit) {
  std::string out =
      command.form == Command::Form::kMultibulk ? "" : std::string(kForms[std::size_t(command.form)]) + ": ";
  for (const Arg& arg : command.args) out += FormatArg(arg) + " ";
  if (!out.empty()) out.pop_back();
  if (out.size() > limit) out = out.substr(0, limit) + "... (" + std::to_string(out.size()) + ")";
  return out;
}

std::string Format(const Script& script) {
  std::string out = "script " + script.mode + " seed " + std::to_string(script.seed) + " clients " +
                    std::to_string(script.clients) + (script.policies.empty() ? "" : " policies " + script.policies) +
                    "\n";
  for (const Event& event : script.events) {
    out += "event client " + std::to_string(event.client) + " split " + std::to_string(event.split_seed) + " parks " +
           (event.parks ? "1" : "0") + " ends " + (event.ends ? "1" : "0");
    if (event.compare != Event::Compare::kBytes)
      out += " compare " + std::string(kCompares[std::size_t(event.compare)]);
    out += "\n";
    for (const Command& command : event.commands) {
      out += kForms[std::size_t(command.form)];
      for (const Arg& arg : command.args) out += " " + FormatArg(arg);
      out += "\n";
    }
  }
  return out;
}

bool Parse(std::string_view text, Script& script, std::string& error) {
  script = Script();
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (ParseLine(line, script)) continue;
    error = "line " + std::to_string(number) + " is no part of a script";
    return false;
  }
  if (script.clients == 0) error = "the first line must be: script MODE seed N clients N";
  return script.clients > 0;
}

}  // namespace herdgate::differential
