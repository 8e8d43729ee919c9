// herdgate ctl without a terminal: its answers, its refusals and its exit codes. Real processes on both sides.
#include "tests/integration/support/ctl_test.h"

namespace herdgate::integration {
namespace {

using nlohmann::json;

class Ctl : public CtlTest {};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// One line that begins with the program's name.
bool IsOneLine(const std::string& output) {
  return output.starts_with("herdgate: ") && output.find('\n') == output.size() - 1;
}

TEST_F(Ctl, StatusIsOneScreenWithoutColours) {
  const Ran status = Run({"status"});
  EXPECT_EQ(status.code, 0) << status.output;
  for (const std::string part : {"ready", "breaker closed", "hit ratio", "offload", "stampedes", "bypass",
                                 "none running", "last reload ok", "ops  may read"}) {
    EXPECT_TRUE(Has(status.output, part)) << part << "\n" << status.output;
  }
  EXPECT_TRUE(Has(status.output, Redis().Url()));
  EXPECT_TRUE(Has(status.output, "\nuser ") && Has(status.output, "\npage ")) << status.output;
  EXPECT_FALSE(Has(status.output, "\x1b"));
}

TEST_F(Ctl, JsonIsTheAnswerOfTheApi) {
  EXPECT_EQ(Json({"status"})["upstream"]["url"], Redis().Url());
  EXPECT_TRUE(Json({"top"})["items"].is_array());
  EXPECT_EQ(Json({"bypass"})["active"], false);
  EXPECT_TRUE(Json({"jobs"})["items"].empty());
  EXPECT_EQ(Json({"inspect", "user:1"})["policy"], "user");
  Fill(3);
  EXPECT_EQ(Json({"invalidate", "prefix", "user:", "--preview"})["estimated"], 3);
  EXPECT_EQ(Json({"invalidate", "prefix", "user:", "--yes", "--hard"})["done"], 3);
}

TEST_F(Ctl, AWrongTokenOrNoneIsOneLineAndExitCode1) {
  std::ofstream(directory_ / "wrong") << "hg_wrong\n";
  const Ran wrong = Run({"status"}, "wrong");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(IsOneLine(wrong.output) && Has(wrong.output, "401 Unauthorized")) << wrong.output;
  EXPECT_FALSE(Has(wrong.output, "hg_wrong"));
  const Ran none = Run({"status"}, "");
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(IsOneLine(none.output) && Has(none.output, "--token-file")) << none.output;
}

TEST_F(Ctl, WhatTheTokenMayNotDoNamesTheScope) {
  const Ran bypass = Run({"bypass", "on", "5"}, "reader");
  EXPECT_EQ(bypass.code, 1);
  EXPECT_TRUE(IsOneLine(bypass.output)) << bypass.output;
  EXPECT_TRUE(Has(bypass.output, "403 Forbidden") && Has(bypass.output, "needs the scope operate")) << bypass.output;
  EXPECT_TRUE(Has(bypass.output, "(request ")) << bypass.output;
  const Ran invalidate = Run({"invalidate", "key", "a", "--yes"}, "reader");
  EXPECT_EQ(invalidate.code, 1);
  EXPECT_TRUE(Has(invalidate.output, "needs the scope invalidate")) << invalidate.output;
  const Ran problem = Run({"bypass", "on", "5", "--json"}, "reader");
  EXPECT_EQ(json::parse(problem.output.substr(problem.output.find('{')), nullptr, false)["status"], 403);
}

TEST_F(Ctl, TheTokenThatRunShKeepsIsTakenByItself) {
  const std::string file = directory_ / "herdgate/token";
  std::filesystem::create_directories(directory_ / "herdgate");
  std::ofstream(file) << kSecret << "\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  EXPECT_EQ(Run({"status"}, "").code, 0);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  EXPECT_EQ(Run({"status"}, "").code, 1);
}

TEST_F(Ctl, WhereNoSidecarAnswersIsExitCode3) {
  EndSidecar();
  const Ran gone = Run({"status"});
  EXPECT_EQ(gone.code, 3);
  EXPECT_TRUE(IsOneLine(gone.output) && Has(gone.output, Url())) << gone.output;
}

TEST_F(Ctl, WhatIsNoSidecarIsExitCode3) {
  Words words = Command({"status"});
  words[3] = Redis().Url().replace(0, 5, "http");
  SidecarProcess process(Words(words.begin() + 1, words.end()));
  ASSERT_TRUE(process.Ends(std::chrono::seconds(30)));
  EXPECT_EQ(process.ExitCode(), 3);
  EXPECT_TRUE(IsOneLine(process.Output())) << process.Output();
}

TEST_F(Ctl, WithoutATerminalNothingIsDoneUnlessYesIsSaid) {
  Fill(2);
  const Ran asked = Run({"invalidate", "prefix", "user:", "--hard"});
  EXPECT_EQ(asked.code, 2);
  EXPECT_TRUE(IsOneLine(asked.output) && Has(asked.output, "--yes")) << asked.output;
  EXPECT_EQ(Run({"invalidate", "prefix", "user:", "--hard", "--json"}).code, 2);
  const Ran looked = Run({"invalidate", "prefix", "user:", "--hard", "--preview"});
  EXPECT_EQ(looked.code, 0);
  EXPECT_TRUE(Has(looked.output, "user:0") && Has(looked.output, "exact")) << looked.output;
  EXPECT_EQ(Users(), ":2\r\n");
  EXPECT_EQ(State(), "");
  const Ran said = Run({"invalidate", "prefix", "user:", "--hard", "--yes"});
  EXPECT_EQ(said.code, 0);
  EXPECT_TRUE(Has(said.output, "done: 2 keys deleted")) << said.output;
  EXPECT_EQ(Users(), ":0\r\n");
}

TEST_F(Ctl, BinaryKeysAreTypedAndShownWithEscapes) {
  const std::string key("user:\0\xff\\", 8);
  Redis().Client().Do({"SET", key, "value"});
  Redis().Client().Do({"SET", "user:", "value"});
  const Ran inspected = Run({"inspect", R"(user:\x00\xff\\)", "--value"});
  EXPECT_TRUE(Has(inspected.output, R"(user:\x00\xff\\  string)")) << inspected.output;
  const Ran gone = Run({"invalidate", "key", R"(user:\x00\xff\\)", "nothing", "--hard", "--yes"});
  EXPECT_EQ(gone.code, 0) << gone.output;
  EXPECT_TRUE(Has(gone.output, "done: 1 key deleted")) << gone.output;
  EXPECT_EQ(Redis().Client().Do({"KEYS", "user:*"}), "*1\r\n$5\r\nuser:\r\n");
}

TEST_F(Ctl, APatternReachesTheApiAsItIsTyped) {
  for (const char* const key : {"a", "b", "[ab]", "ab"}) Redis().Client().Do({"SET", key, "1"});
  const Ran gone = Run({"invalidate", "pattern", "[ab]", "--hard", "--yes"});
  EXPECT_EQ(gone.code, 0) << gone.output;
  EXPECT_EQ(Redis().Client().Do({"EXISTS", "a", "b"}), ":0\r\n");
  EXPECT_EQ(Redis().Client().Do({"EXISTS", "[ab]", "ab"}), ":2\r\n");
}

TEST_F(Ctl, BumpHidesAPolicyBehindItsNewGeneration) {
  RawClient client = Client();
  ASSERT_TRUE(Eventually([&] { return client.Do({"SET", "page:1", "old"}) == "+OK\r\n"; }));
  ASSERT_EQ(client.Do({"GET", "page:1"}), Bulk("old"));
  const Ran bump = Run({"bump", "page", "--yes"});
  EXPECT_EQ(bump.code, 0) << bump.output;
  EXPECT_TRUE(Has(bump.output, "hides all keys of policy page")) << bump.output;
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "page:1"}) == "$-1\r\n"; }));
  const Ran nothing = Run({"bump", "nothing", "--yes"});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_TRUE(IsOneLine(nothing.output) && Has(nothing.output, "404 Not Found")) << nothing.output;
}

TEST_F(Ctl, BumpDeletesNoKeysOfAPolicyWithoutGenerations) {
  Fill(3);
  const Ran bump = Run({"bump", "user", "--yes"});
  EXPECT_EQ(bump.code, 1);
  EXPECT_TRUE(IsOneLine(bump.output) && Has(bump.output, "has no generations")) << bump.output;
  EXPECT_EQ(Users(), ":3\r\n");
  EXPECT_EQ(Run({"invalidate", "policy", "user", "--hard", "--yes"}).code, 0);
  EXPECT_EQ(Users(), ":0\r\n");
}

TEST_F(Ctl, BypassBeginsAndEnds) {
  const Ran on = Run({"bypass", "on", "60", "--policy", "user"});
  EXPECT_EQ(on.code, 0) << on.output;
  EXPECT_TRUE(on.output.starts_with("bypass ON for user, ends in ")) << on.output;
  EXPECT_EQ(Json({"bypass"})["policies"], json::array({"user"}));
  EXPECT_EQ(Run({"bypass", "off"}).output, "bypass off\n");
  EXPECT_EQ(Json({"status"})["bypass"]["active"], false);
  EXPECT_EQ(Run({"bypass", "on", "60", "--policy", "nothing"}).code, 1);
}

TEST_F(Ctl, AJobIsPausedResumedCancelledAndReported) {
  Fill(300);
  const Ran begun = Run({"invalidate", "prefix", "user:", "--hard", "--yes", "--rate", "20", "--detach", "--json"});
  ASSERT_EQ(begun.code, 0) << begun.output;
  const std::string id = json::parse(begun.output)["id"];
  const Ran paused = Run({"jobs", "pause", id});
  EXPECT_EQ(paused.code, 0) << paused.output;
  EXPECT_TRUE(Eventually([&] { return State() == "paused"; }));
  EXPECT_TRUE(Has(Run({"status"}).output, id + " paused"));
  EXPECT_EQ(Run({"jobs", "resume", id}).code, 0);
  EXPECT_EQ(Run({"jobs", "cancel", id}).code, 0);
  EXPECT_TRUE(Eventually([&] { return State() == "cancelled"; }));
  EXPECT_TRUE(Has(Run({"jobs"}).output, "prefix user:"));
  EXPECT_TRUE(Has(Run({"jobs", id}).output, "cancelled"));
  const Ran followed = Run({"jobs", "follow", id});
  EXPECT_EQ(followed.code, 1);
  EXPECT_TRUE(Has(followed.output, "cancelled: ")) << followed.output;
  const Ran report = Run({"jobs", "report", id});
  EXPECT_EQ(report.code, 0);
  const std::string last = report.output.substr(report.output.rfind('\n', report.output.size() - 2) + 1);
  EXPECT_EQ(json::parse(last, nullptr, false)["state"], "cancelled") << last;
  EXPECT_EQ(Run({"jobs", "pause", id}).code, 1);
  EXPECT_EQ(Run({"jobs", "nothing"}).code, 1);
}

}  // namespace
}  // namespace herdgate::integration
