// Tokens: the file's text, and the file while it changes.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sidecar/admin/token_file.h"
#include "sidecar/admin/token_store.h"
#include "sidecar/base/log.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::admin {
namespace {

class TestClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return now; }
  base::WallTime Wall() const override { return {}; }
  base::SteadyTime now{std::chrono::hours(1)};
};

TEST(TokenFileTest, LinesAreNamesScopesAndHashes) {
  const auto tokens = ParseTokens("# who\n\n" + TokenLine("alice", "read,inspect", "secret-a") + "\r\n  " +
                                  TokenLine("bob", "purge_all", "secret-b"));
  ASSERT_TRUE(tokens.ok()) << tokens.status().message();
  const Token* const alice = FindToken(tokens.value(), "secret-a");
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->name, "alice");
  EXPECT_TRUE(alice->scopes.Has(Scope::kRead) && alice->scopes.Has(Scope::kInspect));
  EXPECT_FALSE(alice->scopes.Has(Scope::kInvalidate) || alice->scopes.Has(Scope::kPurgeAll));
  EXPECT_EQ(FindToken(tokens.value(), "secret-b")->name, "bob");
  for (const char* wrong : {"", "secret", "secret-a ", "alice"}) {
    EXPECT_EQ(FindToken(tokens.value(), wrong), nullptr) << wrong;
  }
}

TEST(TokenFileTest, AMistakeNamesItsLineAndRepeatsNothing) {
  const std::string good = TokenLine("a", "read", "x");
  const std::vector<std::string> lines = {"s3cret",
                                          "a read s3cret",
                                          "a writes " + Hex(Sha256("x")),
                                          "a/b read " + Hex(Sha256("x")),
                                          good + " s3cret",
                                          good,
                                          std::string(65, 'a') + " read " + Hex(Sha256("x")),
                                          "a read, " + Hex(Sha256("x"))};
  for (const std::string& line : lines) {
    const auto tokens = ParseTokens(good + "\n" + line + "\n");
    ASSERT_FALSE(tokens.ok()) << line;
    EXPECT_TRUE(tokens.status().message().starts_with("line 2: ")) << tokens.status().message();
    EXPECT_EQ(tokens.status().message().find("s3cret"), std::string::npos);
  }
}

class TokenStoreTest : public ::testing::Test {
 protected:
  TokenStoreTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    std::string name = (std::filesystem::temp_directory_path() / "tokens_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~TokenStoreTest() override { std::filesystem::remove_all(folder_); }

  // As a mounted Secret changes: another file takes the place.
  void Write(const std::string& text) {
    std::ofstream(folder_ / "new") << text;
    std::filesystem::rename(folder_ / "new", path_);
  }
  bool Knows(TokenStore& store, std::string_view secret) {
    clock_.now += std::chrono::seconds(2);
    return FindToken(store.Current(), secret) != nullptr;
  }

  // The gauge of a scrape.
  static double LastLoadSuccess(const TokenStore& store) {
    metrics::Registry registry;
    const auto registration = registry.Register([&](metrics::SampleSink& sink) { store.Collect(sink); });
    for (const auto& family : registry.Collect()) {
      if (family.family.name == "herdgate_admin_tokens_last_load_success") return family.series.at(0).value;
    }
    return -1;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
  TestClock clock_;
};

TEST_F(TokenStoreTest, AChangedFileIsReadAgainAndABadOneChangesNothing) {
  path_ = folder_ / "tokens";
  Write(TokenLine("a", "read", "one"));
  TokenStore store(path_.string(), clock_);
  EXPECT_TRUE(Knows(store, "one"));
  Write("nonsense");
  EXPECT_TRUE(Knows(store, "one"));
  std::filesystem::remove(path_);
  EXPECT_TRUE(Knows(store, "one"));
  Write(TokenLine("a", "read", "two"));
  EXPECT_FALSE(Knows(store, "one"));
  EXPECT_TRUE(Knows(store, "two"));
}

TEST_F(TokenStoreTest, MetricsSayWhetherTheFileThatIsThereIsInForce) {
  path_ = folder_ / "tokens";
  Write(TokenLine("a", "read", "one"));
  TokenStore store(path_.string(), clock_);
  EXPECT_EQ(LastLoadSuccess(store), 1);
  EXPECT_TRUE(Knows(store, "one"));
  EXPECT_EQ(LastLoadSuccess(store), 1);
  Write("nonsense");
  EXPECT_TRUE(Knows(store, "one"));
  EXPECT_EQ(LastLoadSuccess(store), 0);
  Write(TokenLine("a", "read", "two"));
  EXPECT_FALSE(Knows(store, "one"));
  EXPECT_EQ(LastLoadSuccess(store), 1);
}

TEST_F(TokenStoreTest, AMissingFileLetsNobodyInUntilItIsThere) {
  path_ = folder_ / "tokens";
  TokenStore store(path_.string(), clock_);
  EXPECT_TRUE(store.configured());
  EXPECT_FALSE(Knows(store, "one"));
  Write(TokenLine("a", "read", "one"));
  EXPECT_TRUE(Knows(store, "one"));
}

}  // namespace
}  // namespace herdgate::admin
