#include "sidecar/admin/listen_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace herdgate::admin {
namespace {

using base::ErrorCode;
using base::ListenAddress;
using testing::HasSubstr;

ListenAddress Tcp(std::string host, std::uint16_t port) {
  return {.host = std::move(host), .port = port, .path = ""};
}

TEST(ListenTest, PortZeroPicksAFreePortAndNamesIt) {
  const auto a = Listen(Tcp("127.0.0.1", 0));
  ASSERT_TRUE(a.ok()) << a.status().message();
  EXPECT_NE(a.value().port, 0);
  close(a.value().fd);
}

TEST(ListenTest, APortInUseIsSaidInOneLineWithTheAddress) {
  const auto first = Listen(Tcp("127.0.0.1", 0));
  ASSERT_TRUE(first.ok());
  const auto second = Listen(Tcp("127.0.0.1", first.value().port));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), ErrorCode::kIo);
  EXPECT_EQ(second.status().message(),
            "can't listen on tcp://127.0.0.1:" + std::to_string(first.value().port) + ": the port is in use");
  close(first.value().fd);
}

TEST(ListenTest, AnAddressOfAnotherMachineIsRefused) {
  const auto result = Listen(Tcp("192.0.2.1", 0));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), ErrorCode::kIo);
  EXPECT_THAT(result.status().message(), HasSubstr("192.0.2.1"));
}

TEST(ListenTest, AHostThatIsNoHostIsTheUsersError) {
  const auto result = Listen(Tcp("not a host", 0));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
}

TEST(ListenTest, UnixSocketsAreNotForHttp) {
  const auto result = Listen({.kind = ListenAddress::Kind::kUnix, .host = "", .path = "/tmp/x"});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace herdgate::admin
