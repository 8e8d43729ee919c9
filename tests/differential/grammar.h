// Grammar: makes a random command from a template, one line such as
//
//   SET %str %val [ NX | XX ] [ GET ] [ PXAT %pat | KEEPTTL ]      %name    a value (values.h)
//   MSET { %str %val }                                             { ... }  once to some times
//   LMPOP 2 %list %list ( LEFT | RIGHT ) [ COUNT %few ]            ( | )    one of; [ | ] one of or nothing
//
// Words, brackets and bars stand between single spaces. A template that starts with "! " makes commands that must not
// be spoiled: another argument would block for ever, expire by the clock or stop the server. Threads: one owner.
#pragma once

#include <string_view>

#include "sidecar/base/random.h"
#include "tests/differential/script.h"
#include "tests/differential/values.h"

namespace herdgate::differential {

class Grammar {
 public:
  Grammar(base::Random& random, Values& values) : random_(random), values_(values) {}

  // A command of that template, now and then with its name in another case.
  Command Make(std::string_view line);
  // The same; one in `spoil_one_in` gets an argument more, less or other, or another name.
  Command MakeMaybeSpoiled(std::string_view line, uint64_t spoil_one_in);

 private:
  struct Cursor;

  void Sequence(Cursor& cursor, std::vector<Arg>* out);
  void Group(Cursor& cursor, std::vector<Arg>* out);
  void Repeat(Cursor& cursor, std::vector<Arg>* out);
  void VaryCase(Command& command);
  void Spoil(Command& command);

  base::Random& random_;
  Values& values_;
};

}  // namespace herdgate::differential
