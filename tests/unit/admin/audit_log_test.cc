#include "sidecar/admin/audit_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

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

  // herdgate_admin_writes_total by result.
  static std::map<std::string, double> Writes(const AuditLog& log) {
    metrics::Registry registry;
    const auto registration = registry.Register([&](metrics::SampleSink& sink) { log.Collect(sink); });
    std::map<std::string, double> counts;
    for (const auto& family : registry.Collect()) {
      if (family.family.name != "herdgate_admin_writes_total") continue;
      for (const auto& series : family.series) counts[std::string(series.labels.at(0).second)] = series.value;
    }
    return counts;
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

TEST_F(AuditLogTest, WhatIsTooLongIsLeftOutAndTheRestStays) {
  AuditLog log("");
  const std::string longest = "\"" + std::string(5000, 'x') + "\"";
  const std::string state = R"({"id":"a-1"})";
  for (std::string AuditEntry::*const member : {&AuditEntry::parameters, &AuditEntry::before, &AuditEntry::after}) {
    AuditEntry entry = Entry("One");
    entry.parameters = entry.before = entry.after = state;
    entry.*member = longest;
    log.Add(entry);
    const AuditEntry kept = log.Newest(1, 0).front();
    for (std::string AuditEntry::*const other : {&AuditEntry::parameters, &AuditEntry::before, &AuditEntry::after}) {
      EXPECT_EQ(kept.*other, other == member ? R"({"left_out":"too long"})" : state);
    }
    EXPECT_TRUE(nlohmann::json::accept(kept.Json()));
  }
}

TEST_F(AuditLogTest, ALongDetailIsCutBetweenCharacters) {
  AuditLog log("");
  AuditEntry entry = Entry("One");
  entry.detail = std::string(AuditLog::kMaxDetailBytes - 1, 'x') + "\xc3\xa9";
  log.Add(entry);
  EXPECT_EQ(log.Newest(1, 0).front().detail, std::string(AuditLog::kMaxDetailBytes - 1, 'x'));
}

TEST_F(AuditLogTest, OnlyRequestsAreCounted) {
  AuditLog log("");
  AuditEntry refused = Entry("Two");
  refused.status = 403;
  AuditEntry end = Entry("InvalidationEnded");
  end.is_request = false;
  for (const AuditEntry& entry : {Entry("One"), refused, end}) log.Add(entry);
  end.status = 500;
  log.Add(end);
  EXPECT_EQ(log.Newest(9, 0).size(), 4U);
  EXPECT_EQ(Writes(log), (std::map<std::string, double>{{"ok", 1}, {"refused", 1}, {"failed", 0}}));
}

TEST_F(AuditLogTest, ReadersDoNotWaitForTheFile) {
  std::promise<void> writes;
  std::promise<void> may_end;
  AuditLog log("file", [&](const std::string&, std::string_view) {
    writes.set_value();
    may_end.get_future().wait();
    return true;
  });
  std::thread adds([&] { log.Add(Entry("One")); });
  writes.get_future().wait();
  auto read = std::async(std::launch::async,
                         [&] { return static_cast<double>(log.Newest(1, 0).size()) + Writes(log).at("ok"); });
  EXPECT_EQ(read.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  may_end.set_value();
  adds.join();
  // What is not in the file yet is not in the ring.
  EXPECT_EQ(read.get(), 1);
  EXPECT_EQ(log.Newest(9, 0).size(), 1U);
}

TEST_F(AuditLogTest, TheFileHasTheEntriesInTheOrderOfTheirNumbers) {
  std::vector<std::string> lines;
  AuditLog log("file", [&](const std::string&, std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) log.Add(Entry("One"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(lines.size(), 200U);
  const std::vector<AuditEntry> newest = log.Newest(200, 0);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(nlohmann::json::parse(lines[i]).at("number"), i + 1);
    EXPECT_EQ(newest.at(i).number, 200 - i);
  }
}

}  // namespace
}  // namespace herdgate::admin
