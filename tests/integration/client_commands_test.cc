// Virtual sessions: what CLIENT, RESET, QUIT and REPLY show and do, as if every client had a connection to Redis.
#include <algorithm>
#include <set>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class ClientCommands : public SidecarTest {
 protected:
  static std::string Id(RawClient& client) { return std::to_string(Number(client.Do({"CLIENT", "ID"}))); }
};

// What differs between two runs whatever we do: ids, addresses, ages, buffers, and with them the length.
std::string MaskClientLine(std::string text) {
  for (const std::string field : {"id", "addr", "laddr", "fd", "age", "idle", "qbuf", "qbuf-free", "argv-mem",
                                  "multi-mem", "rbs", "rbp", "obl", "oll", "omem", "tot-mem", "events"}) {
    const std::string name = field + "=";
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '\n';
      if (begins) text.replace(at + name.size(), text.find(' ', at) - at - name.size(), "?");
    }
  }
  for (std::size_t at = text.find("\r\nid="); at != std::string::npos; at = text.find("\r\nid=", at + 1)) {
    const std::size_t length = text.rfind('$', at);
    if (length != std::string::npos) text.replace(length + 1, at - length - 1, "N");
  }
  return text;
}

TEST_P(ClientCommands, AnswersAreThoseOfRedis) {
  SameAsRedis({{"CLIENT"},
               {"CLIENT", "NOSUCH"},
               {"CLIENT", "GETNAME"},
               {"CLIENT", "SETNAME", "a b"},
               {"CLIENT", "SETNAME", "name"},
               {"CLIENT", "GETNAME"},
               {"CLIENT", "SETNAME", ""},
               {"CLIENT", "GETNAME"},
               {"CLIENT", "SETNAME"},
               {"CLIENT", "ID", "x"},
               {"CLIENT", "NO-EVICT", "ON"},
               {"CLIENT", "NO-EVICT", "off"},
               {"CLIENT", "NO-EVICT", "x"},
               {"CLIENT", "NO-TOUCH", "ON"},
               {"CLIENT", "SETINFO", "LIB-NAME", "x"},
               {"CLIENT", "SETINFO", "lib-ver", "1"},
               {"CLIENT", "MAINT_NOTIFICATIONS", "ON"},
               {"CLIENT", "Maint_Notifications", "ON", "moving-endpoint-type", "internal-fqdn"},
               {"CLIENT", "CAPA", "redirect"},
               {"CLIENT", "GETREDIR"},
               {"CLIENT", "TRACKINGINFO"},
               {"CLIENT", "CACHING", "YES"},
               {"CLIENT", "LIST", "ID"},
               {"CLIENT", "LIST", "ID", "x"},
               {"CLIENT", "LIST", "ID", "999999"},
               {"CLIENT", "LIST", "TYPE", "nonsense"},
               {"CLIENT", "LIST", "TYPE", "master"},
               {"CLIENT", "LIST", "NONSENSE"},
               {"CLIENT", "HELP"},
               {"CLIENT", "PAUSE", "x"},
               {"CLIENT", "UNPAUSE"},
               {"READONLY"},
               {"READWRITE"},
               {"ASKING"},
               {"CLUSTER", "INFO"}});
}

TEST_P(ClientCommands, SelectErrorsAreThoseOfRedis) {
  SameAsRedis({{"SELECT"},
               {"SELECT", "1", "2"},
               {"SELECT", "15"},
               {"SELECT", "16"},
               {"SELECT", "-1"},
               {"SELECT", "x"},
               {"SELECT", "01"},
               {"SELECT", " 1"},
               {"SELECT", "99999999999"},
               {"SELECT", "99999999999999999999999"},
               {"SELECT", "-99999999999"},
               {"SELECT", ""},
               {"SELECT", "1.5"},
               {"SELECT", "0"}});
}

TEST_P(ClientCommands, KillErrorsAreThoseOfRedis) {
  SameAsRedis({{"CLIENT", "KILL"},
               {"CLIENT", "KILL", "1.2.3.4:5"},
               {"CLIENT", "KILL", "ID", "0"},
               {"CLIENT", "KILL", "ID", "-1"},
               {"CLIENT", "KILL", "ID", "x"},
               {"CLIENT", "KILL", "ID", "999999"},
               {"CLIENT", "KILL", "ADDR", "1.2.3.4:5"},
               {"CLIENT", "KILL", "LADDR", "1.2.3.4:5"},
               {"CLIENT", "KILL", "TYPE", "nonsense"},
               {"CLIENT", "KILL", "TYPE", "master"},
               {"CLIENT", "KILL", "TYPE", "slave"},
               {"CLIENT", "KILL", "TYPE", "pubsub"},
               {"CLIENT", "KILL", "USER", "nobody"},
               {"CLIENT", "KILL", "SKIPME", "maybe"},
               {"CLIENT", "KILL", "ID", "999999", "SKIPME"},
               {"CLIENT", "KILL", "ID", "999999", "SKIPME", "no"},
               {"CLIENT", "KILL", "NONSENSE", "x"},
               {"CLIENT", "KILL", "MAXAGE", "1000"},
               {"CLIENT", "KILL", "ADDR", "1.2.3.4:5", "TYPE", "nonsense"}});
}

TEST_P(ClientCommands, InfoLineHasTheFieldsOfRedis) {
  SameAsRedis({{"SELECT", "2"}, {"CLIENT", "SETNAME", "n"}, {"CLIENT", "INFO"}, {"client", "info"}}, MaskClientLine);
}

TEST_P(ClientCommands, ListShowsTheStateOfOthersAsRedisDoes) {
  const auto list = [this](auto connect) {
    RawClient subscriber = connect();
    subscriber.Do({"CLIENT", "SETNAME", "subscriber"});
    subscriber.Do({"SUBSCRIBE", "a"});
    subscriber.Do({"PSUBSCRIBE", "b"});
    RawClient waiter = connect();
    waiter.Do({"CLIENT", "SETNAME", "waiter"});
    waiter.Say({"BLPOP", "q", "0"});
    RawClient in_multi = connect();
    in_multi.Do({"CLIENT", "SETNAME", "multi"});
    in_multi.Do({"MULTI"});
    in_multi.Do({"GET", "x"});
    RawClient tracking = connect();
    tracking.Do({"HELLO", "3", "SETNAME", "tracking"});
    tracking.Do({"CLIENT", "TRACKING", "ON"});
    RawClient fresh = connect();
    fresh.Do({"CLIENT", "SETNAME", "other"});
    fresh.Do({"GET", "x"});
    EXPECT_TRUE(UpstreamBlocks(1));
    RawClient asking = connect();
    std::set<std::string> lines;
    std::string text = Text(asking.Do({"CLIENT", "LIST"}));
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      std::string line = text.substr(at, end - at);
      at = end + 1;
      for (const char* name :
           {" name=subscriber ", " name=waiter ", " name=multi ", " name=tracking ", " name=other "}) {
        if (line.find(name) != std::string::npos) lines.insert(MaskClientLine(line));
      }
    }
    return lines;
  };
  const auto direct = list([] { return Direct(); });
  ASSERT_TRUE(UpstreamBlocks(0));
  EXPECT_EQ(direct, list([this] { return Client(); }));
}

TEST_P(ClientCommands, IdsAreUniqueAndGrow) {
  std::set<long long> ids;
  for (int i = 0; i < 60; ++i) {
    RawClient client = Client();
    const long long id = Number(client.Do({"CLIENT", "ID"}));
    EXPECT_GT(id, 0);
    EXPECT_TRUE(ids.insert(id).second);
    EXPECT_EQ(*ids.rbegin(), id);
  }
}

TEST_P(ClientCommands, HelloAndListAgreeAboutTheId) {
  RawClient client = Client();
  const std::string hello = client.Do({"HELLO", "3"});
  const std::string id = Id(client);
  EXPECT_NE(hello.find("$2\r\nid\r\n:" + id + "\r\n"), std::string::npos) << hello;
  EXPECT_TRUE(Text(client.Do({"CLIENT", "INFO"})).starts_with("id=" + id + " "));
}

TEST_P(ClientCommands, ListAndKillReachEveryLoop) {
  std::vector<RawClient> clients = Clients(7);
  std::vector<std::string> ids;
  for (RawClient& client : clients) ids.push_back(Id(client));
  RawClient master = Client();
  const std::string list = Text(master.Do({"CLIENT", "LIST"}));
  for (const std::string& id : ids) EXPECT_NE(list.find("id=" + id + " "), std::string::npos);
  EXPECT_EQ(master.Do({"CLIENT", "KILL", "ID", ids[0]}), ":1\r\n");
  EXPECT_TRUE(clients[0].EndsSoon());
  const std::string info = Text(clients[1].Do({"CLIENT", "INFO"}));
  const auto from = info.find(" addr=") + 6;
  const std::string address = info.substr(from, info.find(' ', from) - from);
  EXPECT_EQ(master.Do({"CLIENT", "KILL", address}), "+OK\r\n");
  EXPECT_TRUE(clients[1].EndsSoon());
  EXPECT_EQ(master.Do({"CLIENT", "KILL", address}), "-ERR No such client\r\n");
  clients[2].Do({"SUBSCRIBE", "c"});
  EXPECT_EQ(master.Do({"CLIENT", "KILL", "TYPE", "pubsub"}), ":1\r\n");
  EXPECT_TRUE(clients[2].EndsSoon());
  EXPECT_EQ(master.Do({"CLIENT", "KILL", "USER", "default", "SKIPME", "yes"}), ":4\r\n");
  for (std::size_t i = 3; i < clients.size(); ++i) EXPECT_TRUE(clients[i].EndsSoon());
  EXPECT_EQ(master.Do({"PING"}), "+PONG\r\n");
}

TEST_P(ClientCommands, KillingItselfIsAnsweredFirst) {
  RawClient client = Client();
  client.Send(Encode({"CLIENT", "KILL", "ID", Id(client), "SKIPME", "no"}) + Encode({"PING"}));
  EXPECT_EQ(client.ReadToEnd(), ":1\r\n");
  RawClient old_form = Client();
  const std::string info = Text(old_form.Do({"CLIENT", "INFO"}));
  const auto from = info.find(" addr=") + 6;
  EXPECT_EQ(old_form.Do({"CLIENT", "KILL", info.substr(from, info.find(' ', from) - from)}), "+OK\r\n");
  EXPECT_EQ(old_form.ReadToEnd(), "");
}

TEST_P(ClientCommands, KillTypeNormalLeavesTheLanesAlone) {
  RawClient victim = Client();
  victim.Do({"PING"});
  RawClient master = Client();
  // Those that waited for the sidecar to be ready are gone when it has seen so.
  ASSERT_TRUE(Eventually([&] {
    const std::string list = Text(master.Do({"CLIENT", "LIST"}));
    return std::ranges::count(list, '\n') == 2;
  }));
  const double before = Gate().Metric("herdgate_upstream_errors_total");
  EXPECT_EQ(master.Do({"CLIENT", "KILL", "TYPE", "normal"}), ":1\r\n");
  EXPECT_TRUE(victim.EndsSoon());
  EXPECT_EQ(master.Do({"SET", "a", "1"}), "+OK\r\n");
  RawClient later = Client();
  EXPECT_EQ(later.Do({"GET", "a"}), Bulk("1"));
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections_closed_total{reason=\"killed\"}", 1));
  EXPECT_EQ(Gate().Metric("herdgate_upstream_errors_total"), before);
}

TEST_P(ClientCommands, ReplyModesAreThoseOfRedis) {
  SameAsRedis({Silent({"CLIENT", "REPLY", "OFF"}),
               Silent({"SET", "a", "1"}),
               Silent({"NOSUCH"}),
               Silent({"CLIENT", "ID"}),
               {"CLIENT", "REPLY", "ON"},
               {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "SKIP"}),
               Silent({"SET", "a", "1"}),
               {"GET", "a"},
               Silent({"CLIENT", "REPLY", "SKIP"}),
               Silent({"CLIENT", "ID"}),
               {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "OFF"}),
               Silent({"CLIENT", "REPLY", "SKIP"}),
               Silent({"GET", "a"}),
               {"CLIENT", "REPLY", "ON"}});
  SameAsRedis(
      {Silent({"CLIENT", "REPLY", "SKIP"}), Silent({"CLIENT", "REPLY", "SKIP"}), Silent({"GET", "a"}), {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "SKIP"}), {"CLIENT", "REPLY", "ON"}, {"GET", "a"}});
  SameAsRedis({{"CLIENT", "REPLY", "NONSENSE"},
               Silent({"CLIENT", "REPLY", "OFF"}),
               Silent({"CLIENT", "REPLY", "NONSENSE"}),
               {"CLIENT", "REPLY", "ON"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "OFF"}),
               Silent({"EVAL", "return 1", "0"}),
               Silent({"BLPOP", "q", "0.01"}),
               Silent({"SELECT", "1"}),
               Silent({"KEYS", "*"}),
               {"CLIENT", "REPLY", "ON"},
               {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "OFF"}),
               Silent({"MULTI"}),
               Silent({"SET", "a", "1"}),
               Silent({"EXEC"}),
               {"CLIENT", "REPLY", "ON"},
               {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "SKIP"}), {"SUBSCRIBE", "c"}, {"UNSUBSCRIBE", "c"}, {"GET", "a"}});
  SameAsRedis({Silent({"CLIENT", "REPLY", "OFF"}), {"RESET"}, {"GET", "a"}});
}

TEST_P(ClientCommands, SkippedReplyOfALargeRequestIsSkipped) {
  SameAsRedis(
      {Silent({"CLIENT", "REPLY", "SKIP"}), Silent({"SET", "big", std::string(800 * 1024, 'x')}), {"STRLEN", "big"}},
      nullptr, {Way::kEach, Way::kWhole});
}

TEST_P(ClientCommands, ResetForgetsEverything) {
  SameAsRedis({{"HELLO", "3", "SETNAME", "me"},
               {"SELECT", "3"},
               {"SET", "a", "three"},
               {"MULTI"},
               {"GET", "a"},
               {"RESET"},
               {"CLIENT", "GETNAME"},
               {"GET", "a"},
               {"HGETALL", "none"},
               {"EXEC"},
               {"RESET", "x"},
               {"CLIENT", "INFO"}},
              [](std::string text) { return MaskClientLine(text.substr(text.find("modules"))); });
}

TEST_P(ClientCommands, QuitAnswersAndClosesAndIgnoresTheRest) {
  RawClient client = Client();
  client.Send(Encode({"SET", "a", "1"}) + Encode({"QUIT"}) + Encode({"SET", "a", "2"}));
  EXPECT_EQ(client.ReadToEnd(), "+OK\r\n+OK\r\n");
  EXPECT_EQ(Direct().Do({"GET", "a"}), Bulk("1"));
}

TEST_P(ClientCommands, NamesAreKeptPerClient) {
  std::vector<RawClient> clients = Clients(6);
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i].Do({"CLIENT", "SETNAME", "n" + std::to_string(i)});
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].Do({"CLIENT", "GETNAME"}), Bulk("n" + std::to_string(i)));
  }
  const std::string list = Text(clients[0].Do({"CLIENT", "LIST"}));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_NE(list.find(" name=n" + std::to_string(i) + " "), std::string::npos);
  }
}

TEST_P(ClientCommands, MonitorTunnelsUntilReset) {
  RawClient monitor = Client();
  EXPECT_EQ(monitor.Do({"MONITOR"}), "+OK\r\n");
  RawClient other = Client();
  other.Do({"SET", "seen", "1"});
  EXPECT_NE(monitor.ReadUntil("\"seen\" \"1\"\r\n").find("\"SET\""), std::string::npos);
  monitor.Say({"RESET"});
  EXPECT_NE(monitor.ReadUntil("+RESET\r\n").find("+RESET"), std::string::npos);
  EXPECT_EQ(monitor.Do({"GET", "seen"}), Bulk("1"));
}

TEST_P(ClientCommands, PipelineBehindMonitorIsTunnelledUntilReset) {
  RawClient client = Client();
  client.Send(Encode({"MONITOR"}) + Encode({"GET", "a"}) + Encode({"SET", "big", std::string(400 * 1024, 'x')}) +
              Encode({"RESET"}) + Encode({"ECHO", "free"}));
  const std::string answers = client.ReadUntil("+RESET\r\n" + Bulk("free"));
  EXPECT_TRUE(answers.starts_with("+OK\r\n")) << answers.substr(0, 200);
  EXPECT_TRUE(answers.ends_with("+RESET\r\n" + Bulk("free"))) << answers.substr(0, 200);
}

TEST_P(ClientCommands, ManyAskForTheListWhileOthersComeAndGo) {
  std::vector<RawClient> asking = Clients(6);
  for (int round = 0; round < 30; ++round) {
    for (RawClient& client : asking) client.Send(Encode({"CLIENT", "LIST"}) + Encode({"PING"}));
    std::vector<RawClient> passing = Clients(3);
    for (RawClient& client : asking) ASSERT_EQ(client.Read(2).back(), "+PONG\r\n");
  }
}

TEST_P(ClientCommands, ClientThatLeavesWhileItsAnswerIsMadeHurtsNobody) {
  RawClient steady = Client();
  const std::vector<Words> questions = {{"CLIENT", "LIST"},
                                        {"AUTH", "x"},
                                        {"HELLO", "3"},
                                        {"HELLO", "2", "AUTH", "a", "b"},
                                        {"CLIENT", "KILL", "ID", "99999"},
                                        {"CLIENT", "UNBLOCK", "99999"},
                                        {"CLIENT", "TRACKING", "ON", "REDIRECT", "99999"},
                                        {"SELECT", "13"}};
  for (int round = 0; round < 6; ++round) {
    for (const Words& question : questions) {
      RawClient client = Client();
      client.Send(Encode(question) + Encode({"BLPOP", "q", "0"}) + Encode(question));
      if (round % 2 == 0) client.Abort();
    }
    ASSERT_EQ(steady.Do({"PING"}), "+PONG\r\n");
  }
  EXPECT_TRUE(UpstreamBlocks(0));
}

TEST_P(ClientCommands, ClientsThatKillEachOtherLeaveOneOrNone) {
  for (int round = 0; round < 20; ++round) {
    std::vector<RawClient> clients = Clients(4);
    for (RawClient& client : clients) client.Send(Encode({"CLIENT", "KILL", "TYPE", "normal"}) + Encode({"PING"}));
    for (RawClient& client : clients) client.HalfClose();
    for (RawClient& client : clients) EXPECT_EQ(client.ReadToEnd().find(kSilence), std::string::npos);
  }
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
}

HERDGATE_WITH_LOOPS(ClientCommands);

}  // namespace
}  // namespace herdgate::integration
