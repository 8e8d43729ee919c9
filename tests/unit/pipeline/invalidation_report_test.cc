#include "sidecar/pipeline/invalidation_report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace herdgate::pipeline {
namespace {

InvalidationStatus StatusOf(std::string reason) {
  InvalidationStatus status;
  status.id = "1-1";
  status.request = std::make_shared<const InvalidationRequest>();
  status.end_reason = std::move(reason);
  return status;
}

std::uint64_t SumOf(const std::string& report, const std::string& name) {
  std::uint64_t sum = 0;
  const std::string mark = "{\"batches\":";
  for (std::size_t at = report.find(mark); at != std::string::npos; at = report.find(mark, at + 1)) {
    const std::size_t value = report.find("\"" + name + "\":", at) + name.size() + 3;
    sum += std::strtoull(report.c_str() + value, nullptr, 10);
  }
  return sum;
}

TEST(InvalidationReportTest, HasALineForEachBatchAndOneForTheWhole) {
  InvalidationReport report;
  report.Add({.at_ms = 12, .cursor = 1792, .scanned = 1000, .matched = 256, .done = 255, .took_us = 310, .rate = 5000});
  const std::string text = report.ToJsonLines(StatusOf(""));
  EXPECT_TRUE(text.starts_with(R"({"batches":1,"at_ms":12,"cursor":"1792","scanned":1000,"matched":256,"done":255,)"
                               R"("bytes":0,"took_us":310,"rate":5000})"
                               "\n"))
      << text;
  EXPECT_NE(text.find("\n{\"job\":\"1-1\",\"state\":\"queued\""), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(InvalidationReportTest, StaysBoundedAndItsSumsStayRight) {
  InvalidationReport report;
  constexpr std::uint64_t kBatches = 100000;
  for (std::uint64_t i = 0; i < kBatches; ++i) report.Add({.scanned = 1000, .matched = 3, .done = 2});
  EXPECT_LE(report.lines(), InvalidationReport::kMostLines);
  EXPECT_GE(report.lines(), InvalidationReport::kMostLines / 2 - 1);
  const std::string text = report.ToJsonLines(StatusOf(""));
  EXPECT_LT(text.size(), std::size_t{256} * 1024);
  EXPECT_EQ(SumOf(text, "batches"), kBatches);
  EXPECT_EQ(SumOf(text, "scanned"), kBatches * 1000);
  EXPECT_EQ(SumOf(text, "done"), kBatches * 2);
}

TEST(InvalidationReportTest, WhateverTheReasonItIsJson) {
  const std::string text = InvalidationReport().ToJsonLines(StatusOf("a \"b\" \\ \n\xff"));
  EXPECT_NE(text.find(R"("reason":"a \"b\" \\ ??")"), std::string::npos) << text;
}

}  // namespace
}  // namespace herdgate::pipeline
