#include "sidecar/app/ctl/preview_view.h"

#include <gtest/gtest.h>

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/target_text.h"

namespace herdgate::app {
namespace {

JsonDocument PreviewOf(const std::string& target, const std::string& confirm) {
  return JsonDocument(
      R"j({"state":"ready","matched":1234,"estimated":412000,"exact":false,)j"
      R"j("bytes":587202560,"by_policy":{"(none)":4,"user":1230},"hidden":7,"origin_busy_seconds":1.5,)j"
      R"("scanned":1200000,"total":3000000,"origin_per_second":4210,"confirm":")" +
      confirm + R"(","target":)" + target +
      R"(,"hottest":[{"key":"user:\u009b1","encoding":"utf8","cut":false,"per_second":12}],)"
      R"("sample":[{"key":"AP8=","encoding":"base64","cut":true,"bytes":96,"ttl_ms":5000}]})");
}

constexpr const char* kPrefix = R"({"kind":"prefix","prefix":"user:","mode":"soft","scope":"both"})";

TEST(PreviewViewTest, TellsWhatWouldBeTouched) {
  const JsonDocument preview = PreviewOf(kPrefix, "type");
  EXPECT_EQ(Joined(PreviewLines(preview.root(), {})),
            "what       prefix user:  soft, in Redis and near caches\n"
            "keys       about 412,000  1,234 seen\n"
            "memory     about 560 MiB\n"
            "policies   of no policy 4  user 1,230  7 keys of other versions stay\n"
            "origin     + 4,210/s, spread out as they are refreshed  1.5 s of computing\n"
            "\n"
            "HOTTEST\n"
            "   12/s  user:\\xc2\\x9b1\n"
            "\n"
            "SOME OF THEM  SIZE  EXPIRES IN\n"
            "\\x00\\xff...   96 B         5 s\n");
  EXPECT_EQ(CountingLine(preview.root(), {}),
            "[#####---------]  counting: 1,234 found, 1,200,000 of 3,000,000 looked at");
}

TEST(PreviewViewTest, AsksForTheNameOfTheTargetOrAYes) {
  const JsonDocument large = PreviewOf(kPrefix, "type");
  const Question type = QuestionOf(large.root(), {});
  EXPECT_EQ(type.text, "Mark about 412,000 keys stale. Type user: to confirm: ");
  EXPECT_TRUE(IsYes(type, "user:"));
  for (const char* const typed : {"", "y", "yes", "user", "user: ", "USER:"}) EXPECT_FALSE(IsYes(type, typed)) << typed;
  const JsonDocument small = PreviewOf(kPrefix, "button");
  const Question yes_no = QuestionOf(small.root(), {});
  EXPECT_EQ(yes_no.text, "Mark about 412,000 keys stale? [y/N] ");
  EXPECT_TRUE(IsYes(yes_no, "y"));
  for (const char* const typed : {"", "n", "no", "user:", "yeah"}) EXPECT_FALSE(IsYes(yes_no, typed)) << typed;
  EXPECT_EQ(QuestionOf(PreviewOf(kPrefix, "none").root(), {}).text, "");
}

TEST(PreviewViewTest, AnUnknownWayToConfirmAsksForTheName) {
  EXPECT_EQ(QuestionOf(PreviewOf(kPrefix, "retina").root(), {}).word, "user:");
}

TEST(PreviewViewTest, AHostileNameIsShownAndTypedHarmlessly) {
  const JsonDocument preview = PreviewOf(R"({"kind":"pattern","pattern":"a\u001b*","mode":"hard"})", "type");
  const Question question = QuestionOf(preview.root(), {});
  EXPECT_EQ(question.text, "Delete about 412,000 keys. Type a\\x1b* to confirm: ");
  EXPECT_TRUE(IsYes(question, "a\\x1b*"));
  EXPECT_TRUE(IsYes(question, "a\x1b*"));
}

TEST(TargetTextTest, NamesEachKind) {
  const auto text = [](const std::string& json) { return TargetText(JsonDocument(json).root(), {}); };
  const auto word = [](const std::string& json) { return ConfirmWord(JsonDocument(json).root(), {}); };
  EXPECT_EQ(text(R"({"kind":"everything"})"), "everything");
  EXPECT_EQ(word(R"({"kind":"everything"})"), "everything");
  EXPECT_EQ(text(R"({"kind":"keys","keys":[{"key":"a"},{"key":"b"}]})"), "2 keys");
  EXPECT_EQ(word(R"({"kind":"keys","keys":[{"key":"a"},{"key":"b"}]})"), "2 keys");
  EXPECT_EQ(text(R"({"kind":"key","keys":[{"key":"YgA=","encoding":"base64"}]})"), "key b\\x00");
  EXPECT_EQ(word(R"({"kind":"key","keys":[{"key":"YgA=","encoding":"base64"}]})"), "b\\x00");
  EXPECT_EQ(text(R"({"kind":"tag","tag":"t"})"), "tag t");
  EXPECT_EQ(word(R"({"kind":"policy","policy":"page"})"), "page");
}

TEST(TargetTextTest, AJobCountsKeysThatItsTargetDoesNotNameAnyMore) {
  const JsonDocument job(R"({"targets":900,"target":{"kind":"keys","keys":[{"key":"a"},{"key":"b"}]}})");
  EXPECT_EQ(JobTargetText(job.root(), {}), "900 keys");
  const JsonDocument prefix(R"({"targets":1,"target":{"kind":"prefix","prefix":"a"}})");
  EXPECT_EQ(JobTargetText(prefix.root(), {}), "prefix a");
}

}  // namespace
}  // namespace herdgate::app
