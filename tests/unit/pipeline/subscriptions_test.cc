#include "sidecar/pipeline/subscriptions.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

TEST(SubscriptionsTest, OneCommandIsAnsweredByAsManyFramesAsItNamesChannels) {
  Subscriptions state;
  state.Sent("subscribe", 3);
  EXPECT_FALSE(state.Confirmed("subscribe", false, 1));
  EXPECT_FALSE(state.Confirmed("subscribe", false, 2));
  EXPECT_TRUE(state.Confirmed("subscribe", false, 3));
  EXPECT_EQ(state.channels(), 3);
}

TEST(SubscriptionsTest, TotalsOfChannelsAndPatternsAreToldApart) {
  Subscriptions state;
  state.Sent("SUBSCRIBE", 2);
  state.Sent("PSUBSCRIBE", 1);
  state.Sent("SSUBSCRIBE", 1);
  state.Confirmed("subscribe", false, 1);
  state.Confirmed("subscribe", false, 2);
  state.Confirmed("psubscribe", false, 3);
  state.Confirmed("ssubscribe", false, 1);
  EXPECT_EQ(state.channels(), 2);
  EXPECT_EQ(state.patterns(), 1);
  EXPECT_EQ(state.shards(), 1);
}

TEST(SubscriptionsTest, ShardChannelsAreToldFromChannelsByTheWholeName) {
  Subscriptions state;
  state.Assume(4, 0, 2);
  state.Sent("sunsubscribe", 1);
  EXPECT_TRUE(state.Confirmed("sunsubscribe", false, 1));
  EXPECT_EQ(state.channels(), 4);
  EXPECT_EQ(state.shards(), 1);
  state.Sent("unsubscribe", 1);
  EXPECT_TRUE(state.Confirmed("unsubscribe", false, 3));
  EXPECT_EQ(state.channels(), 3);
}

TEST(SubscriptionsTest, UnsubscribeWithoutNamesEndsWithTheLastOfItsKind) {
  Subscriptions state;
  state.Assume(2, 1, 0);
  state.Sent("unsubscribe", 0);
  EXPECT_FALSE(state.Confirmed("unsubscribe", false, 2));
  EXPECT_TRUE(state.Confirmed("unsubscribe", false, 1));
  EXPECT_EQ(state.channels(), 0);
  EXPECT_EQ(state.patterns(), 1);
  EXPECT_FALSE(state.over());
  state.Sent("punsubscribe", 0);
  EXPECT_TRUE(state.Confirmed("punsubscribe", false, 0));
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, UnsubscribeFromNothingIsAnsweredByOneNullName) {
  Subscriptions state;
  state.Sent("unsubscribe", 0);
  EXPECT_FALSE(state.over()) << "an answer is owed";
  EXPECT_TRUE(state.Confirmed("unsubscribe", true, 0));
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, NullNameEndsItEvenWhereOthersOfTheTotalAreLeft) {
  Subscriptions state;
  state.Assume(0, 3, 0);
  state.Sent("unsubscribe", 0);
  EXPECT_TRUE(state.Confirmed("unsubscribe", true, 3));
  EXPECT_EQ(state.patterns(), 3);
  EXPECT_EQ(state.channels(), 0);
}

TEST(SubscriptionsTest, CommandsAreAnsweredInOrder) {
  Subscriptions state;
  state.Sent("subscribe", 1);
  state.Sent("subscribe", 2);
  state.Sent("unsubscribe", 0);
  EXPECT_TRUE(state.Confirmed("subscribe", false, 1));
  EXPECT_FALSE(state.Confirmed("subscribe", false, 2));
  EXPECT_TRUE(state.Confirmed("subscribe", false, 3));
  EXPECT_FALSE(state.Confirmed("unsubscribe", false, 2));
  EXPECT_FALSE(state.Confirmed("unsubscribe", false, 1));
  EXPECT_TRUE(state.Confirmed("unsubscribe", false, 0));
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, RefusedCommandOwesNothing) {
  Subscriptions state;
  state.Sent("subscribe", 2);
  state.Refused();
  EXPECT_TRUE(state.over());
  EXPECT_FALSE(state.any());
  state.Refused();
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, UnaskedConfirmationAnswersNothing) {
  Subscriptions state;
  EXPECT_FALSE(state.Confirmed("unsubscribe", false, 0));
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, ClearForgetsAll) {
  Subscriptions state;
  state.Assume(1, 2, 3);
  state.Sent("subscribe", 1);
  state.Clear();
  EXPECT_TRUE(state.over());
}

TEST(SubscriptionsTest, FramesAreKnownByTheirFirstElement) {
  for (const char* what : {"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe"}) {
    EXPECT_TRUE(Subscriptions::IsConfirmation(what)) << what;
    EXPECT_FALSE(Subscriptions::IsMessage(what)) << what;
  }
  for (const char* what : {"message", "pmessage", "smessage"}) {
    EXPECT_TRUE(Subscriptions::IsMessage(what)) << what;
    EXPECT_FALSE(Subscriptions::IsConfirmation(what)) << what;
  }
  for (const char* what : {"", "invalidate", "pong", "SUBSCRIBE", "messages"}) {
    EXPECT_FALSE(Subscriptions::IsMessage(what)) << what;
    EXPECT_FALSE(Subscriptions::IsConfirmation(what)) << what;
  }
}

}  // namespace
}  // namespace herdgate::pipeline
