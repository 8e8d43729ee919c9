// Authentication and ACLs: credentials are judged by the upstream, each user speaks over lanes of its own.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

const std::string kNoAuth = "-NOAUTH Authentication required.\r\n";
const std::string kWrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

// A redis-server of its own with a password and two ACL users, and a sidecar that knows none of them.
class Auth : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    redis_ = std::make_unique<RedisProcess>(Words{"--requirepass", "secret"});
    RawClient admin = Admin();
    ASSERT_EQ(admin.Do({"ACL", "SETUSER", "reader", "on", ">readpass", "~r:*", "&*", "+@read", "+@connection", "+multi",
                        "+exec", "+acl|whoami"}),
              "+OK\r\n");
    ASSERT_EQ(admin.Do({"ACL", "SETUSER", "writer", "on", ">writepass", "~*", "&*", "+@all"}), "+OK\r\n");
    Front(redis_->Url());
  }
  void Front(const std::string& url, bool serves = true) {
    sidecar_ = std::make_unique<Sidecar>(url, Sidecar::Choices{.loops = GetParam()});
    ASSERT_TRUE(sidecar_->started());
    if (!serves) return;
    // A command waits for its lane; connections are dealt to the loops in turn.
    for (unsigned i = 0; i < GetParam(); ++i) Client().Do({"PING"});
  }
  RawClient Admin() const {
    RawClient client = redis_->Client();
    client.Do({"AUTH", "secret"});
    return client;
  }
  RawClient Client() const { return sidecar_->Client(); }
  RawClient Direct() const { return redis_->Client(); }
  RawClient ClientAs(const std::string& user, const std::string& password) const {
    RawClient client = Client();
    EXPECT_EQ(client.Do({"AUTH", user, password}), "+OK\r\n");
    return client;
  }
  // Each command's answer, directly and through the sidecar.
  void SameAsRedis(const Script& script) const {
    for (const Way way : {Way::kEach, Way::kWhole, Way::kBytes}) {
      Admin().Do({"FLUSHALL"});
      RawClient direct = Direct();
      const std::string expected = Play(direct, script, way);
      Admin().Do({"FLUSHALL"});
      RawClient client = Client();
      EXPECT_EQ(expected, Play(client, script, way)) << "way " << static_cast<int>(way);
    }
  }

  std::unique_ptr<RedisProcess> redis_;
  std::unique_ptr<Sidecar> sidecar_;
};

TEST_P(Auth, WithoutAPasswordEveryCommandIsRefusedAsByRedis) {
  SameAsRedis({{"GET", "a"},
               {"NOSUCH"},
               {"GET"},
               {"SELECT", "1"},
               {"SELECT", "x"},
               {"CLIENT", "ID"},
               {"CLIENT", "SETNAME", "x"},
               {"CLIENT", "NOSUCH"},
               {"CLIENT", "LIST"},
               {"CLIENT", "REPLY", "OFF"},
               {"CLIENT", "TRACKING", "ON"},
               {"CLIENT", "MAINT_NOTIFICATIONS", "ON"},
               {"MULTI"},
               {"GET", "a"},
               {"EXEC"},
               {"WATCH", "a"},
               {"SUBSCRIBE", "c"},
               {"BLPOP", "q", "0"},
               {"EVAL", "return 1", "0"},
               {"MONITOR"},
               {"SCRIPT", "KILL"},
               {"HELLO", "3"},
               {"HELLO", "3", "SETNAME", "x"},
               {"HELLO", "4"},
               {"HELLO", "x"},
               {"HELLO"},
               {"AUTH"},
               {"AUTH", "a", "b", "c"},
               {"AUTH", "wrong"},
               {"AUTH", "reader", "wrong"},
               {"AUTH", "nobody", "x"},
               {"HELLO", "3", "AUTH", "reader", "wrong"},
               {"GET", "a"},
               {"RESET"},
               {"PING"},
               {"AUTH", "secret"},
               {"CLIENT", "GETNAME"},
               {"GET", "a"}});
}

TEST_P(Auth, RightPasswordOpensAndResetCloses) {
  SameAsRedis({{"AUTH", "secret"},
               {"SET", "a", "1"},
               {"ACL", "WHOAMI"},
               {"RESET"},
               {"GET", "a"},
               {"AUTH", "default", "secret"},
               {"GET", "a"},
               {"AUTH", "wrong"},
               {"GET", "a"},
               {"AUTH", "writer", "writepass"},
               {"ACL", "WHOAMI"},
               {"MULTI"},
               {"ACL", "WHOAMI"},
               {"EXEC"}});
}

TEST_P(Auth, LoginWhileALaneIsHeldOpensTheClientToo) {
  SameAsRedis({{"WATCH", "a"},
               {"AUTH", "secret"},
               {"CLIENT", "GETNAME"},
               {"DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"},
               {"EXEC"},
               {"GET", "a"},
               {"CLIENT", "GETNAME"}});
  SameAsRedis({{"AUTH", "secret"},
               {"WATCH", "a"},
               {"AUTH", "reader", "readpass"},
               {"ACL", "WHOAMI"},
               {"UNWATCH"},
               {"MULTI"},
               {"EXEC"},
               {"ACL", "WHOAMI"},
               {"SET", "a", "1"},
               {"AUTH", "default", "wrong"},
               {"ACL", "WHOAMI"}});
}

TEST_P(Auth, HelloWithAuthDoesBothAtOnce) {
  RawClient client = Client();
  const std::string hello = client.Do({"HELLO", "3", "AUTH", "writer", "writepass", "SETNAME", "me"});
  EXPECT_TRUE(hello.starts_with("%7\r\n")) << hello;
  EXPECT_EQ(client.Do({"GET", "none"}), "_\r\n");
  EXPECT_EQ(client.Do({"CLIENT", "GETNAME"}), Bulk("me"));
  EXPECT_EQ(client.Do({"ACL", "WHOAMI"}), Bulk("writer"));
  EXPECT_NE(Text(client.Do({"CLIENT", "INFO"})).find(" user=writer "), std::string::npos);
}

TEST_P(Auth, RulesOfEachUserHoldThroughTheSidecar) {
  SameAsRedis({{"AUTH", "reader", "readpass"},
               {"GET", "r:a"},
               {"GET", "other"},
               {"SET", "r:a", "1"},
               {"ACL", "LIST"},
               {"SELECT", "2"},
               {"GET", "r:a"},
               {"SELECT", "0"},
               {"CLIENT", "GETNAME"},
               {"MULTI"},
               {"GET", "r:a"},
               {"EXEC"},
               {"MULTI"},
               {"SET", "r:a", "1"},
               {"EXEC"},
               {"BLPOP", "r:q", "0"},
               {"SUBSCRIBE", "c"},
               {"EVAL", "return 1", "0"},
               {"AUTH", "writer", "writepass"},
               {"SET", "other", "1"},
               {"GET", "other"}});
}

TEST_P(Auth, DeniedClientCommandIsWordedByRedis) {
  Admin().Do({"ACL", "SETUSER", "narrow", "on", ">n", "~*", "+get", "+ping"});
  SameAsRedis({{"AUTH", "narrow", "n"},
               {"CLIENT", "ID"},
               {"CLIENT", "GETNAME"},
               {"CLIENT", "LIST"},
               {"CLIENT", "SETNAME", "x"},
               {"CLIENT", "KILL", "ID", "5"},
               {"CLIENT", "UNBLOCK", "5"},
               {"CLIENT", "INFO"},
               {"SELECT", "1"},
               {"SELECT", "0"},
               {"MULTI"},
               {"WATCH", "a"},
               {"INFO"},
               {"GET", "a"}});
}

TEST_P(Auth, MultiDeniedLeavesNoTransaction) {
  Admin().Do({"ACL", "SETUSER", "nomulti", "on", ">n", "~*", "&*", "+@all", "-multi"});
  SameAsRedis({{"AUTH", "nomulti", "n"},
               {"MULTI"},
               {"SET", "a", "1"},
               {"SELECT", "1"},
               {"SET", "b", "1"},
               {"EXEC"},
               {"GET", "b"},
               {"SELECT", "0"},
               {"GET", "a"},
               {"CLIENT", "GETNAME"}});
  SameAsRedis({{"AUTH", "nomulti", "n"},
               {"MULTI"},
               {"UNSUBSCRIBE"},
               Frames(2, {"SUBSCRIBE", "a", "b"}),
               {"GET", "x"},
               {"EXEC"},
               Frames(2, {"UNSUBSCRIBE"}),
               {"GET", "x"}});
}

TEST_P(Auth, LanesOfTwoUsersDoNotMix) {
  RawClient reader = ClientAs("reader", "readpass");
  RawClient writer = ClientAs("writer", "writepass");
  RawClient nobody = Client();
  for (int i = 0; i < 20; ++i) {
    reader.Say({"SET", "r:x", "1"});
    writer.Say({"SET", "r:x", "1"});
    nobody.Say({"SET", "r:x", "1"});
    ASSERT_TRUE(reader.Read().starts_with("-NOPERM"));
    ASSERT_EQ(writer.Read(), "+OK\r\n");
    ASSERT_EQ(nobody.Read(), kNoAuth);
  }
}

TEST_P(Auth, FloodOfRefusedCommandsClosesNobody) {
  // Redis closes a connection that is not logged in when a kilobyte of replies waits: the shared one must not get
  // there.
  std::vector<RawClient> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(Client());
  std::string flood;
  for (int i = 0; i < 500; ++i) flood += Encode({"GET", "a"}) + Encode({"EVAL", "return 1", "0"});
  for (int round = 0; round < 2; ++round) {
    for (RawClient& client : clients) client.Send(flood);
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += kNoAuth;
    for (RawClient& client : clients) {
      std::string got;
      for (const std::string& reply : client.Read(1000)) got += reply;
      ASSERT_EQ(got.size(), expected.size()) << got.substr(got.size() - 100);
    }
  }
  // Wrong passwords of many at once neither.
  for (RawClient& client : clients) {
    for (int i = 0; i < 40; ++i) client.Say({"AUTH", "wrong"});
  }
  for (RawClient& client : clients) {
    for (const std::string& reply : client.Read(40)) ASSERT_EQ(reply, kWrongPass);
  }
  EXPECT_EQ(clients[0].Do({"AUTH", "secret"}), "+OK\r\n");
}

TEST_P(Auth, UnauthenticatedClientHasTheTighterLimits) {
  const auto closes = [this](const std::string& bytes) {
    RawClient direct = Direct();
    RawClient client = Client();
    direct.Send(bytes);
    client.Send(bytes);
    const std::string expected = direct.ReadToEnd();
    EXPECT_EQ(expected, client.ReadToEnd());
    return expected;
  };
  EXPECT_EQ(closes("*11\r\n$4\r\nMGET\r\n"), "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_EQ(closes("*2\r\n$3\r\nGET\r\n$16385\r\n"), "-ERR Protocol error: unauthenticated bulk length\r\n");
  RawClient client = ClientAs("default", "secret");
  EXPECT_EQ(client.Do({"SET", "big", std::string(20000, 'x')}), "+OK\r\n");
  EXPECT_EQ(client.Do({"DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}), ":0\r\n");
}

TEST_P(Auth, ClientThatCameBeforeTheUpstreamHasTheTighterLimitsToo) {
  const std::uint16_t port = redis_->port();
  redis_->Kill();
  Front(redis_->Url() + "/0", false);
  RawClient early = Client();
  early.Do({"PING"});
  RedisProcess back({"--requirepass", "secret"}, port);
  ASSERT_TRUE(Eventually([&] { return early.Do({"GET", "a"}) == kNoAuth; }));
  EXPECT_EQ(early.Do({"CLIENT", "ID"}), kNoAuth);
  EXPECT_EQ(early.Do({"SELECT", "1"}), kNoAuth);
  early.Send("*11\r\n$4\r\nMGET\r\n");
  EXPECT_EQ(early.ReadToEnd(), "-ERR Protocol error: unauthenticated multibulk length\r\n");
}

TEST_P(Auth, CredentialsInTheUrlServeClientsThatNameNone) {
  for (const std::string login : {":secret@", "writer:writepass@"}) {
    Front("redis://" + login + "127.0.0.1:" + std::to_string(redis_->port()));
    RawClient client = Client();
    EXPECT_EQ(client.Do({"SET", "a", "1"}), "+OK\r\n");
    EXPECT_EQ(client.Do({"ACL", "WHOAMI"}), Bulk(login[0] == ':' ? "default" : "writer"));
    EXPECT_EQ(client.Do({"AUTH", "reader", "readpass"}), "+OK\r\n");
    EXPECT_TRUE(client.Do({"SET", "a", "1"}).starts_with("-NOPERM"));
    EXPECT_EQ(client.Do({"RESET"}), "+RESET\r\n");
    EXPECT_EQ(client.Do({"GET", "a"}), Bulk("1"));
  }
}

TEST_P(Auth, ListNamesTheUserOfEachClient) {
  RawClient nobody = Client();
  nobody.Do({"PING"});
  RawClient reader = ClientAs("reader", "readpass");
  RawClient admin = ClientAs("default", "secret");
  const std::string list = Text(admin.Do({"CLIENT", "LIST"}));
  EXPECT_NE(list.find(" user=reader "), std::string::npos);
  EXPECT_EQ(list.find("superuser"), std::string::npos) << list;
  EXPECT_EQ(admin.Do({"CLIENT", "KILL", "USER", "reader"}), ":1\r\n");
  EXPECT_TRUE(reader.EndsSoon());
}

TEST_P(Auth, WrongCredentialsInTheUrlAreTold) {
  Front("redis://:wrong@127.0.0.1:" + std::to_string(redis_->port()), false);
  RawClient client = Client();
  EXPECT_EQ(client.Do({"GET", "a"}), kWrongPass);
  EXPECT_NE(sidecar_->Get("/readyz?verbose").body.find("[-]upstream"), std::string::npos);
  // And Redis is not asked again for each command.
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(client.Do({"GET", "a"}), kWrongPass);
  EXPECT_TRUE(Eventually([&] { return sidecar_->Metric("herdgate_commands_total{command=\"get\"") >= 2001; }));
  EXPECT_LT(sidecar_->Metric("herdgate_upstream_connections_opened_total"), 500);
}

TEST_P(Auth, DeletedUserLosesItsClientsAndNobodyElse) {
  std::vector<RawClient> gone;
  for (int i = 0; i < 4; ++i) gone.push_back(ClientAs("reader", "readpass"));
  for (RawClient& client : gone) client.Do({"GET", "r:a"});
  gone[3].Do({"MULTI"});
  RawClient other = ClientAs("writer", "writepass");
  EXPECT_EQ(other.Do({"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(Admin().Do({"ACL", "DELUSER", "reader"}), ":1\r\n");
  for (RawClient& client : gone) EXPECT_TRUE(client.EndsSoon());
  EXPECT_EQ(other.Do({"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(Client().Do({"AUTH", "reader", "readpass"}), kWrongPass);
}

TEST_P(Auth, PasswordSetAtRunTimeIsAskedOfNewClients) {
  RedisProcess open;
  Front(open.Url());
  RawClient old = Client();
  EXPECT_EQ(old.Do({"SET", "a", "1"}), "+OK\r\n");
  EXPECT_EQ(old.Do({"CONFIG", "SET", "requirepass", "later"}), "+OK\r\n");
  // Redis lets who is connected go on, and asks who comes.
  EXPECT_EQ(old.Do({"GET", "a"}), Bulk("1"));
  for (int i = 0; i < 3; ++i) {
    RawClient fresh = Client();
    EXPECT_EQ(fresh.Do({"GET", "a"}), kNoAuth);
    EXPECT_EQ(fresh.Do({"AUTH", "later"}), "+OK\r\n");
    EXPECT_EQ(fresh.Do({"GET", "a"}), Bulk("1"));
  }
  EXPECT_EQ(old.Do({"CONFIG", "SET", "requirepass", ""}), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] { return Client().Do({"GET", "a"}) == Bulk("1"); }));
}

HERDGATE_WITH_LOOPS(Auth);

}  // namespace
}  // namespace herdgate::integration
