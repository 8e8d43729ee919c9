#include "sidecar/stampede/lease.h"

#include <gtest/gtest.h>

#include <string>

#include "sidecar/base/random.h"
#include "sidecar/stampede/slot_tags.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

AskReply Asked(const std::string& bytes) {
  static std::string held;
  static resp::Reply reply;
  held = bytes;
  const auto parsed = resp::ParseReply(held);
  EXPECT_TRUE(parsed.ok()) << bytes;
  reply = parsed.value().reply;
  return ReadAskReply(reply);
}

HeldReply Held(const std::string& bytes) {
  const auto parsed = resp::ParseReply(bytes);
  EXPECT_TRUE(parsed.ok()) << bytes;
  return ReadHeldReply(parsed.value().reply);
}

TEST(LeaseTest, NamesAreInTheKeysSlotAndLeadBack) {
  base::Random random(1);
  static constexpr std::string_view kBytes = "ab{}=:\n\0x";
  for (int i = 0; i < 20000; ++i) {
    std::string key;
    for (std::uint64_t length = random.Below(12); length > 0; --length) key += kBytes[random.Below(kBytes.size())];
    const std::string name = LeaseNameOf(key);
    ASSERT_EQ(SlotOf(name), SlotOf(key)) << key;
    ASSERT_EQ(KeyOfLease(name), key);
  }
}

TEST(LeaseTest, TwoKeysNeverShareALease) {
  const std::string tag(TagOfSlot(SlotOf("x")));
  const std::string tagged = "{" + tag + "}x";  // a key that looks as the lease of "x" ends
  EXPECT_NE(LeaseNameOf("x"), LeaseNameOf(tagged));
  EXPECT_EQ(KeyOfLease(LeaseNameOf(tagged)), tagged);
  EXPECT_EQ(KeyOfLease(LeaseNameOf("=x")), "=x");
}

TEST(LeaseTest, OtherNamesAreNoLeases) {
  for (const char* name : {"", "x", "__herdgate:lease:", "__herdgate:lease:x", "__herdgate:lease:{abc",
                           "__herdgate:lease:=x", "__herdgate:lease:{abc}x", "__herdgate:generation:=x"}) {
    EXPECT_EQ(KeyOfLease(name), std::nullopt) << name;
  }
}

TEST(LeaseTest, TokensNameThePodAndTheFlight) {
  EXPECT_EQ(LeaseToken("pod-1", 0xabc), "pod-1:abc");
  EXPECT_TRUE(IsTokenOf(LeaseToken("pod-1", 1), "pod-1"));
  EXPECT_FALSE(IsTokenOf(LeaseToken("pod-12", 1), "pod-1"));
  EXPECT_FALSE(IsTokenOf("pod-1", "pod-1"));
}

TEST(LeaseTest, LeasesLastAtLeastAMillisecond) {
  EXPECT_EQ(AskArguments("k", "t", milliseconds(0)).at(6), "1");
  EXPECT_EQ(RenewArguments("k", "t", milliseconds(-5)).back(), "1");
}

TEST(LeaseTest, RepliesAreReadAsTheScriptsSendThem) {
  const AskReply value = Asked("*3\r\n$5\r\nvalue\r\n$2\r\nhi\r\n:1500\r\n");
  EXPECT_EQ(value.result, AskResult::kValue);
  EXPECT_EQ(value.text, "hi");
  EXPECT_EQ(value.remaining, milliseconds(1500));
  EXPECT_EQ(Asked("*3\r\n$3\r\nwon\r\n$0\r\n\r\n:250\r\n").result, AskResult::kWon);
  EXPECT_EQ(Asked("*3\r\n$4\r\nmine\r\n$0\r\n\r\n:200\r\n").result, AskResult::kMine);
  const AskReply lost = Asked("*3\r\n$4\r\nlost\r\n$5\r\np2:1f\r\n:90\r\n");
  EXPECT_EQ(lost.result, AskResult::kLost);
  EXPECT_EQ(lost.text, "p2:1f");
  EXPECT_EQ(lost.remaining, milliseconds(90));
  EXPECT_EQ(Held(":1\r\n"), HeldReply::kHeld);
  EXPECT_EQ(Held(":0\r\n"), HeldReply::kLost);
}

TEST(LeaseTest, WhatIsNoReplyOfAScriptIsUnavailable) {
  EXPECT_EQ(Asked("-NOPERM no\r\n").result, AskResult::kUnavailable);
  EXPECT_EQ(Asked("-NOPERM no\r\n").text, "NOPERM no");
  for (const char* reply : {"$-1\r\n", "+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n$3\r\nwon\r\n",
                            "*3\r\n$3\r\nwho\r\n$0\r\n\r\n:1\r\n", "*3\r\n$5\r\nvalue\r\n$-1\r\n:1\r\n",
                            "*3\r\n$4\r\nlost\r\n$1\r\nx\r\n$1\r\n9\r\n", "*3\r\n:1\r\n:1\r\n:1\r\n"}) {
    EXPECT_EQ(Asked(reply).result, AskResult::kUnavailable) << reply;
  }
  EXPECT_EQ(Held("-LOADING\r\n"), HeldReply::kUnknown);
  EXPECT_EQ(Held("+QUEUED\r\n"), HeldReply::kUnknown);
}

}  // namespace
}  // namespace herdgate::stampede
