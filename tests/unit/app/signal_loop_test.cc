#include "sidecar/app/signal_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace herdgate::app {
namespace {

// The mask of the test program is as it was afterwards.
class SignalLoopTest : public ::testing::Test {
 protected:
  SignalLoopTest() {
    pthread_sigmask(SIG_SETMASK, nullptr, &before_);
    BlockSignals();
  }
  ~SignalLoopTest() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  sigset_t before_{};
};

TEST_F(SignalLoopTest, SaysWhichSignalEndedIt) {
  SignalLoop loop;
  raise(SIGINT);
  EXPECT_EQ(loop.Run([] {}), SIGINT);
  raise(SIGTERM);
  EXPECT_EQ(loop.Run([] {}), SIGTERM);
}

TEST_F(SignalLoopTest, AHangupIsToldAndDoesNotEndIt) {
  SignalLoop loop;
  int hangups = 0;
  raise(SIGHUP);
  EXPECT_EQ(loop.Run([&] {
    if (++hangups < 3) {
      raise(SIGHUP);
    } else {
      raise(SIGTERM);
    }
  }),
            SIGTERM);
  EXPECT_EQ(hangups, 3);
}

TEST_F(SignalLoopTest, SignalsStayBlockedAfterwards) {
  SignalLoop loop;
  raise(SIGTERM);
  loop.Run([] {});
  sigset_t now{};
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  EXPECT_EQ(sigismember(&now, SIGTERM), 1);
  EXPECT_EQ(sigismember(&now, SIGHUP), 1);
}

}  // namespace
}  // namespace herdgate::app
