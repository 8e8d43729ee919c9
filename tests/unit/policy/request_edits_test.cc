#include "sidecar/policy/request_edits.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

// The request as the decoder views it.
class Decoded {
 public:
  explicit Decoded(std::string raw) : raw_(std::move(raw)) {
    EXPECT_EQ(decoder_.Decode(raw_, request_), resp::RequestDecoder::Outcome::kRequest);
  }
  std::string Build(RequestEdits& edits) const {
    std::string out;
    edits.Build(request_.args, request_.raw, out);
    return out;
  }

 private:
  std::string raw_;
  resp::Limits limits_;
  resp::RequestDecoder decoder_{limits_};
  resp::Request request_;
};

TEST(RequestEditsTest, AnArgumentIsReplacedAtEveryPlace) {
  const Decoded request(RequestOf({"SET", "", "v"}));
  for (std::size_t i = 0; i < 3; ++i) {
    RequestEdits edits;
    edits.Replace(i, "ab", "cd");
    std::vector<std::string> words = {"SET", "", "v"};
    words[i] = "abcd";
    EXPECT_EQ(request.Build(edits), RequestOf(words));
  }
}

TEST(RequestEditsTest, ArgumentsAreAppendedInOrder) {
  RequestEdits edits;
  edits.Append("PX");
  edits.Append("");
  EXPECT_FALSE(edits.empty());
  EXPECT_EQ(Decoded(RequestOf({"SET", "k", "v"})).Build(edits), RequestOf({"SET", "k", "v", "PX", ""}));
}

TEST(RequestEditsTest, AllOfThemTogether) {
  RequestEdits edits;
  edits.Append("PX");
  edits.Replace(2, "", "w");
  edits.Replace(0, "GETSET");
  edits.Replace(1, "v7:", "k");
  EXPECT_EQ(Decoded(RequestOf({"SET", "k", "v"})).Build(edits), RequestOf({"GETSET", "v7:k", "w", "PX"}));
}

TEST(RequestEditsTest, TheLastChangeOfAnArgumentCounts) {
  RequestEdits edits;
  edits.Replace(1, "first");
  edits.Replace(1, "second");
  EXPECT_EQ(Decoded(RequestOf({"GET", "k"})).Build(edits), RequestOf({"GET", "second"}));
}

TEST(RequestEditsTest, ClearForgetsEverything) {
  RequestEdits edits;
  edits.Replace(0, "X");
  edits.Append("Y");
  edits.Clear();
  EXPECT_TRUE(edits.empty());
  EXPECT_EQ(Decoded(RequestOf({"GET", "k"})).Build(edits), RequestOf({"GET", "k"}));
}

TEST(RequestEditsTest, WhatIsNotChangedKeepsItsBytes) {
  // A header that another encoder would write shorter.
  RequestEdits edits;
  edits.Replace(1, "key");
  std::string out = "before";
  const std::string raw = "*3\r\n$03\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  const std::vector<std::string_view> args = {std::string_view(raw).substr(9, 3), std::string_view(raw).substr(18, 1),
                                              std::string_view(raw).substr(25, 1)};
  ASSERT_EQ(args[2], "v");
  edits.Build(args, raw, out);
  EXPECT_EQ(out, "before*3\r\n$03\r\nSET\r\n$3\r\nkey\r\n$1\r\nv\r\n");
}

TEST(RequestEditsTest, ArgumentsElsewhereAreCopied) {
  RequestEdits edits;
  edits.Replace(1, "key");
  const std::vector<std::string> words = {"SET", "k", "", "v"};
  const std::vector<std::string_view> args(words.begin(), words.end());
  std::string out;
  edits.Build(args, RequestOf(words), out);
  EXPECT_EQ(out, RequestOf({"SET", "key", "", "v"}));
}

// Of a request too large to be held, the arguments that have not come yet are empty views.
TEST(RequestEditsTest, EmptyViewsAreEmptyArguments) {
  RequestEdits edits;
  edits.Replace(1, "key");
  const std::string raw = RequestOf({"SET", "k", ""});
  std::vector<std::string_view> args = {std::string_view(raw).substr(8, 3), std::string_view(raw).substr(17, 1), {}};
  std::string out;
  edits.Build(args, raw, out);
  EXPECT_EQ(out, RequestOf({"SET", "key", ""}));
}

}  // namespace
}  // namespace herdgate::policy
