#include "sidecar/pipeline/near_parts.h"

#include <gtest/gtest.h>

#include "sidecar/cache/near_cache.h"

namespace herdgate::pipeline {
namespace {

class NearPartsTest : public ::testing::Test {
 protected:
  NearPartsTest() {
    near_.parts.push_back({.value = Here("a"), .policy = 0});
    near_.parts.push_back({.value = std::nullopt, .policy = 0});
    near_.parts.push_back({.value = HereNil(), .policy = 0});
    near_.parts.push_back({.value = std::nullopt, .policy = 0});
  }
  static cache::ValueRef Make(const cache::Value& value) {
    constexpr base::SteadyTime kNow{std::chrono::hours(1)};
    auto* const entry = cache::Entry::Make(cache::Hashed("k", 1), value, {kNow, kNow, kNow}, 0);
    cache::ValueRef held(*entry);
    entry->Release();
    return held;
  }
  static cache::ValueRef Here(std::string_view text) {
    return Make({.nil = false, .persistent = false, .bytes = text});
  }
  static cache::ValueRef HereNil() { return Make({.nil = true, .persistent = false, .bytes = {}}); }

  NearParts near_;
};

TEST_F(NearPartsTest, ValuesStandInTheOrderOfTheirKeys) {
  EXPECT_EQ(Merge(near_, "*2\r\n$1\r\nb\r\n$-1\r\n"), "*4\r\n$1\r\na\r\n$1\r\nb\r\n$-1\r\n$-1\r\n");
}

TEST_F(NearPartsTest, NullsAreThoseOfTheClientsProtocol) {
  near_.proto = 3;
  EXPECT_EQ(Merge(near_, "*2\r\n_\r\n$1\r\nd\r\n"), "*4\r\n$1\r\na\r\n_\r\n_\r\n$1\r\nd\r\n");
}

TEST_F(NearPartsTest, AnErrorIsTheWholeReply) {
  EXPECT_EQ(Merge(near_, "-LOADING wait\r\n"), "-LOADING wait\r\n");
}

TEST_F(NearPartsTest, AReplyOfAnotherLengthIsAnError) {
  for (const char* reply :
       {"*1\r\n$1\r\nb\r\n", "*3\r\n$-1\r\n$-1\r\n$-1\r\n", "*-1\r\n", "+OK\r\n", "*2\r\n$1\r\nb\r\n"})
    EXPECT_TRUE(Merge(near_, reply).starts_with("-ERR herdgate: ")) << reply;
}

}  // namespace
}  // namespace herdgate::pipeline
