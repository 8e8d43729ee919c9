// Keys that an app computes together: who finds one missing while somebody computes the other gets it with the other.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

constexpr const char* kNil = "$-1\r\n";
constexpr const char* kPolicies = R"(
policies:
  - {name: pages, match: ["*"], stampede: {coalesce: on, max_wait: 8s, lease: 10s}}
)";

class FlightsCompanions : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kPolicies});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_flight_leases", 1));
  }
  // What a caller computes when it has found the header missing, in one packet.
  static void Write(RawClient& client, const Words& keys) {
    std::string packet;
    for (const std::string& key : keys) packet += Encode({"SET", key, "value"});
    client.Send(packet);
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(client.Read(), "+OK\r\n");
  }
  // How long a caller waits that looks for the page, while another has been told that its header is missing.
  milliseconds Patience(RawClient& computes, RawClient& looks) {
    EXPECT_EQ(computes.Do({"GET", "header"}), kNil);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(looks.Do({"GET", "page"}), kNil);
    const auto end = std::chrono::steady_clock::now();
    Write(looks, {"page"});
    Write(computes, {"header"});
    EXPECT_EQ(Direct().Do({"DEL", "header", "page"}), ":2\r\n");
    return std::chrono::duration_cast<milliseconds>(end - start);
  }
};

// It is at least 25 ms by the loop's clock.
TEST_P(FlightsCompanions, APageIsWaitedForWhileItsHeaderIsComputed) {
  RawClient computes = Client();
  RawClient looks = Client();
  ASSERT_EQ(computes.Do({"GET", "header"}), kNil);
  Write(computes, {"header", "page"});
  ASSERT_EQ(Direct().Do({"DEL", "header", "page"}), ":2\r\n");
  EXPECT_GE(Patience(computes, looks), milliseconds(15));
}

TEST_P(FlightsCompanions, KeysThatWereNeverWrittenTogetherAreNot) {
  RawClient computes = Client();
  RawClient looks = Client();
  EXPECT_TRUE(Eventually([&] { return Patience(computes, looks) < milliseconds(15); }));
}

HERDGATE_WITH_LOOPS(FlightsCompanions);

}  // namespace
}  // namespace herdgate::integration
