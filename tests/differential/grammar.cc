#include "tests/differential/grammar.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace herdgate::differential {
namespace {

constexpr std::string_view kNoSpoil = "! ";

}  // namespace

// The words of a template, one by one.
struct Grammar::Cursor {
  std::string_view rest;

  std::string_view Peek() const { return rest.substr(0, rest.find(' ')); }
  std::string_view Next() {
    const std::string_view word = Peek();
    rest.remove_prefix(word.size() == rest.size() ? rest.size() : word.size() + 1);
    return word;
  }
  bool AtEnd() const { return rest.empty() || Peek() == "|" || Peek() == ")" || Peek() == "]" || Peek() == "}"; }
};

Command Grammar::Make(std::string_view line) {
  if (line.starts_with(kNoSpoil)) line.remove_prefix(kNoSpoil.size());
  Command command;
  Cursor cursor{line};
  Sequence(cursor, &command.args);
  VaryCase(command);
  return command;
}

Command Grammar::MakeMaybeSpoiled(std::string_view line, uint64_t spoil_one_in) {
  Command command = Make(line);
  if (!line.starts_with(kNoSpoil) && random_.Below(spoil_one_in) == 0) Spoil(command);
  return command;
}

// `out` is null where the words are only stepped over.
void Grammar::Sequence(Cursor& cursor, std::vector<Arg>* out) {
  while (!cursor.AtEnd()) {
    const std::string_view word = cursor.Next();
    if (word == "(" || word == "[") {
      Group(cursor, word == "[" && random_.Below(2) == 0 ? nullptr : out);
    } else if (word == "{") {
      Repeat(cursor, out);
    } else if (out == nullptr) {
      continue;
    } else if (word.starts_with('%')) {
      if (!Values::Knows(word.substr(1))) {
        std::fprintf(stderr, "a template uses the unknown value %.*s\n", static_cast<int>(word.size()), word.data());
        std::abort();
      }
      out->push_back(values_.Draw(word.substr(1)));
    } else {
      out->push_back(Arg{std::string(word)});
    }
  }
}

// Behind "(" or "[": one of the ways, to the closing bracket.
void Grammar::Group(Cursor& cursor, std::vector<Arg>* out) {
  Cursor counted = cursor;
  uint64_t ways = 1;
  for (Sequence(counted, nullptr); counted.Next() == "|"; ++ways) Sequence(counted, nullptr);
  const uint64_t chosen = random_.Below(ways);
  for (uint64_t way = 0; way < ways; ++way) {
    Sequence(cursor, way == chosen ? out : nullptr);
    cursor.Next();
  }
}

// Behind "{": mostly one to four times, rarely far more.
void Grammar::Repeat(Cursor& cursor, std::vector<Arg>* out) {
  const Cursor start = cursor;
  uint64_t times = 1 + random_.Below(4);
  if (random_.Below(60) == 0) times = random_.Below(200) + 1;
  Sequence(cursor, out);
  for (uint64_t i = 1; out != nullptr && i < times; ++i) {
    Cursor again = start;
    Sequence(again, out);
  }
  cursor.Next();
}

void Grammar::VaryCase(Command& command) {
  const uint64_t way = random_.Below(4);
  for (char& c : command.args[0].text) {
    const auto byte = static_cast<unsigned char>(c);
    if (way == 0 || (way == 1 && random_.Below(2) == 0)) c = static_cast<char>(std::tolower(byte));
  }
}

void Grammar::Spoil(Command& command) {
  std::vector<Arg>& args = command.args;
  const std::size_t at = random_.Below(args.size());
  switch (random_.Below(6)) {
    case 0:
      args.pop_back();
      break;
    case 1:
      args.push_back(values_.Anything());
      break;
    case 2:
      args.resize(1);
      break;
    case 3:
      args.insert(args.begin() + static_cast<std::ptrdiff_t>(at), values_.Anything());
      break;
    default:
      args[at] = values_.Anything();
  }
  if (args.empty()) args.push_back(Arg{"nosuch"});
}

}  // namespace herdgate::differential
