#include "sidecar/app/ctl/token_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace herdgate::app {
namespace {

constexpr std::size_t kMostTokenBytes = 512;

base::Status Wrong(std::string message) {
  return {base::ErrorCode::kInvalidArgument, std::move(message)};
}

// What a header can carry.
bool IsToken(const std::string& text) {
  const auto is_graphic = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= kMostTokenBytes && std::ranges::all_of(text, is_graphic);
}

base::Result<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return Wrong("can't read a token from " + path);
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  line = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
  if (!IsToken(line)) return Wrong("the first line of " + path + " is no token");
  return line;
}

}  // namespace

bool IsPrivateFile(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
  return facts.st_uid == geteuid() && (facts.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

base::Result<std::string> FindCtlToken(const CtlRequest& request) {
  if (!request.token_file.empty()) return ReadToken(request.token_file);
  if (!request.token.empty()) {
    return IsToken(request.token) ? base::Result<std::string>(request.token) : Wrong("HERDGATE_TOKEN holds no token");
  }
  const bool usable = request.url.IsLoopback() && IsPrivateFile(request.default_token);
  return usable ? ReadToken(request.default_token) : base::Result<std::string>(std::string());
}

}  // namespace herdgate::app
