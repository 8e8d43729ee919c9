// What the near cache keeps of keys that have expired.
#include <thread>

#include "tests/integration/support/near_fixture.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class NearGrace : public Near {};

TEST_P(NearGrace, ValueOfAKeyThatExpiresIsKeptAndNoNilTakesItsPlace) {
  RawClient client = Client();
  const std::string kept = "herdgate_near_kept_total";
  const std::string nil = "herdgate_lookups_total{outcome=\"negative_hit\"";
  // Once in some tens of times Redis happens to expire the key within the milliseconds of doubt.
  milliseconds ttl(300);
  for (int i = 0; i < 12 && Gate().Metric(kept) == 0; ++i, ttl = ttl * 3 / 2) {
    const std::string key = "n:" + std::to_string(i);
    client.Do({"SET", key, "v", "PX", std::to_string(ttl.count())});
    if (!Warm(client, key)) continue;
    const double negative = Gate().Metric(nil);
    std::this_thread::sleep_for(ttl + milliseconds(50));
    const auto expired = std::chrono::steady_clock::now();
    Direct().Do({"EXISTS", key});
    Eventually([&] { return Gate().Metric(kept) > 0; }, milliseconds(500));
    for (int read = 0; read < 50; ++read) ASSERT_EQ(client.Do({"GET", key}), "$-1\r\n");
    const bool in_grace = std::chrono::steady_clock::now() < expired + std::chrono::seconds(8);
    if (in_grace && Gate().Metric(kept) > 0) {
      EXPECT_EQ(Gate().Metric(nil), negative);
    }
  }
  EXPECT_GT(Gate().Metric(kept), 0);
}

TEST_P(NearGrace, ValueOfAKeyThatIsDeletedBeforeItExpiresIsNotKept) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v", "PX", "60000"});
  ASSERT_TRUE(Warm(client, "n:a"));
  Direct().Do({"DEL", "n:a"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_near_evictions_total{reason=\"invalidated\"", 1));
  EXPECT_EQ(Gate().Metric("herdgate_near_kept_total"), 0);
}

HERDGATE_WITH_LOOPS(NearGrace);

}  // namespace
}  // namespace herdgate::integration
