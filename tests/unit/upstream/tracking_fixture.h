// A tracked connection on a loop that the test runs, and its upstream, which answers by itself what the test does not
// take over.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/log.h"
#include "sidecar/resp/reply.h"
#include "sidecar/upstream/lane_pool.h"
#include "sidecar/upstream/tracking/tracking.h"
#include "tests/support/fake_connector.h"
#include "tests/support/fake_fill_sink.h"
#include "tests/support/loop_turns.h"

namespace herdgate::upstream {

class TrackingFixture : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;
  static constexpr const char* kNothing = "";

  TrackingFixture() {
    base::ConfigureLog(base::LogFormat::kAuto, base::LogLevel::kError);
    options_.timeout = std::chrono::seconds(20);
    options_.backoff_first = std::chrono::milliseconds(1);
    options_.backoff_last = std::chrono::milliseconds(4);
    options_.idle_dedicated = 0;
    tracking_options_.probe_first = std::chrono::milliseconds(1);
    tracking_options_.probe_last = std::chrono::milliseconds(4);
    tracking_options_.ping_after = std::chrono::milliseconds(0);
    // Not by themselves.
    tracking_options_.canary_every = std::chrono::hours(1);
  }
  ~TrackingFixture() override {
    pool_->CloseAll();
    tracking_.reset();
    pool_.reset();
    testing::RunTurns(loop_);
    EXPECT_EQ(connections_.load(), 0);
  }

  void Start() {
    pool_ = std::make_unique<LanePool>(LaneContext{.loop = loop_,
                                                   .connector = connector_,
                                                   .options = options_,
                                                   .metrics = metrics_,
                                                   .health = health_,
                                                   .breaker = breaker_,
                                                   .random = random_,
                                                   .connections = connections_,
                                                   .own_addresses = own_addresses_,
                                                   .own_identity = identity_,
                                                   .on_user_refused = on_user_refused_},
                                       dedicated_in_use_);
    tracking_ = std::make_unique<Tracking>(*pool_, LaneKey{3, 0, identity_}, sink_, tracking_options_);
    tracking_->Start();
  }
  void StartArmed() {
    Start();
    ASSERT_TRUE(Becomes(TrackingMode::kTracked));
    ASSERT_EQ(sink_.Lines(), Lines{"armed"});
    asked_.clear();
  }
  bool Becomes(TrackingMode mode) {
    return RunUntil([&] { return tracking_->mode() == mode; });
  }
  bool BecomesOff(TrackingFault fault) {
    return RunUntil([&] { return tracking_->mode() == TrackingMode::kOff && tracking_->fault() == fault; });
  }
  bool RunUntil(const std::function<bool()>& done) {
    return testing::RunUntil(loop_, [&] {
      Serve();
      return done();
    });
  }
  // Lets everything happen that can happen now.
  void Turn() {
    for (int i = 0; i < 4; ++i) {
      testing::RunTurns(loop_, 4);
      Serve();
    }
    testing::RunTurns(loop_, 4);
  }
  void Fill(const std::string& key) {
    sink_.Reserve(key);
    ASSERT_TRUE(tracking_->Fill(key, {1, 2}));
  }
  // From now on the upstream does not answer the commands of a fill, nor `command`, by itself.
  void Hold(const std::string& command = "PING") {
    answer_ = [command](const Lines& words) {
      const bool is_fill = words[0] == "GET" || words[0] == "PTTL" || (words[0] == "CLIENT" && words[1] == "CACHING");
      return is_fill || words[0] == command ? std::optional<std::string>(kNothing) : std::nullopt;
    };
  }
  // The upstream says `bytes` on the tracked connection, all in one piece.
  void Say(std::string_view bytes) {
    connector_.peers[tracked_peer_].Send(bytes);
    testing::RunTurns(loop_);
  }
  static std::string Push(std::string_view key) {
    return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + std::string(key) + "\r\n";
  }
  static std::string Bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  }
  // The same on the connection of a pair that is subscribed.
  void SayToSubscriber(std::string_view bytes) {
    connector_.peers[subscribed_peer_].Send(bytes);
    testing::RunTurns(loop_);
  }
  static std::string Message(std::string_view payload) {
    return "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + std::string(payload);
  }
  static std::string Written(std::string_view key) { return Message("*1\r\n" + Bulk(key)); }
  // The replies to a fill that finds `value` without an expiry.
  static std::string Found(std::string_view value) { return "+OK\r\n" + Bulk(value) + ":-1\r\n"; }

  // What the test answers in place of the fake: kNothing holds the answer back.
  std::function<std::optional<std::string>(const Lines& words)> answer_ = [](const Lines&) { return std::nullopt; };
  bool pushes_ = true;  // the canary's
  bool resp3_ = true;   // else the upstream has no HELLO

  net::Loop loop_{0};
  testing::FakeConnector connector_;
  UpstreamOptions options_;
  TrackingOptions tracking_options_;
  UpstreamMetrics metrics_;
  Health health_;
  Breaker breaker_;
  base::Random random_{1};
  std::atomic<std::int64_t> connections_{0};
  OwnAddresses own_addresses_;
  IdentityPtr identity_ = std::make_shared<const Identity>();
  std::function<void(const LaneKey&)> on_user_refused_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  testing::FakeFillSink sink_;
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<Tracking> tracking_;
  std::vector<std::string> asked_;  // on the tracked connection since it was armed, a command each
  std::size_t tracked_peer_ = 0;
  Lines asked_to_subscribe_;  // on the subscribed connection of a pair, since it was named
  std::size_t subscribed_peer_ = std::string::npos;

 private:
  // Answers all requests that have arrived.
  void Serve() {
    inputs_.resize(connector_.peers.size());
    for (std::size_t peer = 0; peer < inputs_.size(); ++peer) {
      inputs_[peer] += connector_.peers[peer].Receive();
      while (true) {
        const auto parsed = resp::ParseReply(inputs_[peer]);
        if (!parsed.ok()) break;
        Lines words;
        for (const resp::Reply& word : parsed.value().reply.elements) words.emplace_back(word.text);
        inputs_[peer].erase(0, parsed.value().bytes);
        const std::string reply = Answer(peer, words);
        if (!reply.empty()) connector_.peers[peer].TrySend(reply);
      }
    }
  }
  std::string Answer(std::size_t peer, const Lines& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    if (resp3_ && line.starts_with("CLIENT TRACKING ")) tracked_peer_ = peer;
    if (!resp3_ && line == "CLIENT SETNAME herdgate-near") {
      tracked_peer_ = peer;
      asked_.clear();
    }
    if (line == "CLIENT SETNAME herdgate-near-push") {
      subscribed_peer_ = peer;
      asked_to_subscribe_.clear();
    }
    const bool is_subscriber = !resp3_ && peer == subscribed_peer_;
    if (peer == tracked_peer_) asked_.push_back(line);
    if (is_subscriber) asked_to_subscribe_.push_back(line);
    if (const auto own = answer_(words)) return *own;
    if (is_subscriber && on_subscriber_) {
      if (const auto own = on_subscriber_(words)) return *own;
    }
    if (!resp3_) return AnswerResp2(words, is_subscriber);
    if (words[0] == "HELLO") {
      if (words[1] == "3") return "%2\r\n" + Bulk("version") + Bulk("7.0.15") + Bulk("id") + ":42\r\n";
      return "*4\r\n" + Bulk("version") + Bulk("7.0.15") + Bulk("id") + ":42\r\n";
    }
    if (words[0] == "CLIENT" && words[1] == "TRACKINGINFO") {
      return "%1\r\n" + Bulk("flags") + "~2\r\n" + Bulk("on") + Bulk("optin");
    }
    if (words[0] == "INFO") return Bulk("# Server\r\nrun_id:" + run_id_ + "\r\n");
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] == "GET") return "_\r\n";
    if (words[0] == "PTTL") return ":-2\r\n";
    if (words[0] == "SET" && pushes_) connector_.peers[tracked_peer_].TrySend(Push(words[1]));
    return "+OK\r\n";
  }

  std::string AnswerResp2(const Lines& words, bool is_subscriber) {
    if (words[0] == "HELLO") return "-ERR unknown command 'HELLO', with args beginning with: '3' \r\n";
    if (words[0] == "CLIENT" && words[1] == "ID") return ":7\r\n";
    if (words[0] == "CLIENT" && words[1] == "TRACKINGINFO") {
      return "*2\r\n" + Bulk("flags") + "*2\r\n" + Bulk("on") + Bulk("bcast");
    }
    if (words[0] == "SUBSCRIBE") return "*3\r\n" + Bulk("subscribe") + Bulk(words[1]) + ":1\r\n";
    if (words[0] == "INFO") return Bulk("# Server\r\nredis_version:" + version_ + "\r\nrun_id:" + run_id_ + "\r\n");
    if (words[0] == "PING") return is_subscriber ? "*2\r\n" + Bulk("pong") + Bulk("") : "+PONG\r\n";
    if (words[0] == "GET") return "$-1\r\n";
    if (words[0] == "PTTL") return ":-2\r\n";
    if (words[0] == "SET" && pushes_) connector_.peers[subscribed_peer_].TrySend(Written(words[1]));
    return "+OK\r\n";
  }

  std::deque<std::string> inputs_;

 protected:
  // The same as answer_, only on the subscribed connection.
  std::function<std::optional<std::string>(const Lines& words)> on_subscriber_;
  std::string run_id_ = "first";
  std::string version_ = "7.0.15";
};

}  // namespace herdgate::upstream
