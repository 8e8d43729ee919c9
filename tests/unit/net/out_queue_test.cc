#include "sidecar/net/out_queue.h"

#include <gtest/gtest.h>

#include <cstring>

#include "sidecar/base/random.h"
#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::net {
namespace {

using testing::PeerSocket;
using testing::RunTurns;

class OutQueueTest : public ::testing::Test, public Stream::Owner {
 protected:
  OutQueueTest() {
    auto [peer, fd] = PeerSocket::Pair();
    peer_ = std::move(peer);
    PeerSocket::ShrinkSendBuffer(fd);
    stream_ = std::make_unique<Stream>(loop_, fd, *this);
  }
  ~OutQueueTest() override {
    stream_.reset();
    RunTurns(loop_);
  }

  void OnData(std::string_view) override {}
  void OnEnd(bool) override {}
  void OnWritable() override {}

  // Bytes as if they had been read from some socket in this turn.
  std::string_view Read(std::string_view bytes) {
    const auto space = loop_.ReadSpace();
    std::memcpy(space.data(), bytes.data(), bytes.size());
    mark_ = loop_.BeginRead(bytes.size());
    return {space.data(), bytes.size()};
  }
  void EndRead() { loop_.EndRead(mark_); }
  // Everything that is owed, taken by the peer.
  std::string Drain() {
    std::string got;
    for (int i = 0; i < 10000; ++i) {
      got += peer_.Receive();
      RunTurns(loop_, 2);
      if (queue_.empty()) break;
      EXPECT_GE(queue_.Flush(*stream_), 0);
    }
    return got + peer_.Receive();
  }

  Loop loop_{0};
  PeerSocket peer_;
  std::unique_ptr<Stream> stream_;
  OutQueue queue_;
  std::size_t mark_ = 0;
};

TEST_F(OutQueueTest, WritesCopiesAndViewsInTheOrderInWhichTheyCame) {
  queue_.Append("a");
  queue_.Borrow(Read("b"), loop_);
  queue_.Append("c");
  queue_.Borrow(Read("d"), loop_);
  EXPECT_EQ(queue_.size(), 4U);
  EXPECT_EQ(queue_.Flush(*stream_), 4);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(peer_.Receive(), "abcd");
}

TEST_F(OutQueueTest, TakesMoreViewsThanItHasPlacesFor) {
  std::string expected;
  std::string_view bytes = Read("0123456789abcdefghijklmnopqrstuvwxyz");
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    queue_.Borrow(bytes.substr(i, 1), loop_);
    expected += bytes[i];
  }
  EXPECT_EQ(queue_.Flush(*stream_), static_cast<std::ptrdiff_t>(expected.size()));
  EXPECT_EQ(peer_.Receive(), expected);
}

TEST_F(OutQueueTest, HoldsNoViewAfterAFlushThatCameUpShort) {
  const std::string text(60000, 'x');
  const std::string_view bytes = Read(text);
  queue_.Borrow(bytes, loop_);
  ASSERT_LT(queue_.Flush(*stream_), static_cast<std::ptrdiff_t>(text.size()));
  std::memset(const_cast<char*>(bytes.data()), '!', bytes.size());
  EXPECT_EQ(Drain(), text);
}

TEST_F(OutQueueTest, HoldsNoViewAfterKeep) {
  const std::string_view bytes = Read("hello");
  queue_.Borrow(bytes, loop_);
  queue_.Keep();
  std::memset(const_cast<char*>(bytes.data()), '!', bytes.size());
  EXPECT_EQ(Drain(), "hello");
}

// Two reads of one turn can lie side by side, and then become one view: the second must not be reused either.
TEST_F(OutQueueTest, KeepsTheArenaBytesOfAViewThatContinuesTheLast) {
  queue_.Borrow(Read("first"), loop_);
  EndRead();
  queue_.Borrow(Read("second"), loop_);
  EndRead();
  (void)Read("!!!!!!!!!!!");
  EXPECT_EQ(Drain(), "firstsecond");
}

TEST_F(OutQueueTest, ReusesTheArenaBytesThatNobodyBorrowed) {
  const std::string_view first = Read("first");
  queue_.Append(first);
  EndRead();
  EXPECT_EQ(Read("again").data(), first.data());
}

TEST_F(OutQueueTest, WritesNothingWhileTheStreamIsBlocked) {
  queue_.Append(std::string(1000000, 'x'));
  ASSERT_GT(queue_.Flush(*stream_), 0);
  const std::size_t left = queue_.size();
  EXPECT_EQ(queue_.Flush(*stream_), 0);
  EXPECT_EQ(queue_.size(), left);
}

TEST_F(OutQueueTest, KeepsALargeBacklogInOrder) {
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(static_cast<std::size_t>(i * 31 % 5000 + 1), static_cast<char>('a' + i % 26));
    queue_.Append(piece);
    expected += piece;
    if (i % 7 == 0) {
      ASSERT_GE(queue_.Flush(*stream_), 0);
    }
  }
  EXPECT_EQ(Drain(), expected);
}

TEST_F(OutQueueTest, ClearForgetsEverythingOwed) {
  queue_.Append(std::string(200000, 'x'));
  ASSERT_GT(queue_.Flush(*stream_), 0);
  queue_.Borrow(Read("view"), loop_);
  queue_.Clear();
  EXPECT_TRUE(queue_.empty());
  (void)peer_.Receive();
  RunTurns(loop_);
  queue_.Append("new");
  EXPECT_EQ(queue_.Flush(*stream_), 3);
  EXPECT_EQ(peer_.Receive(), "new");
}

TEST_F(OutQueueTest, SaysThatTheConnectionIsDead) {
  peer_.Close();
  queue_.Append("x");
  EXPECT_EQ(queue_.Flush(*stream_), -1);
}

class RandomOutputTest : public OutQueueTest {
 protected:
  std::string NextBytes(base::Random& random) {
    const auto size = static_cast<std::size_t>(random.Below(random.Below(8) == 0 ? 50000 : 200));
    letter_ = letter_ == 'z' ? 'a' : static_cast<char>(letter_ + 1);
    return std::string(size, letter_);
  }
  // Borrows the front of what was read, or all of it in two views that touch.
  void BorrowSome(base::Random& random, const std::string& bytes) {
    const std::string_view view = Read(bytes);
    const auto cut = static_cast<std::size_t>(random.Below(view.size() + 1));
    queue_.Borrow(view.substr(0, cut), loop_);
    expected_ += view.substr(0, cut);
    if (random.Below(2) == 0) {
      queue_.Borrow(view.substr(cut), loop_);
      expected_ += view.substr(cut);
    }
    EndRead();
    if (random.Below(3) == 0) queue_.Keep();
  }
  // A turn ends: what was borrowed is flushed before its bytes are used again.
  void EndTurn() {
    EXPECT_GE(queue_.Flush(*stream_), 0);
    queue_.Keep();
    RunTurns(loop_, 1);
  }

  std::string expected_;
  char letter_ = 'a';
};

// Any sequence of calls, with a socket that takes little at a time, writes the bytes of a plain string.
TEST_F(RandomOutputTest, IsWhatAStringWouldHold) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    base::Random random(seed);
    expected_.clear();
    std::string got;
    for (int step = 0; step < 400; ++step) {
      const std::uint64_t choice = random.Below(100);
      const std::string bytes = NextBytes(random);
      if (choice < 30) {
        queue_.Append(bytes);
        expected_ += bytes;
      } else if (choice < 70) {
        BorrowSome(random, bytes);
      } else if (choice < 90) {
        ASSERT_GE(queue_.Flush(*stream_), 0);
      } else {
        got += peer_.Receive(static_cast<std::size_t>(random.Below(20000)));
      }
      if (random.Below(4) == 0 || step % 5 == 0) EndTurn();
      ASSERT_LE(got.size() + queue_.size(), expected_.size());
    }
    got += Drain();
    ASSERT_TRUE(got == expected_) << "seed " << seed;
  }
}

}  // namespace
}  // namespace herdgate::net
