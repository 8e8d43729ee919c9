#include "sidecar/upstream/send_log.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"

namespace herdgate::upstream {
namespace {

TEST(SendLogTest, HasNothingToSendAtFirst) {
  const SendLog log;
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(log.Unsent(), "");
}

TEST(SendLogTest, KeepsWhatIsSentUntilItIsAnswered) {
  SendLog log;
  log.Append("abcdef");
  log.MarkSent(4);
  EXPECT_EQ(log.Unsent(), "ef");
  EXPECT_EQ(log.sent_bytes(), 4U);
  EXPECT_EQ(log.unsent_bytes(), 2U);
  log.Drop(2);
  EXPECT_EQ(log.At(0, 2), "cd");
  EXPECT_EQ(log.sent_bytes(), 2U);
}

TEST(SendLogTest, GivingUpUnsentBytesLeavesTheRestUnsent) {
  SendLog log;
  log.Append("abcdef");
  log.MarkSent(1);
  log.Drop(3);
  EXPECT_EQ(log.Unsent(), "def");
  EXPECT_EQ(log.sent_bytes(), 0U);
}

TEST(SendLogTest, ClearForgetsEverything) {
  SendLog log;
  log.Append("abc");
  log.MarkSent(2);
  log.Clear();
  EXPECT_EQ(log.size(), 0U);
  log.Append("d");
  EXPECT_EQ(log.Unsent(), "d");
}

TEST(SendLogTest, TrimGivesBackTheMemoryOfABurst) {
  SendLog log;
  log.Append(std::string(5000000, 'x'));
  log.MarkSent(5000000);
  log.Drop(5000000);
  log.Trim();
  EXPECT_LT(log.capacity(), 100U);
}

TEST(SendLogTest, DoesNotGrowWhileWhatIsSentIsAnswered) {
  SendLog log;
  for (int i = 0; i < 100000; ++i) {
    log.Append(std::string(100, 'x'));
    log.MarkSent(100);
    if (i >= 10) log.Drop(100);
  }
  EXPECT_LT(log.capacity(), 300000U);
}

// Any sequence of calls leaves the bytes that a plain string would hold.
TEST(SendLogTest, HoldsTheBytesOfAStringUnderRandomCalls) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Random random(seed);
    SendLog log;
    std::string model;
    std::size_t sent = 0;
    for (int step = 0; step < 1000; ++step) {
      const std::uint64_t choice = random.Below(100);
      if (choice < 40) {
        const std::string bytes(static_cast<std::size_t>(random.Below(step % 50 == 0 ? 100000 : 300)),
                                static_cast<char>('a' + step % 26));
        log.Append(bytes);
        model += bytes;
      } else if (choice < 65) {
        const auto now = static_cast<std::size_t>(random.Below(model.size() - sent + 1));
        log.MarkSent(now);
        sent += now;
      } else if (choice < 95) {
        const auto gone = static_cast<std::size_t>(random.Below(random.Below(4) == 0 ? model.size() + 1 : sent + 1));
        log.Drop(gone);
        model.erase(0, gone);
        sent -= std::min(sent, gone);
      } else {
        log.Trim();
      }
      ASSERT_EQ(log.size(), model.size());
      ASSERT_EQ(log.sent_bytes(), sent);
      ASSERT_TRUE(log.Unsent() == std::string_view(model).substr(sent)) << "seed " << seed << " step " << step;
      ASSERT_TRUE(log.At(0, model.size()) == model);
    }
  }
}

}  // namespace
}  // namespace herdgate::upstream
