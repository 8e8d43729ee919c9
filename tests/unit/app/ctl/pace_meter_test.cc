#include "sidecar/app/ctl/pace_meter.h"

#include <gtest/gtest.h>

namespace herdgate::app {
namespace {

using std::chrono::milliseconds;

TEST(PaceMeterTest, SaysNothingAfterOneLook) {
  PaceMeter meter;
  EXPECT_EQ(meter.Get().per_second, std::nullopt);
  meter.Add(milliseconds(0), 10, 0.1);
  meter.Add(milliseconds(250), 20, 0.2);
  EXPECT_EQ(meter.Get().per_second, std::nullopt);
  EXPECT_EQ(meter.Get().seconds_left, std::nullopt);
}

TEST(PaceMeterTest, TellsRateAndTimeLeft) {
  PaceMeter meter;
  meter.Add(milliseconds(0), 0, 0.0);
  meter.Add(milliseconds(2000), 5000, 0.25);
  EXPECT_EQ(meter.Get().per_second, 2500);
  EXPECT_EQ(meter.Get().seconds_left, 6);
}

TEST(PaceMeterTest, ForgetsWhatIsOlderThanTheWindow) {
  PaceMeter meter;
  for (int second = 0; second <= 10; ++second) meter.Add(milliseconds(second * 1000), 0, 0.0);
  for (unsigned second = 11; second <= 16; ++second) {
    meter.Add(milliseconds(second * 1000), (second - 10) * 100, std::nullopt);
  }
  EXPECT_EQ(meter.Get().per_second, 100);
  EXPECT_EQ(meter.Get().seconds_left, std::nullopt);
}

TEST(PaceMeterTest, BeginsAnewWhereTheJobDoes) {
  PaceMeter meter;
  meter.Add(milliseconds(0), 1000, 0.5);
  meter.Add(milliseconds(1000), 10, 0.1);
  EXPECT_EQ(meter.Get().per_second, std::nullopt);
}

}  // namespace
}  // namespace herdgate::app
