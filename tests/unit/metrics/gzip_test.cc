#include "sidecar/metrics/gzip.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::metrics {
namespace {

TEST(GzipTest, GunzipGivesTheTextBack) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'536}, std::size_t{200'001}}) {
    std::string text(size, 'a');
    for (std::size_t i = 0; i < size; i += 7) text[i] = static_cast<char>(i % 251);
    EXPECT_EQ(Gunzip(Gzip(text), size), text);
  }
}

TEST(GzipTest, GunzipGivesNothingBeyondItsBound) {
  const std::string packed = Gzip(std::string(std::size_t{64} << 20U, 'x'));
  EXPECT_LT(packed.size(), 1'000'000U);
  EXPECT_EQ(Gunzip(packed, 1'000'000), "");
}

TEST(GzipTest, GunzipGivesNothingOfWhatIsCutOrBroken) {
  std::string packed = Gzip("what is sent must arrive whole");
  EXPECT_EQ(Gunzip(packed.substr(0, packed.size() - 1), 100), "");
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // in the checksum
  EXPECT_EQ(Gunzip(packed, 100), "");
  EXPECT_EQ(Gunzip("no gzip", 100), "");
  EXPECT_EQ(Gunzip("", 100), "");
}

}  // namespace
}  // namespace herdgate::metrics
