#include "tests/bench/load/request_source.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>

namespace herdgate::bench {
namespace {

// What the queue writes, read from the other end of a socket pair with small buffers, so that writes are partial.
std::string Drain(SendQueue& queue) {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const int small = 4608;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  std::string all;
  std::array<char, 1000> buffer;
  for (bool more = true; more;) {
    more = queue.Flush(ends[0]) == SendQueue::Outcome::kBlocked;
    for (ssize_t got; (got = recv(ends[1], buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;) {
      all.append(buffer.data(), static_cast<size_t>(got));
    }
  }
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(queue.empty());
  return all;
}

TEST(RequestSource, PreloadWritesEveryKeyOfItsRangeOnce) {
  LoadOptions options;
  options.mode = Mode::kPreload;
  options.value_bytes = 3;
  RequestSource source(options, 1, 99, 101);
  SendQueue queue;
  Command command{};
  while (source.Append(queue, command)) EXPECT_EQ(command, Command::kSet);
  EXPECT_EQ(Drain(queue),
            "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000099\r\n$3\r\nvvv\r\n"
            "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000100\r\n$3\r\nvvv\r\n");
}

TEST(RequestSource, LargeValuesAreWrittenWholeThroughPartialWrites) {
  LoadOptions options;
  options.mode = Mode::kPreload;
  options.value_bytes = 65536;
  RequestSource source(options, 1, 0, 3);
  SendQueue queue;
  Command command{};
  while (source.Append(queue, command)) {
  }
  std::string expected;
  for (const char digit : std::string("012")) {
    expected += std::string("*3\r\n$3\r\nSET\r\n$16\r\nkey:00000000000") + digit + "\r\n$65536\r\n";
    expected += std::string(65536, 'v') + "\r\n";
  }
  EXPECT_TRUE(Drain(queue) == expected);
}

TEST(RequestSource, MixIsOneSetForTenGets) {
  LoadOptions options;
  options.mode = Mode::kMix;
  RequestSource source(options, 5, 0, 0);
  SendQueue queue;
  int sets = 0;
  for (int i = 0; i < 1100; ++i) {
    Command command{};
    ASSERT_TRUE(source.Append(queue, command));
    sets += command == Command::kSet;
  }
  EXPECT_EQ(sets, 100);
}

TEST(RequestSource, MgetAsksForTheNumberOfKeys) {
  LoadOptions options;
  options.mode = Mode::kMget;
  options.mget_keys = 2;
  options.key_space = 1;
  options.key_prefix = "a:";
  RequestSource source(options, 1, 0, 0);
  SendQueue queue;
  Command command{};
  ASSERT_TRUE(source.Append(queue, command));
  EXPECT_EQ(Drain(queue), "*3\r\n$4\r\nMGET\r\n$14\r\na:000000000000\r\n$14\r\na:000000000000\r\n");
}

TEST(RequestSource, KeysCoverTheKeySpace) {
  LoadOptions options;
  options.key_space = 4;
  RequestSource source(options, 1, 0, 0);
  SendQueue queue;
  Command command{};
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(source.Append(queue, command));
  const std::string sent = Drain(queue);
  for (const char digit : std::string("0123")) {
    EXPECT_NE(sent.find(std::string("key:00000000000") + digit + "\r\n"), std::string::npos) << digit;
  }
  EXPECT_EQ(sent.find("key:000000000004"), std::string::npos);
}

TEST(RequestSource, JudgesRepliesByTypeAndLength) {
  LoadOptions options;
  options.value_bytes = 10;
  options.mget_keys = 2;
  const RequestSource source(options, 1, 0, 0);
  ReplyScanner::Reply value{.type = '$', .length = 10, .bulks = 1, .bulk_bytes = 10};
  EXPECT_EQ(source.Judge(Command::kGet, value), Verdict::kGood);
  EXPECT_EQ(source.Judge(Command::kSet, value), Verdict::kWrongReply);
  value.bulk_bytes = 9;
  EXPECT_EQ(source.Judge(Command::kGet, value), Verdict::kWrongReply);
  EXPECT_EQ(source.Judge(Command::kGet, {.type = '$', .length = -1, .nils = 1}), Verdict::kGood);
  EXPECT_EQ(source.Judge(Command::kGet, {.type = '+'}), Verdict::kWrongReply);
  EXPECT_EQ(source.Judge(Command::kSet, {.type = '+'}), Verdict::kGood);
  EXPECT_EQ(source.Judge(Command::kSet, {.type = '-'}), Verdict::kError);
  ReplyScanner::Reply many{.type = '*', .length = 2, .bulks = 1, .nils = 1, .bulk_bytes = 10};
  EXPECT_EQ(source.Judge(Command::kMget, many), Verdict::kGood);
  many.length = 1;
  EXPECT_EQ(source.Judge(Command::kMget, many), Verdict::kWrongReply);
}

}  // namespace
}  // namespace herdgate::bench
