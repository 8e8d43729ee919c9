#include "sidecar/upstream/tracking/call_queue.h"

#include <gtest/gtest.h>

namespace herdgate::upstream {
namespace {

// "*1\r\n$4\r\nPING\r\n"
constexpr std::size_t kPingBytes = 14;

CallDone Appends(std::string& to, char letter) {
  return [&to, letter](const resp::Reply*) { to += letter; };
}

TEST(CallQueue, HandsOutRequestsAndContinuationsInTheirOrder) {
  CallQueue queue(10, 1000);
  std::string done;
  ASSERT_TRUE(queue.Push({"GET", "k"}, true, Appends(done, 'a')));
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'b')));
  const CallQueue::Request first = queue.TakeUnsent();
  EXPECT_EQ(first.bytes, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_TRUE(first.tracked);
  queue.TakeAnswered()(nullptr);
  EXPECT_TRUE(queue.has_unsent());
  EXPECT_FALSE(queue.TakeUnsent().tracked);
  EXPECT_FALSE(queue.has_unsent());
  queue.TakeAnswered()(nullptr);
  EXPECT_EQ(done, "ab");
}

TEST(CallQueue, BoundOfCallsCountsThoseSent) {
  CallQueue queue(2, 1000);
  std::string done;
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'a')));
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'b')));
  (void)queue.TakeUnsent();
  EXPECT_FALSE(queue.Push({"PING"}, false, Appends(done, 'c')));
  (void)queue.TakeAnswered();
  EXPECT_TRUE(queue.Push({"PING"}, false, Appends(done, 'd')));
}

TEST(CallQueue, BoundOfBytesCountsThoseSent) {
  CallQueue queue(10, 2 * kPingBytes);
  std::string done;
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'a')));
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'b')));
  (void)queue.TakeUnsent();
  EXPECT_FALSE(queue.Push({"PING"}, false, Appends(done, 'c')));
  (void)queue.TakeAnswered();
  EXPECT_FALSE(queue.Push({"PING2"}, false, Appends(done, 'd')));
  EXPECT_TRUE(queue.Push({"PING"}, false, Appends(done, 'e')));
}

TEST(CallQueue, TakeAllLeavesRoomForAll) {
  CallQueue queue(2, 2 * kPingBytes);
  std::string done;
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'a')));
  ASSERT_TRUE(queue.Push({"PING"}, false, Appends(done, 'b')));
  (void)queue.TakeUnsent();
  for (const CallDone& call : queue.TakeAll()) call(nullptr);
  EXPECT_EQ(done, "ab");
  EXPECT_FALSE(queue.has_unsent());
  EXPECT_TRUE(queue.Push({"PING"}, false, Appends(done, 'c')));
  EXPECT_TRUE(queue.Push({"PING"}, false, Appends(done, 'd')));
}

}  // namespace
}  // namespace herdgate::upstream
