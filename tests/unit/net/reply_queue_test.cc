#include "sidecar/net/reply_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "sidecar/base/random.h"
#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::net {
namespace {

using testing::PeerSocket;
using testing::RunTurns;

class ReplyQueueTest : public ::testing::Test, public Stream::Owner {
 protected:
  ReplyQueueTest() {
    auto [peer, fd] = PeerSocket::Pair();
    peer_ = std::move(peer);
    stream_ = std::make_unique<Stream>(loop_, fd, *this);
  }
  ~ReplyQueueTest() override {
    stream_.reset();
    RunTurns(loop_);
  }

  void OnData(std::string_view) override {}
  void OnEnd(bool) override {}
  void OnWritable() override {}

  void Pass(std::string_view bytes, std::size_t ended) {
    const auto space = loop_.ReadSpace();
    std::memcpy(space.data(), bytes.data(), bytes.size());
    const std::size_t mark = loop_.BeginRead(bytes.size());
    queue_.Pass({space.data(), bytes.size()}, ended);
    loop_.EndRead(mark);
  }
  // What has reached the client since the last call.
  std::string Written() {
    EXPECT_GE(queue_.out().Flush(*stream_), 0);
    RunTurns(loop_, 1);
    return peer_.Receive();
  }

  Loop loop_{0};
  PeerSocket peer_;
  std::unique_ptr<Stream> stream_;
  ReplyQueue queue_{loop_};
};

TEST_F(ReplyQueueTest, IsSettledAtFirst) {
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, PassesLaneRepliesStraightThrough) {
  queue_.Expect();
  queue_.Expect();
  Pass("+a\r\n+b", 1);
  EXPECT_EQ(Written(), "+a\r\n+b");
  EXPECT_EQ(queue_.outstanding(), 1U);
  Pass("\r\n", 1);
  EXPECT_EQ(Written(), "\r\n");
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, ALocalReplyStandsBehindTheLaneRepliesAskedBeforeIt) {
  queue_.Expect();
  queue_.Local("+local\r\n");
  EXPECT_EQ(Written(), "");
  Pass("+lane\r\n", 1);
  EXPECT_EQ(Written(), "+lane\r\n+local\r\n");
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, AReplyWrittenInPlaceIsSentInTurn) {
  const auto write = [&](std::string_view reply) {
    char* const room = queue_.Room(100);
    ASSERT_NE(room, nullptr);
    std::memcpy(room, reply.data(), reply.size());
    queue_.CommitRoom({room, reply.size()});
  };
  queue_.Local("+first\r\n");
  write("+second\r\n");
  write("+third\r\n");
  queue_.Local("+last\r\n");
  EXPECT_EQ(Written(), "+first\r\n+second\r\n+third\r\n+last\r\n");
}

TEST_F(ReplyQueueTest, WhatIsWrittenInPlaceOutlivesTheReadThatAskedForIt) {
  std::size_t mark = loop_.BeginRead(10);
  char* const room = queue_.Room(3);
  std::memcpy(room, "abc", 3);
  queue_.CommitRoom({room, 3});
  loop_.EndRead(mark);
  const auto space = loop_.ReadSpace();
  std::fill(space.begin(), space.end(), 'x');
  EXPECT_EQ(Written(), "abc");
}

TEST_F(ReplyQueueTest, NothingIsWrittenInPlaceWhileAReplyIsOwed) {
  queue_.Expect();
  EXPECT_EQ(queue_.Room(1), nullptr);
  Pass("+lane\r\n", 1);
  EXPECT_NE(queue_.Room(1), nullptr);
  const auto slot = queue_.Open();
  EXPECT_EQ(queue_.Room(1), nullptr);
  queue_.Fill(slot, "+slot\r\n");
  EXPECT_NE(queue_.Room(1), nullptr);
  EXPECT_EQ(queue_.Room(Loop::kArenaBytes + 1), nullptr);
}

TEST_F(ReplyQueueTest, ALaneReplyWaitsBehindAnOpenSlot) {
  const auto slot = queue_.Open();
  queue_.Expect();
  Pass("+la", 0);
  Pass("ne\r\n", 1);
  EXPECT_EQ(Written(), "");
  EXPECT_EQ(queue_.held_bytes(), 7U);
  queue_.Fill(slot, "+slot\r\n");
  EXPECT_EQ(Written(), "+slot\r\n+lane\r\n");
  EXPECT_EQ(queue_.held_bytes(), 0U);
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, ASlotFilledInTheMiddleOfALaneReplyDoesNotCutIt) {
  queue_.Expect();
  const auto slot = queue_.Open();
  Pass("+la", 0);
  queue_.Fill(slot, "+slot\r\n");
  EXPECT_EQ(Written(), "+la");
  Pass("ne\r\n", 1);
  EXPECT_EQ(Written(), "ne\r\n+slot\r\n");
}

TEST_F(ReplyQueueTest, ASlotFilledWhileTheReplyBehindItIsPartialPassesTheRestOn) {
  const auto slot = queue_.Open();
  queue_.Expect();
  Pass("+la", 0);
  queue_.Fill(slot, "+slot\r\n");
  EXPECT_EQ(Written(), "+slot\r\n+la");
  Pass("ne\r\n", 1);
  EXPECT_EQ(Written(), "ne\r\n");
}

TEST_F(ReplyQueueTest, SlotsFilledInReverseAreWrittenInTheOrderOfTheRequests) {
  const auto first = queue_.Open();
  queue_.Expect();
  const auto second = queue_.Open();
  queue_.Fill(second, "3");
  Pass("2", 1);
  EXPECT_EQ(Written(), "");
  queue_.Fill(first, "1");
  EXPECT_EQ(Written(), "123");
}

TEST_F(ReplyQueueTest, WhatCameBeforeAReplyThatWaitsIsWrittenBeforeIt) {
  queue_.Expect();
  const auto slot = queue_.Open();
  queue_.PassBefore(slot, ">push1");
  EXPECT_EQ(Written(), "");
  Pass("+lane", 1);
  queue_.PassBefore(slot, ">push2");
  EXPECT_EQ(Written(), "+lane");
  queue_.Fill(slot, "+slot");
  EXPECT_EQ(Written(), ">push1>push2+slot");
  EXPECT_EQ(queue_.held_bytes(), 0U);
}

TEST_F(ReplyQueueTest, WhatCameBeforeTheNextReplyDoesNotWaitForIt) {
  const auto slot = queue_.Open();
  queue_.PassBefore(slot, ">push");
  EXPECT_EQ(Written(), ">push");
  queue_.Fill(slot, "+slot");
  EXPECT_EQ(Written(), "+slot");
}

TEST_F(ReplyQueueTest, ALaneReplyThatIsHeldIsWrittenInItsTurnWhenItIsFilled) {
  const auto before = queue_.Open();
  queue_.Expect();
  const auto held = queue_.OpenInstead();
  EXPECT_EQ(queue_.outstanding(), 0U);
  queue_.Expect();
  Pass("behind\r\n", 1);
  queue_.Fill(held, "held\r\n");
  EXPECT_EQ(Written(), "");
  queue_.Fill(before, "before\r\n");
  EXPECT_EQ(Written(), "before\r\nheld\r\nbehind\r\n");
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, ALaneReplyIsNotTheLastOneBeforeAReplyThatWaitsForIt) {
  const auto before = queue_.Open();
  queue_.Expect();
  EXPECT_TRUE(queue_.owes_last());
  queue_.Local("behind\r\n");
  EXPECT_FALSE(queue_.owes_last());
  queue_.Fill(before, "before\r\n");
  EXPECT_FALSE(queue_.owes_last());
  Pass("lane\r\n", 1);
  EXPECT_EQ(Written(), "before\r\nlane\r\nbehind\r\n");
  EXPECT_FALSE(queue_.owes_last());
}

TEST_F(ReplyQueueTest, AnEmptyFillTakesItsTurnWithoutBytes) {
  const auto slot = queue_.Open();
  queue_.Local("+next\r\n");
  queue_.Fill(slot, "");
  EXPECT_EQ(Written(), "+next\r\n");
  EXPECT_TRUE(queue_.settled());
}

TEST_F(ReplyQueueTest, AReplyWithoutBytesIsStillAReply) {
  queue_.Expect();
  queue_.Local("+next\r\n");
  Pass("", 1);
  EXPECT_EQ(Written(), "+next\r\n");
}

TEST_F(ReplyQueueTest, PassCopyKeepsNoView) {
  queue_.Expect();
  std::string bytes = "+a\r\n";
  queue_.PassCopy(bytes, 1);
  bytes.assign(bytes.size(), '!');
  EXPECT_EQ(Written(), "+a\r\n");
}

TEST_F(ReplyQueueTest, IsSettledOnceTheLastExpectedReplyIsTakenBack) {
  queue_.Expect();
  queue_.Expect();
  queue_.TakeBack(1);
  Pass("+a\r\n", 1);
  EXPECT_TRUE(queue_.settled());
  queue_.Local("+next\r\n");
  EXPECT_EQ(Written(), "+a\r\n+next\r\n");
}

TEST_F(ReplyQueueTest, AReplyThatCameCanNotBeTakenBack) {
  queue_.Expect();
  Pass("+a\r\n", 1);
  queue_.TakeBack(1);
  EXPECT_EQ(queue_.outstanding(), 0U);
}

// Random calls, beside the list of what was asked and what has been answered of it.
class RandomRepliesTest : public ReplyQueueTest {
 protected:
  struct Asked {
    bool by_lane = false;
    bool done = false;
    ReplyQueue::SlotId slot = 0;
    std::string reply;
    std::size_t passed = 0;  // bytes of a lane reply that have arrived
  };

  void Ask(base::Random& random) {
    const std::string reply =
        "<" + std::to_string(asked_.size()) + std::string(static_cast<std::size_t>(random.Below(20)), '.') + ">";
    switch (random.Below(4)) {
      case 0:
        queue_.Local(reply);
        asked_.push_back({.done = true, .reply = reply});
        return;
      case 1:
        asked_.push_back({.slot = queue_.Open(), .reply = reply});
        return;
      default:
        queue_.Expect();
        asked_.push_back({.by_lane = true, .reply = reply});
    }
  }
  void FillOne(base::Random& random) {
    std::vector<Asked*> open;
    for (Asked& one : asked_) {
      if (!one.by_lane && !one.done) open.push_back(&one);
    }
    if (open.empty()) return;
    Asked& one = *open[static_cast<std::size_t>(random.Below(open.size()))];
    one.done = true;
    queue_.Fill(one.slot, one.reply);
  }
  // The next piece of the oldest lane reply.
  void PassPiece(base::Random& random) {
    const auto oldest = std::find_if(asked_.begin(), asked_.end(), [](auto& one) { return one.by_lane && !one.done; });
    if (oldest == asked_.end()) return;
    const auto size = static_cast<std::size_t>(random.Below(oldest->reply.size() - oldest->passed + 1));
    const std::string_view piece = std::string_view(oldest->reply).substr(oldest->passed, size);
    oldest->passed += size;
    oldest->done = oldest->passed == oldest->reply.size();
    if (random.Below(2) == 0) {
      Pass(piece, oldest->done ? 1 : 0);
    } else {
      queue_.PassCopy(piece, oldest->done ? 1 : 0);
    }
  }
  // What a client must have by now: everything up to the first reply that is not known whole, and the front of that.
  std::string Expected() const {
    std::string expected;
    for (const Asked& one : asked_) {
      expected += one.by_lane ? one.reply.substr(0, one.passed) : one.done ? one.reply : "";
      if (!one.done) break;
    }
    return expected;
  }
  bool AllDone() const {
    return std::all_of(asked_.begin(), asked_.end(), [](const Asked& one) { return one.done; });
  }

  std::vector<Asked> asked_;
};

// Any order of answers, in pieces of any size, is written in the order of the requests, as early as it can be.
TEST_F(RandomRepliesTest, AreWrittenInTheOrderOfTheRequests) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    base::Random random(seed);
    asked_.clear();
    std::string written;
    for (int step = 0; step < 300 || !AllDone(); ++step) {
      const std::uint64_t choice = random.Below(10);
      if (choice < 4 && step < 300) {
        Ask(random);
      } else if (choice < 6) {
        FillOne(random);
      } else {
        PassPiece(random);
      }
      written += Written();
      ASSERT_EQ(written, Expected()) << "seed " << seed << " step " << step;
    }
    ASSERT_TRUE(queue_.settled());
    ASSERT_EQ(queue_.held_bytes(), 0U);
  }
}

}  // namespace
}  // namespace herdgate::net
