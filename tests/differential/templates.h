// Templates: every command form that a script may hold, one a line, in groups (the language: grammar.h).
//
// Left out, because their replies depend on more than the commands before them: see README.md, "What is not compared".
#pragma once

#include <span>
#include <string_view>

namespace herdgate::differential {

struct TemplateGroup {
  std::string_view name;
  unsigned weight;  // how often, against the other groups
  std::span<const std::string_view> lines;
};

// All groups of plain commands: they change no state of the connection but the database, and end at once.
std::span<const TemplateGroup> PlainGroups();
// The group of that name. REQUIRES: there is one.
const TemplateGroup& Group(std::string_view name);

// Not part of the plain commands; scenes use them.
std::span<const std::string_view> BlockingLines();    // with a timeout of some hundredths of a second
std::span<const std::string_view> ConnectionLines();  // HELLO, SELECT, CLIENT, AUTH, ...

}  // namespace herdgate::differential
