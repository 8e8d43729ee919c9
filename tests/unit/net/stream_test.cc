#include "sidecar/net/stream.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::net {
namespace {

using testing::PeerSocket;
using testing::RunFor;
using testing::RunTurns;

class StreamTest : public ::testing::Test, public Stream::Owner {
 protected:
  StreamTest() {
    auto [peer, fd] = PeerSocket::Pair();
    peer_ = std::move(peer);
    PeerSocket::ShrinkSendBuffer(fd);
    stream_ = std::make_unique<Stream>(loop_, fd, *this);
  }
  ~StreamTest() override {
    stream_.reset();
    RunTurns(loop_);
  }

  void OnData(std::string_view bytes) override {
    got_ += bytes;
    ++reads_;
    if (on_data_) on_data_();
  }
  void OnEnd(bool broken) override {
    ends_.push_back(broken);
    if (on_end_) on_end_();
  }
  void OnHungUp() override { ++hang_ups_; }
  void OnWritable() override { ++writables_; }

  std::ptrdiff_t Write(std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return stream_->Write({&piece, 1});
  }

  Loop loop_{0};
  PeerSocket peer_;
  std::unique_ptr<Stream> stream_;
  std::string got_;
  int reads_ = 0;
  std::vector<bool> ends_;
  int hang_ups_ = 0;
  int writables_ = 0;
  std::function<void()> on_data_;
  std::function<void()> on_end_;
};

TEST_F(StreamTest, HandsOverWhatArrives) {
  peer_.Send("hello");
  RunTurns(loop_);
  EXPECT_EQ(got_, "hello");
}

TEST_F(StreamTest, ReadsOncePerTurn) {
  peer_.Send("one");
  on_data_ = [this] { peer_.Send("more"); };
  RunTurns(loop_, 1);
  EXPECT_EQ(reads_, 1);
}

TEST_F(StreamTest, TellsTheEndBehindTheLastBytes) {
  peer_.Send("last");
  peer_.Close();
  RunTurns(loop_);
  EXPECT_EQ(got_, "last");
  EXPECT_EQ(ends_, std::vector<bool>{false});
}

TEST_F(StreamTest, CanStillWriteToAPeerThatSentItsLastByte) {
  peer_.HalfClose();
  RunTurns(loop_);
  ASSERT_EQ(ends_, std::vector<bool>{false});
  EXPECT_EQ(Write("reply"), 5);
  EXPECT_EQ(peer_.Receive(), "reply");
}

TEST_F(StreamTest, ReadsNothingWhileReadingIsOff) {
  stream_->SetReading(false);
  peer_.Send("later");
  RunTurns(loop_);
  EXPECT_EQ(got_, "");
  stream_->SetReading(true);
  RunTurns(loop_);
  EXPECT_EQ(got_, "later");
}

TEST_F(StreamTest, NoticesTheEndWhileReadingIsOff) {
  stream_->SetReading(false);
  peer_.Close();
  RunTurns(loop_);
  EXPECT_EQ(ends_, std::vector<bool>{false});
}

TEST_F(StreamTest, ReadsTheBytesBeforeAnEndThatCameWhileReadingWasOff) {
  stream_->SetReading(false);
  RunTurns(loop_);
  peer_.Send("unread");
  peer_.HalfClose();
  RunTurns(loop_);
  stream_->SetReading(true);
  RunTurns(loop_);
  EXPECT_EQ(got_, "unread");
  EXPECT_EQ(ends_, std::vector<bool>{false});
}

TEST_F(StreamTest, TellsAtOnceOfAnEndBehindUnreadBytes) {
  stream_->SetReading(false);
  peer_.Send("unread");
  peer_.HalfClose();
  RunTurns(loop_);
  EXPECT_EQ(hang_ups_, 1);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(StreamTest, SleepsWhileAnEndWaitsBehindUnreadBytes) {
  stream_->SetReading(false);
  peer_.Send("unread");
  peer_.Close();
  EXPECT_LT(RunFor(loop_, std::chrono::milliseconds(50)), 20);
}

TEST_F(StreamTest, ReadsWhatArrivedBeforeTheConnectionBroke) {
  ASSERT_EQ(Write("never read"), 10);
  peer_.Send("last words");
  peer_.Close();  // with bytes unread: the kernel resets the connection
  RunTurns(loop_);
  EXPECT_EQ(got_, "last words");
  EXPECT_EQ(ends_, std::vector<bool>{true});
}

TEST_F(StreamTest, TellsABreakBehindAHalfClose) {
  ASSERT_GT(Write(std::string(1000000, 'x')), 0);
  peer_.HalfClose();
  RunTurns(loop_);
  ASSERT_EQ(ends_, std::vector<bool>{false});
  peer_.Close();
  RunTurns(loop_);
  EXPECT_EQ(ends_, (std::vector<bool>{false, true}));
}

TEST_F(StreamTest, AWriteThatComesUpShortBlocksUntilThePeerReads) {
  const std::string text(1000000, 'x');
  const std::ptrdiff_t sent = Write(text);
  ASSERT_GT(sent, 0);
  ASSERT_LT(sent, static_cast<std::ptrdiff_t>(text.size()));
  EXPECT_TRUE(stream_->blocked());
  EXPECT_EQ(Write("more"), 0);
  RunTurns(loop_);
  EXPECT_EQ(writables_, 0);
  (void)peer_.Receive();
  RunTurns(loop_);
  EXPECT_EQ(writables_, 1);
  EXPECT_FALSE(stream_->blocked());
}

TEST_F(StreamTest, WritesAllPiecesInOneGo) {
  std::string a = "ab";
  std::string b = "cd";
  const std::array<iovec, 2> pieces{{{a.data(), a.size()}, {b.data(), b.size()}}};
  EXPECT_EQ(stream_->Write(pieces), 4);
  EXPECT_EQ(peer_.Receive(), "abcd");
}

TEST_F(StreamTest, AWriteToAClosedPeerFails) {
  peer_.Close();
  EXPECT_EQ(Write("x"), -1);
}

TEST_F(StreamTest, ADetachedStreamTellsNothing) {
  peer_.Send("x");
  stream_->Detach();
  peer_.Close();
  RunTurns(loop_);
  EXPECT_EQ(got_, "");
  EXPECT_TRUE(ends_.empty());
}

TEST_F(StreamTest, MayBeDetachedAndDoomedWithinItsOwnCallbacks) {
  peer_.Send("x");
  peer_.Close();
  on_data_ = [this] {
    stream_->Detach();
    loop_.DestroyLater(std::move(stream_));
  };
  RunTurns(loop_);
  EXPECT_EQ(reads_, 1);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(StreamTest, ReadsEveryByteOfALargeTransfer) {
  std::string text;
  for (int i = 0; i < 400000; ++i) text += static_cast<char>('a' + i % 26);
  std::size_t sent = 0;
  while (sent < text.size()) {
    sent += peer_.TrySend(std::string_view(text).substr(sent));
    RunTurns(loop_, 1);
  }
  RunTurns(loop_);
  EXPECT_TRUE(got_ == text);
}

}  // namespace
}  // namespace herdgate::net
