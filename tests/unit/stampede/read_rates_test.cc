#include "sidecar/stampede/read_rates.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(5)};

std::uint64_t KeyOf(std::uint64_t number) {
  return base::Random(number).Next();
}

TEST(ReadRatesTest, TellsASteadyRate) {
  ReadRates rates;
  double rate = 0;
  double least = 1e9;
  double most = 0;
  for (int i = 0; i < 4000; ++i) {
    rate = rates.Touch(KeyOf(1), kStart + i * milliseconds(20));
    if (i < 1000) continue;
    least = std::min(least, rate);
    most = std::max(most, rate);
  }
  EXPECT_NEAR(least, 50, 0.2);
  EXPECT_NEAR(most, 50, 0.2);
}

TEST(ReadRatesTest, TakesANewKeyForColderThanItIs) {
  ReadRates rates;
  double rate = 0;
  for (int i = 0; i < 50; ++i) rate = rates.Touch(KeyOf(1), kStart + i * milliseconds(20));
  EXPECT_NEAR(rate, 5, 0.01) << "one second of ten";
}

TEST(ReadRatesTest, ForgetsAKeyThatRests) {
  ReadRates rates;
  for (int i = 0; i < 5000; ++i) rates.Touch(KeyOf(1), kStart + i * milliseconds(2));
  EXPECT_NEAR(rates.Touch(KeyOf(1), kStart + seconds(30)), 0.1, 1e-9);
}

TEST(ReadRatesTest, KeepsTheHotKeyAmongManyThatComeOnce) {
  ReadRates rates;
  double rate = 0;
  std::uint64_t other = 100;
  for (int i = 0; i < 2000; ++i) {
    const base::SteadyTime now = kStart + i * milliseconds(20);
    rate = rates.Touch(KeyOf(1), now);
    for (int j = 0; j < 50; ++j) rates.Touch(KeyOf(++other), now);
  }
  EXPECT_NEAR(rate, 50, 1);
}

TEST(ReadRatesTest, CountsKeysApart) {
  ReadRates rates;
  for (int i = 0; i < 100; ++i) rates.Touch(KeyOf(1), kStart);
  EXPECT_NEAR(rates.Touch(KeyOf(2), kStart), 0.1, 1e-9);
}

}  // namespace
}  // namespace herdgate::stampede
