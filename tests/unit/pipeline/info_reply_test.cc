#include "sidecar/pipeline/info_reply.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

std::string Bulk(char type, const std::string& body) {
  return type + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}

std::string Info(const std::string& clients) {
  return "# Clients\r\nconnected_clients:" + clients + "\r\nblocked_clients:0\r\n";
}

TEST(InfoReplyTest, LanesAreReplacedByTheClientsBehindThem) {
  Connections connections;
  connections.lanes = 4;
  connections.clients = 120;
  EXPECT_EQ(InfoForClient(Bulk('$', Info("9")), connections), Bulk('$', Info("125")));
  EXPECT_EQ(InfoForClient(Bulk('=', "txt:" + Info("9")), connections), Bulk('=', "txt:" + Info("125")));
}

TEST(InfoReplyTest, LengthFollowsTheNumber) {
  Connections connections;
  connections.lanes = 10;
  connections.clients = 1;
  EXPECT_EQ(InfoForClient(Bulk('$', Info("1000")), connections), Bulk('$', Info("991")));
}

TEST(InfoReplyTest, AskingClientIsAlwaysThere) {
  Connections connections;
  connections.lanes = 10;
  EXPECT_EQ(InfoForClient(Bulk('$', Info("3")), connections), Bulk('$', Info("1")));
}

TEST(InfoReplyTest, EverythingElseStaysAsItIs) {
  const Connections connections;
  for (const std::string& reply :
       {std::string(), Bulk('$', "# Server\r\nredis_version:7.0.15\r\n"), std::string("-NOPERM x\r\n"),
        std::string("$-1\r\n"), std::string("_\r\n"), std::string("*0\r\n")}) {
    EXPECT_EQ(InfoForClient(reply, connections), reply);
  }
}

}  // namespace
}  // namespace herdgate::pipeline
