#include "sidecar/admin/token_store.h"

#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::admin {
namespace {

constexpr metrics::GaugeFamily kTokens{"herdgate_admin_tokens", "Tokens that the admin API accepts."};
constexpr metrics::CounterFamily kLoads{"herdgate_admin_token_loads_total",
                                        "Times the file of tokens was read, by result."};
constexpr metrics::GaugeFamily kGood{"herdgate_admin_tokens_last_load_success",
                                     "1 if the file of tokens was good when it was last read; else the tokens that "
                                     "were are still accepted."};

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

base::Result<std::string> ReadWhole(const std::string& path) {
  const auto close = [](std::FILE* file) { (void)std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  const base::Status failed(base::ErrorCode::kIo, "the file can't be read");
  if (!file) return failed;
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return failed;
  if (text.size() > kMaxFileBytes) return base::Status(base::ErrorCode::kExhausted, "the file is larger than 1 MiB");
  return text;
}

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

TokenStore::TokenStore(std::string path, const base::Clock& clock) : path_(std::move(path)), clock_(clock) {
  good_.Set(1);
}

const std::vector<Token>& TokenStore::Current() {
  const base::SteadyTime now = clock_.Now();
  if (path_.empty() || (looked_ && now < look_at_)) return tokens_;
  look_at_ = now + kLookEvery;
  const Mark mark = Look();
  if (!looked_ || mark != mark_) {
    looked_ = true;
    mark_ = mark;
    Read();
  }
  return tokens_;
}

TokenStore::Mark TokenStore::Look() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return {};
  return {.changed_ns = Nanoseconds(status.st_ctim),
          .modified_ns = Nanoseconds(status.st_mtim),
          .inode = status.st_ino,
          .size = status.st_size};
}

void TokenStore::Read() {
  const base::Result<std::string> text = ReadWhole(path_);
  base::Result<std::vector<Token>> tokens =
      text.ok() ? ParseTokens(text.value()) : base::Result<std::vector<Token>>(text.status());
  good_.Set(tokens.ok() ? 1 : 0);
  if (!tokens.ok()) {
    refused_.Add();
    base::LogError("tokens.refused", {{"file", path_},
                                      {"problem", tokens.status().message()},
                                      {"tokens_in_force", static_cast<std::uint64_t>(tokens_.size())}});
    return;
  }
  tokens_ = std::move(tokens.value());
  loaded_.Add();
  count_.Set(static_cast<std::int64_t>(tokens_.size()));
  base::LogInfo("tokens.loaded", {{"file", path_}, {"tokens", static_cast<std::uint64_t>(tokens_.size())}});
}

void TokenStore::Collect(metrics::SampleSink& sink) const {
  sink.Add(kTokens, {}, count_);
  sink.Add(kLoads, {{"result", "loaded"}}, loaded_);
  sink.Add(kLoads, {{"result", "refused"}}, refused_);
  sink.Add(kGood, {}, good_);
}

}  // namespace herdgate::admin
