// Beginning and following a job where answers are lost or put off: against an HTTP server that answers as it is told.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "sidecar/admin/http_server.h"
#include "sidecar/app/ctl/ctl_commands.h"

namespace herdgate::app {
namespace {

using admin::HttpRequest;
using admin::HttpResponse;

constexpr const char* kPreview =
    R"({"token":"p-1","state":"ready","target":{"kind":"prefix","prefix":"a","mode":"hard",)"
    R"("scope":"both"},"estimated":0,"exact":true,"confirm":"button"})";
constexpr const char* kJob = R"({"id":"j-1","state":"done","target":{"kind":"prefix","prefix":"a","mode":"hard",)"
                             R"("scope":"both"},"done":0,"seconds":1})";

HttpResponse Json(int status, const std::string& body) {
  return {.status = status, .content_type = "application/json", .body = body};
}
// What ctl takes for no answer of a sidecar.
HttpResponse Nothing() {
  return {.status = 200, .content_type = "text/plain", .body = ""};
}

class CtlJobTest : public ::testing::Test {
 protected:
  // How the requests to begin a job, and those to look at it, are answered: one after the other, the last one for good.
  std::vector<HttpResponse> beginnings_ = {Json(202, kJob)};
  std::vector<HttpResponse> looks_ = {Json(200, kJob)};

  int Invalidate() {
    return Run([](CtlSession& session) { return CtlInvalidate(session); });
  }
  int Follow() {
    return Run([](CtlSession& session) {
      Interrupt interrupt;
      return FollowJob(session, "j-1", interrupt);
    });
  }

  bool interrupts_ = false;  // with Ctrl-C, when it is asked to begin
  std::vector<std::string> keys_;
  std::vector<std::chrono::steady_clock::time_point> begun_;
  std::size_t looked_ = 0;
  std::string err_;
  std::string out_;

 private:
  template <typename Command>
  int Run(Command command) {
    admin::HttpServerOptions options{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}};
    options.limits.max_body_bytes = 4096;
    admin::HttpServer server(options);
    server.Fallback([this](const HttpRequest& request) { return Answer(request); });
    CtlRequest asked;
    asked.kind = "prefix";
    asked.targets = {"a"};
    asked.hard = asked.yes = true;
    asked.verb = CtlRequest::Verb::kInvalidate;
    asked.url = AdminUrl::Parse("http://127.0.0.1:" + std::to_string(server.Start().value())).value();
    CtlSession session(asked, AdminClient(asked.url, ""), Terminal{});
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int code = command(session);
    server.Stop();
    err_ = testing::internal::GetCapturedStderr();
    out_ = testing::internal::GetCapturedStdout();
    return code;
  }
  HttpResponse Answer(const HttpRequest& request) {
    if (request.path.ends_with("/preview")) return Json(200, kPreview);
    if (request.method == "GET") return looks_[std::min(looked_++, looks_.size() - 1)];
    keys_.emplace_back(request.head.Header("Idempotency-Key"));
    begun_.push_back(std::chrono::steady_clock::now());
    if (interrupts_) kill(getpid(), SIGINT);
    return beginnings_[std::min(keys_.size(), beginnings_.size()) - 1];
  }
};

TEST_F(CtlJobTest, ALostAnswerIsAskedForAgainInAMomentUnderTheSameKey) {
  beginnings_ = {Nothing(), Json(202, kJob)};
  EXPECT_EQ(Invalidate(), 0) << err_;
  ASSERT_EQ(keys_.size(), 2U);
  EXPECT_EQ(keys_[0], keys_[1]);
  EXPECT_NE(keys_[0], "");
  EXPECT_GE(begun_[1] - begun_[0], std::chrono::milliseconds(900));
  EXPECT_NE(out_.find("done: "), std::string::npos) << out_;
}

TEST_F(CtlJobTest, WhoeverGivesUpSaysThatTheJobMayHaveBegun) {
  beginnings_ = {Nothing()};
  EXPECT_EQ(Invalidate(), 3);
  EXPECT_EQ(keys_.size(), 3U);
  EXPECT_TRUE(err_.starts_with("herdgate: no answer from ")) << err_;
  EXPECT_TRUE(err_.ends_with("; the job may have begun all the same: herdgate ctl jobs shows it\n")) << err_;
}

TEST_F(CtlJobTest, CtrlCEndsTheAsking) {
  beginnings_ = {Nothing()};
  interrupts_ = true;
  EXPECT_EQ(Invalidate(), 130);
  EXPECT_EQ(keys_.size(), 1U);
  EXPECT_TRUE(err_.ends_with("herdgate ctl jobs shows it\n")) << err_;
}

TEST_F(CtlJobTest, FollowingGoesOnBehindAnAnswerThatHasNoTime) {
  looks_ = {Json(503, "{}"), Json(429, "{}"), Json(200, kJob)};
  EXPECT_EQ(Follow(), 0) << err_;
  EXPECT_EQ(looked_, 3U);
  EXPECT_EQ(err_, "");
}

TEST_F(CtlJobTest, FollowingEndsWhereNobodyEverHasTime) {
  looks_ = {Json(503, R"({"status":503,"title":"Service Unavailable"})")};
  EXPECT_EQ(Follow(), 1);
  EXPECT_EQ(looked_, 4U);
  EXPECT_NE(err_.find("503"), std::string::npos) << err_;
}

TEST_F(CtlJobTest, FollowingEndsAtOnceWhereTheAnswerIsNo) {
  looks_ = {Json(404, R"({"status":404,"title":"Not Found"})")};
  EXPECT_EQ(Follow(), 1);
  EXPECT_EQ(looked_, 1U);
}

}  // namespace
}  // namespace herdgate::app
