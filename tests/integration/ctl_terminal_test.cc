// herdgate ctl on a terminal: the question, the progress, Ctrl-C, and what a hostile key can do to the screen.
#include <algorithm>

#include "tests/integration/support/ctl_test.h"

namespace herdgate::integration {
namespace {

class CtlTerminal : public CtlTest {
 protected:
  void SetUp() override {
    if (!PtyProcess::Possible()) GTEST_SKIP() << "no pseudo terminals here (devpts is not mounted)";
    CtlTest::SetUp();
  }
};

// Without the sequences that ctl writes itself: colours, to the line's end, to the screen's end, up.
std::string Text(const std::string& output) {
  std::string text;
  for (std::size_t at = 0; at < output.size(); ++at) {
    if (output.compare(at, 2, "\x1b[") != 0) {
      text += output[at];
      continue;
    }
    const std::size_t end = output.find_first_not_of("0123456789;", at + 2);
    if (end != std::string::npos && std::string_view("mKJA").find(output[end]) != std::string_view::npos) {
      at = end;
    } else {
      text += output[at];
    }
  }
  return text;
}

std::size_t LongestLine(const std::string& output) {
  std::size_t longest = 0;
  std::size_t length = 0;
  for (const char c : Text(output)) {
    const bool ends = c == '\n' || c == '\r';
    // Bytes that go on in a character of UTF-8 are no columns.
    const bool counts = (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    length = ends ? 0 : length + (counts ? 1 : 0);
    longest = std::max(longest, length);
  }
  return longest;
}

TEST_F(CtlTerminal, TheNameOfTheTargetConfirmsAndTheProgressIsShown) {
  Fill(1500);
  PtyProcess ctl(Command({"invalidate", "prefix", "user:", "--hard", "--rate", "500"}));
  ASSERT_TRUE(ctl.Shows("Delete 1,500 keys. Type")) << ctl.output();
  EXPECT_EQ(Users(), ":1500\r\n");
  ctl.Type("user:\n");
  EXPECT_TRUE(ctl.Shows("\u2591")) << ctl.output();
  EXPECT_TRUE(ctl.Shows(": 1,500 keys deleted")) << ctl.output();
  EXPECT_EQ(ctl.ExitCode(), 0);
  EXPECT_EQ(Users(), ":0\r\n");
}

TEST_F(CtlTerminal, AnythingElseThanTheNameChangesNothing) {
  Fill(1500);
  for (const char* const typed : {"y\n", "\n", "user\n", "\x04"}) {
    PtyProcess ctl(Command({"invalidate", "prefix", "user:", "--hard"}));
    ASSERT_TRUE(ctl.Shows("to confirm: ")) << ctl.output();
    ctl.Type(typed);
    EXPECT_EQ(ctl.ExitCode(), 1);
    EXPECT_TRUE(ctl.Shows("nothing was changed")) << ctl.output();
  }
  EXPECT_EQ(Users(), ":1500\r\n");
  EXPECT_EQ(State(), "");
}

TEST_F(CtlTerminal, AFewKeysAreConfirmedByY) {
  Fill(2);
  PtyProcess no(Command({"invalidate", "key", "user:0", "--hard"}));
  ASSERT_TRUE(no.Shows("Delete 1 key? [y/N] ")) << no.output();
  no.Type("n\n");
  EXPECT_EQ(no.ExitCode(), 1);
  EXPECT_EQ(Users(), ":2\r\n");
  PtyProcess yes(Command({"invalidate", "key", "user:0", "--hard"}));
  ASSERT_TRUE(yes.Shows("[y/N] ")) << yes.output();
  yes.Type("y\n");
  EXPECT_EQ(yes.ExitCode(), 0);
  EXPECT_EQ(Users(), ":1\r\n");
}

TEST_F(CtlTerminal, CtrlCAtTheQuestionChangesNothing) {
  Fill(2);
  PtyProcess ctl(Command({"invalidate", "prefix", "user:"}));
  ASSERT_TRUE(ctl.Shows("[y/N] ")) << ctl.output();
  ctl.Type("\x03");
  EXPECT_EQ(ctl.ExitCode(), 128 + SIGINT);
  EXPECT_EQ(State(), "");
}

TEST_F(CtlTerminal, CtrlCStopsFollowingAndSaysHowToGoOn) {
  Fill(1500);
  PtyProcess ctl(Command({"invalidate", "prefix", "user:", "--hard", "--yes", "--rate", "20"}));
  ASSERT_TRUE(ctl.Shows(" done")) << ctl.output();
  ctl.Type("\x03");
  EXPECT_EQ(ctl.ExitCode(), 130) << ctl.output();
  EXPECT_TRUE(ctl.Shows("the job goes on: herdgate ctl jobs follow ")) << ctl.output();
  EXPECT_EQ(State(), "running");
  const std::string id = Json({"jobs"})["items"][0]["id"];
  PtyProcess again(Command({"jobs", "follow", id}));
  ASSERT_TRUE(again.Shows(" done")) << again.output();
  EXPECT_EQ(Run({"jobs", "cancel", id}).code, 0);
  EXPECT_EQ(again.ExitCode(), 1);
  EXPECT_TRUE(again.Shows("cancelled")) << again.output();
}

TEST_F(CtlTerminal, ASidecarThatGoesAwayEndsTheFollowing) {
  Fill(1500);
  PtyProcess ctl(Command({"invalidate", "prefix", "user:", "--hard", "--yes", "--rate", "20"}));
  ASSERT_TRUE(ctl.Shows(" done")) << ctl.output();
  EndSidecar();
  EXPECT_EQ(ctl.ExitCode(std::chrono::seconds(30)), 3) << ctl.output();
  EXPECT_TRUE(ctl.Shows("no answer from ")) << ctl.output();
}

TEST_F(CtlTerminal, AHostileKeyNeverReachesTheTerminalAsItIs) {
  const std::string key = "user:\x1b]0;owned\x07\x1b[2J\xc2\x9b\x33\x31m\xe2\x80\xae\r\n\x9b";
  const std::string shown = R"(user:\x1b]0;owned\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae\r\n\x9b)";
  Redis().Client().Do({"SET", key, key});
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) client.Do({"GET", key});
  const auto check = [&](const Words& words, std::string_view type) {
    PtyProcess ctl(Command(words), 200);
    EXPECT_TRUE(ctl.Shows(shown)) << ctl.output();
    ctl.Type(type);
    ctl.ExitCode();
    const std::string text = Text(ctl.output());
    for (const std::string_view bad : {"\x1b", "\x07", "\x9b", "\xe2\x80\xae"}) {
      EXPECT_EQ(text.find(bad), std::string::npos) << words[0];
    }
  };
  check({"inspect", shown, "--value"}, "");
  check({"top"}, "\x03");
  check({"invalidate", "prefix", "user:", "--preview"}, "");
  check({"invalidate", "key", shown, "--hard"}, "n\n");
  PtyProcess as_json(Command({"top", "--json"}), 200);
  EXPECT_EQ(as_json.ExitCode(), 0);
  EXPECT_EQ(as_json.output().find('\x1b'), std::string::npos);
}

TEST_F(CtlTerminal, TopIsDrawnOverAndOverUntilCtrlC) {
  Redis().Client().Do({"SET", "user:1", "x"});
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) client.Do({"GET", "user:1"});
  PtyProcess ctl(Command({"top"}), 40, 10);
  ASSERT_TRUE(ctl.Shows("user:1")) << ctl.output();
  client.Do({"GET", "user:2"});
  ASSERT_TRUE(ctl.Shows("\x1b[1A") || ctl.Shows("A\x1b")) << ctl.output();
  ctl.Type("\x03");
  EXPECT_EQ(ctl.ExitCode(), 0);
  EXPECT_LE(LongestLine(ctl.output()), 40U);
}

TEST_F(CtlTerminal, StatusFitsAPhone) {
  PtyProcess ctl(Command({"status"}), 40, 60);
  EXPECT_EQ(ctl.ExitCode(), 0);
  EXPECT_NE(ctl.output().find("\x1b[32mready"), std::string::npos) << ctl.output();
  EXPECT_LE(LongestLine(ctl.output()), 40U) << ctl.output();
}

TEST_F(CtlTerminal, NoColourWhereNoneIsWanted) {
  setenv("NO_COLOR", "1", 1);
  PtyProcess ctl(Command({"status"}));
  EXPECT_EQ(ctl.ExitCode(), 0);
  EXPECT_EQ(ctl.output().find('\x1b'), std::string::npos) << ctl.output();
}

TEST_F(CtlTerminal, WhatCanNotBeDrawnOnGetsLinesAlone) {
  Redis().Client().Do({"SET", "user:1", "x"});
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) client.Do({"GET", "user:1"});
  for (const char* const type : {"dumb", ""}) {
    setenv("TERM", type, 1);
    PtyProcess top(Command({"top"}));
    EXPECT_EQ(top.ExitCode(), 0);
    EXPECT_NE(top.output().find("user:1"), std::string::npos) << top.output();
    EXPECT_EQ(top.output().find('\x1b'), std::string::npos) << top.output();
    Fill(100);
    PtyProcess ctl(Command({"invalidate", "prefix", "user:", "--hard", "--rate", "100"}));
    ASSERT_TRUE(ctl.Shows("[y/N] ")) << ctl.output();
    ctl.Type("y\n");
    EXPECT_EQ(ctl.ExitCode(), 0);
    EXPECT_TRUE(ctl.Shows(" deleted")) << ctl.output();
    EXPECT_EQ(ctl.output().find('\x1b'), std::string::npos) << ctl.output();
  }
}

}  // namespace
}  // namespace herdgate::integration
