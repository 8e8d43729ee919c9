// LoadFile: a YAML file -> Options, with every problem of the file at once.
//
// Strict on purpose: an unknown or repeated key, a wrong type and a bad value are problems, never ignored. Only a
// mistake in the YAML itself hides what stands behind it. A key that is not in the file keeps its default.
// No message repeats a value, so none can show a password.
// Threads: any; reads one file, so not on a loop.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/options.h"

namespace herdgate::config {

// Both count from 1; columns count bytes. 0 means that the problem has no place in a file.
struct Position {
  int line = 0;
  int column = 0;
};

struct Problem {
  std::string file;  // empty if the value does not come from a file
  Position at;
  std::string message;

  // "file:line:column: message", without the parts that are not known. One line.
  std::string ToString() const;
};

struct Loaded {
  std::string file;
  Options options;                        // REQUIRES for use: problems is empty
  std::vector<Problem> problems;          // in the order of the file
  std::map<std::string, Position> given;  // where each key that the file sets stands; dotted, as in Field::key
};

// A file that can't be read, or is larger than a mebibyte, is one problem.
Loaded LoadFile(const std::string& path);
// `name` stands for the file in problems.
Loaded LoadText(std::string_view text, std::string name);

// Options that are fine alone and wrong together. The file and position are those of `loaded.given`; call it after the
// command line has had its say.
std::vector<Problem> FindConflicts(const Loaded& loaded);

}  // namespace herdgate::config
