// A lane whose upstream goes away, and sinks that can do without it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {

inline constexpr std::string_view kBroke =
    "-ERR herdgate: the connection to the upstream broke before it answered: whether this was carried out is not "
    "known\r\n";
inline constexpr std::string_view kHangs =
    "-ERR herdgate: the upstream does not answer: whether this was or will be carried out is not known\r\n";

class LaneAwayTest : public LaneFixture {
 protected:
  void Break() {
    upstream().Close();
    ASSERT_TRUE(testing::RunUntil(loop_, [&] { return lane_->state() != Lane::State::kReady; }));
  }
  void Send(testing::FakeSink& sink, const std::string& request, const Pending& pending) {
    ASSERT_TRUE(lane_->Send(request, sink, pending));
  }
  // Commands that the upstream reads only when told to, on a socket that takes little.
  void MakeNarrow() {
    connector_.send_buffer = 4096;
    MakeReady();
  }
  std::string HearAll(std::size_t bytes) {
    std::string heard;
    for (int i = 0; i < 20000 && heard.size() < bytes; ++i) {
      heard += upstream().Receive();
      testing::RunTurns(loop_, 1);
    }
    return heard;
  }
};

}  // namespace herdgate::upstream
