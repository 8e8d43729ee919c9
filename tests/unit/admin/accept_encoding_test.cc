#include "sidecar/admin/accept_encoding.h"

#include <gtest/gtest.h>

namespace herdgate::admin {
namespace {

TEST(AcceptEncodingTest, GzipIsTakenWhereItIsNamedOrAnythingIs) {
  for (const char* header : {"gzip", "GZip", "deflate, gzip", "gzip;q=0.5", " gzip ; q=1 ", "*", "br;q=0, *;q=0.1",
                             "x-gzip", "identity,gzip;q=0.001"}) {
    EXPECT_TRUE(AcceptsGzip(header)) << header;
  }
}

TEST(AcceptEncodingTest, GzipIsNotTakenWhereItIsRefusedOrNotNamed) {
  for (const char* header : {"", "identity", "gzip;q=0", "gzip; q=0.000", "gzip;Q=0", "*;q=0", "gzip;q=0, *", "gzipped",
                             "br, deflate", ",,", ";", "q=1"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
  }
}

}  // namespace
}  // namespace herdgate::admin
