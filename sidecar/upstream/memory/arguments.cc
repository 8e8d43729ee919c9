// How commands read their arguments: Redis' checks in Redis' order, with its error texts.
#include <cctype>
#include <limits>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {

bool ReadInteger(Call& call, std::size_t at, std::int64_t& value, std::string_view error) {
  if (ParseInteger(call.args[at], value)) return true;
  call.reply.Error(error);
  return false;
}

bool ReadInt32(Call& call, std::size_t at, int& value, std::string_view error) {
  std::int64_t wide = 0;
  if (!ReadInteger(call, at, wide, error.empty() ? kNotInteger : error)) return false;
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
    call.reply.Error(error.empty() ? "ERR value is out of range, value must between -2147483648 and 2147483647"
                                   : error);
    return false;
  }
  value = static_cast<int>(wide);
  return true;
}

bool ReadDatabase(Call& call, std::size_t at, int& db) {
  if (!ReadInt32(call, at, db)) return false;
  if (db >= 0 && db < kDatabases) return true;
  call.reply.Error(kBadDatabase);
  return false;
}

bool ReadExpiry(Call& call, std::string_view argument, bool seconds, bool absolute, Milliseconds& at) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!ParseInteger(argument, at)) {
    call.reply.Error(kNotInteger);
    return false;
  }
  bool valid = at > 0 && (!seconds || at <= kMost / 1000);
  if (valid && seconds) at *= 1000;
  if (valid && !absolute) valid = AddInteger(at, call.keys().now(), at);
  if (!valid) call.reply.Error("ERR invalid expire time in '" + std::string(call.row.name) + "' command");
  return valid;
}

void WrongCount(Call& call) {
  call.reply.Error("ERR wrong number of arguments for '" + std::string(call.row.name) + "' command");
}

void WrongSubcommandCount(Call& call) {
  std::string container(call.row.name.substr(0, call.row.name.find('|')));
  for (char& c : container) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  call.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.args[1].substr(0, 128)) + "'. Try " + container + " HELP.");
}

}  // namespace herdgate::upstream::memory::commands
