// Telemetry: counters move as what they count happens.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Telemetry : public SidecarTest {};

TEST_P(Telemetry, CommandsAreCountedByNameAndOutcome) {
  RawClient client = Client();
  for (int i = 0; i < 7; ++i) client.Do({"GET", "none"});
  client.Do({"SET", "s", "x"});
  client.Do({"LPUSH", "s", "x"});
  client.Do({"lpush", "l", "x"});
  client.Do({"NOSUCH"});
  client.Do({"CLIENT", "SETNAME", "n"});
  client.Do({"CLIENT", "SETNAME", "a b"});
  client.Do({"BLPOP", "l", "0"});
  client.Send(Encode({"MULTI"}) + Encode({"GET", "none"}) + Encode({"EXEC"}));
  client.Read(3);
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_commands_total{command=\"get\",outcome=\"ok\"}", 8));
  const std::string text = Gate().Get("/metrics").body;
  const auto count = [&](const std::string& name, const std::string& outcome) {
    return SumOfSamples(text, "herdgate_commands_total{command=\"" + name + "\",outcome=\"" + outcome + "\"}");
  };
  EXPECT_EQ(count("set", "ok"), 1);
  EXPECT_EQ(count("lpush", "ok"), 1);
  EXPECT_EQ(count("lpush", "error"), 1);
  EXPECT_EQ(count("client|setname", "ok"), 1);
  EXPECT_EQ(count("client|setname", "error"), 1);
  EXPECT_EQ(count("blpop", "ok"), 1);
  EXPECT_EQ(count("multi", "ok"), 1);
  EXPECT_EQ(count("exec", "ok"), 1);
  EXPECT_EQ(text.find("NOSUCH"), std::string::npos);
  EXPECT_EQ(text.find("none"), std::string::npos) << "a key in a metric";
}

TEST_P(Telemetry, ConnectionsPinsAndBarriersAreCounted) {
  std::vector<RawClient> clients = Clients(4);
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 4));
  const double barriers = Gate().Metric("herdgate_barriers_total");
  clients[0].Send(Encode({"GET", "a"}) + Encode({"EVAL", "return 1", "0"}));
  clients[0].Read(2);
  clients[1].Do({"WATCH", "a"});
  clients[2].Do({"SUBSCRIBE", "c"});
  clients[3].Send("*x\r\n");
  clients[3].ReadToEnd();
  clients[0].Do({"QUIT"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 2));
  const std::string text = Gate().Get("/metrics").body;
  EXPECT_EQ(SumOfSamples(text, "herdgate_barriers_total"), barriers + 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_client_pins_total{reason=\"watch\"}"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_client_pins_total{reason=\"subscribed\"}"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_client_connections_closed_total{reason=\"quit\"}"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_client_connections_closed_total{reason=\"protocol_error\"}"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_client_protocol_errors_total"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_upstream_up"), 1);
  EXPECT_EQ(SumOfSamples(text, "herdgate_loops"), GetParam());
}

TEST_P(Telemetry, BytesAndDurationsAreMeasured) {
  RawClient client = Client();
  client.Do({"SET", "k", std::string(10000, 'x')});
  for (int i = 0; i < 10; ++i) client.Do({"GET", "k"});
  EXPECT_TRUE(Eventually([&] { return Gate().Metric("herdgate_client_sent_bytes_total") > 100000; }));
  const std::string text = Gate().Get("/metrics").body;
  EXPECT_GT(SumOfSamples(text, "herdgate_client_received_bytes_total"), 10000);
  EXPECT_GT(SumOfSamples(text, "herdgate_upstream_received_bytes_total"), 100000);
  EXPECT_GE(SumOfSamples(text, "herdgate_command_duration_seconds_count{class=\"read\"}"), 10);
  EXPECT_GE(SumOfSamples(text, "herdgate_upstream_duration_seconds_count{class=\"read\"}"), 10);
  EXPECT_LT(SumOfSamples(text, "herdgate_command_duration_seconds_sum{class=\"read\"}"), 5);
}

TEST_P(Telemetry, ProbesAnswer) {
  for (const char* path : {"/livez", "/readyz", "/startupz"}) EXPECT_EQ(Gate().Get(path).status, 200) << path;
  EXPECT_EQ(Gate().Get("/nothing").status, 404);
  EXPECT_NE(Gate().Get("/readyz?verbose").body.find("[+]upstream ok"), std::string::npos);
}

HERDGATE_WITH_LOOPS(Telemetry);

}  // namespace
}  // namespace herdgate::integration
