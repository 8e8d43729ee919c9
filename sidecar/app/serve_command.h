// `herdgate serve`: its flags, and the configuration that they make of the file's.
//
//   herdgate serve [--config FILE] [flags, which override the file]
//
// Threads: main's, before any other starts. Ownership: what the user typed outlives the parsing.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/app/command_line.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace herdgate::app {

inline constexpr std::size_t kServeFlags = 20;

// What the user typed, as CLI11 collects it; read by the field table afterwards.
struct ServeTyped {
  std::string config_file;
  std::array<std::string, kServeFlags> single;
  std::array<std::vector<std::string>, kServeFlags> lists;
};

// Adds the command to `app`. `footer` ends its help.
CLI::App* DescribeServe(CLI::App& app, ServeTyped& typed, const std::string& footer);
// The names of its flags, for "did you mean".
const std::vector<std::string_view>& ServeFlags();
// kServe, or kExit with every mistake of file and flags. `serve`: what DescribeServe returned, parsed. `root` stands
// for "/" in tests.
CommandLine Serve(const CLI::App& serve, const ServeTyped& typed, const std::filesystem::path& root);

}  // namespace herdgate::app
