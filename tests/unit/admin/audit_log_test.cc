#include "sidecar/admin/audit_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "sidecar/base/log.h"

namespace herdgate::admin {
namespace {

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    std::string name = (std::filesystem::temp_directory_path() / "audit_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~AuditLogTest() override { std::filesystem::remove_all(folder_); }

  static AuditEntry Entry(const std::string& action) {
    AuditEntry entry;
    entry.action = action;
    entry.by = "alice";
    entry.status = 200;
    return entry;
  }

  std::filesystem::path folder_;
};

TEST_F(AuditLogTest, TheNewestThousandAreKeptAndPagedByNumber) {
  AuditLog log("");
  for (int i = 1; i <= 1005; ++i) log.Add(Entry("A" + std::to_string(i)));
  const auto newest = log.Newest(2000, 0);
  ASSERT_EQ(newest.size(), AuditLog::kKept);
  EXPECT_EQ(newest.front().number, 1005U);
  EXPECT_EQ(newest.front().action, "A1005");
  EXPECT_EQ(newest.back().number, 6U);
  const auto page = log.Newest(2, 1004);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page.front().number, 1003U);
}

TEST_F(AuditLogTest, TheFileHasEachEntryEvenAfterItWasMovedAway) {
  const std::filesystem::path path = folder_ / "audit.jsonl";
  AuditLog log(path.string());
  log.Add(Entry("One"));
  std::filesystem::rename(path, folder_ / "audit.1");
  log.Add(Entry("Two"));
  const auto line = [](const std::filesystem::path& file) {
    std::string text;
    std::ifstream stream(file);
    std::getline(stream, text);
    return nlohmann::json::parse(text);
  };
  EXPECT_EQ(line(folder_ / "audit.1").at("action"), "One");
  EXPECT_EQ(line(path).at("action"), "Two");
  EXPECT_EQ(line(path).at("number"), 2);
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::group_all,
            std::filesystem::perms::none);
}

TEST_F(AuditLogTest, AFileThatCannotBeWrittenKeepsNobodyFromActing) {
  AuditLog log((folder_ / "no" / "where").string());
  log.Add(Entry("One"));
  EXPECT_EQ(log.Newest(1, 0).size(), 1U);
}

TEST_F(AuditLogTest, LongParametersAreLeftOut) {
  AuditLog log("");
  AuditEntry entry = Entry("One");
  entry.parameters = "\"" + std::string(5000, 'x') + "\"";
  log.Add(entry);
  EXPECT_LT(log.Newest(1, 0).front().Json().size(), 1000U);
  EXPECT_TRUE(nlohmann::json::accept(log.Newest(1, 0).front().Json()));
}

}  // namespace
}  // namespace herdgate::admin
