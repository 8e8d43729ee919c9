// A flight desk on a loop that the test runs, beside another loop, before an upstream that the test plays.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/stampede/lease.h"
#include "tests/unit/upstream/tracking_fixture.h"

namespace herdgate::pipeline {

inline policy::Policy Coalescing(const std::string& name) {
  policy::Policy policy;
  policy.name = name;
  policy.match = {name + ":*"};
  policy.stampede.coalesce = policy::Coalesce::kOn;
  return policy;
}

class FlightDeskFixture : public upstream::TrackingFixture {
 protected:
  using Strings = std::vector<std::string>;

  FlightDeskFixture() {
    policy::Policy versioned = Coalescing("ver");
    versioned.version.schema = 7;
    versioned.version.generation = true;
    set_ = std::make_shared<const policy::PolicySet>(std::vector{Coalescing("user"), versioned});
    guards_.Set(set_.get());
    terms_.lease_time = std::chrono::seconds(20);
    terms_.lease_cap = std::chrono::seconds(60);
    terms_.max_wait = std::chrono::seconds(20);
  }
  ~FlightDeskFixture() override {
    if (desk_) desk_->Close();
    if (tracking_) tracking_->Stop();
    testing::RunTurns(loop_);
    testing::RunTurns(other_loop_);
    desk_.reset();
    testing::RunTurns(loop_);
  }

  // Armed; from now on the upstream answers only what the test says.
  void StartDesk() {
    StartArmed();
    Hold();
    home_ = MakeContext(loop_);
    other_ = MakeContext(other_loop_);
    home_->peers = other_->peers = {home_.get(), other_.get()};
    SetGeneration(1);
    desk_ = std::make_unique<FlightDesk>(
        table_, guards_, *home_, *tracking_,
        [this](LoopContext& there, const stampede::Wake& wake, const FlightValue& value) { Take(there, wake, value); });
    sink_.on_line = [this](const std::string& line) { Tell(line); };
  }
  void Hold() {
    answer_ = [](const Lines&) { return std::optional<std::string>(kNothing); };
  }
  // Of policy "ver", on both loops.
  void SetGeneration(std::uint64_t generation) {
    const auto snapshot = std::make_shared<const policy::Snapshot>(set_, std::vector<std::uint64_t>{0, generation});
    home_stage_.Set(snapshot);
    other_stage_.Set(snapshot);
  }

  // A GET of `key` by `caller` said nil.
  stampede::Role Begin(const std::string& key, std::uint64_t caller, bool elsewhere = false) {
    stampede::Todo todo;
    const stampede::Caller who{.id = caller, .loop = elsewhere ? 1U : 0U};
    const auto begun = table_.Begin(table_.Hash(key), who, terms_, base::SystemClock().Now(), todo);
    Carry(todo, elsewhere);
    return begun.role;
  }
  // Its SET was sent, and stored as `value`.
  void Set(const std::string& key, std::uint64_t caller, const std::string& value) {
    stampede::Todo todo;
    const auto now = base::SystemClock().Now();
    const auto plan = table_.OnSetSent(table_.Hash(key), {.id = caller}, now, todo);
    Carry(todo);
    table_.OnSetDone(table_.Hash(key), plan, stampede::SetOutcome::kStored, now, todo);
    Carry(todo, false, value);
  }
  void Go(std::uint64_t caller) {
    stampede::Todo todo;
    table_.OnCallerGone({.id = caller}, base::SystemClock().Now(), todo);
    Carry(todo);
  }
  void Carry(stampede::Todo& todo, bool elsewhere = false, const std::string& value = {}) {
    desk_->Carry(elsewhere ? *other_ : *home_, todo, std::make_shared<const std::string>(value));
    EXPECT_TRUE(todo.empty());
  }
  // As Turn, the other loop's turns too.
  void Turns() {
    Turn();
    testing::RunTurns(other_loop_);
    Turn();
  }
  // The upstream says `bytes`, and both loops take it in.
  void Reply(std::string_view bytes) {
    Say(bytes);
    Turns();
  }

  // What was asked since the last call, in short: "ask KEY", "renew KEY", ...; "tracked" before what is.
  Strings Asked() {
    Strings all;
    for (const std::string& line : std::exchange(asked_, {})) all.push_back(Short(line));
    return all;
  }
  // Who was woken since the last call: "LOOP:CALLER ANSWER".
  Strings Woken() { return std::exchange(woken_, {}); }

  static std::string Won() { return "+OK\r\n*3\r\n" + Bulk("won") + Bulk("") + ":20000\r\n"; }
  static std::string Mine() { return "+OK\r\n*3\r\n" + Bulk("mine") + Bulk("") + ":20000\r\n"; }
  static std::string Value(std::string_view value) { return "+OK\r\n*3\r\n" + Bulk("value") + Bulk(value) + ":-1\r\n"; }
  static std::string Lost() { return "+OK\r\n*3\r\n" + Bulk("lost") + Bulk("f00d:1") + ":20000\r\n"; }
  static std::string LeaseOf(const std::string& key) { return stampede::LeaseNameOf(key); }

  double Metric(std::string_view name, const Strings& labels = {}) {
    metrics::Registry registry;
    const auto registration = registry.Register([this](metrics::SampleSink& sink) { desk_->Collect(sink); });
    for (const metrics::FamilySamples& family : registry.Collect()) {
      if (family.family.name != name) continue;
      for (const metrics::Series& series : family.series) {
        Strings values;
        for (const auto& [label, value] : series.labels) values.push_back(value);
        if (values == labels) return series.value;
      }
    }
    return -1;
  }

  std::shared_ptr<const policy::PolicySet> set_;
  stampede::Guards guards_;
  stampede::FlightTable table_;
  stampede::FlightTerms terms_;
  std::unique_ptr<LoopContext> home_;
  std::unique_ptr<LoopContext> other_;
  std::unique_ptr<FlightDesk> desk_;
  PolicyStage home_stage_{loop_, 1, false};
  net::Loop other_loop_{1};
  PolicyStage other_stage_{other_loop_, 2, false};

 private:
  std::unique_ptr<LoopContext> MakeContext(net::Loop& loop) {
    return std::make_unique<LoopContext>(LoopContext{.loop = loop,
                                                     .lanes = *pool_,
                                                     .options = pipeline_options_,
                                                     .metrics = pipeline_metrics_,
                                                     .commands = metrics_.commands,
                                                     .facts = nullptr,
                                                     .identity = identity_,
                                                     .next_client_id = next_client_id_,
                                                     .connections = client_connections_,
                                                     .own_addresses = own_addresses_,
                                                     .policies = &loop == &loop_ ? &home_stage_ : &other_stage_,
                                                     .on_upstream_changed = {},
                                                     .peers = {},
                                                     .clients = {},
                                                     .owned = {}});
  }
  void Take(const LoopContext& there, const stampede::Wake& wake, const FlightValue& value) {
    constexpr std::array<std::string_view, stampede::kAnswers> kNames = {"value", "lead", "miss", "timeout", "keep"};
    std::string line = std::to_string(there.loop.index()) + ":" + std::to_string(wake.caller.id) + " ";
    line += kNames[static_cast<std::size_t>(wake.answer)];
    if (wake.answer == stampede::Answer::kValue) line += "=" + *value;
    woken_.push_back(line);
  }
  // As NearFills does.
  void Tell(const std::string& line) {
    if (line.starts_with("invalidate ")) return desk_->OnInvalidated(line.substr(line.find(' ') + 1));
    if (line == "flush" || line == "armed" || line.starts_with("lost ")) desk_->OnAllInvalidated();
  }
  static std::string Short(const std::string& line) {
    if (line == "CLIENT CACHING YES") return "tracked";
    Strings words;
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t end = std::min(line.find(' ', at), line.size());
      words.push_back(line.substr(at, end - at));
      at = end + 1;
    }
    const auto key_of = [](const std::string& lease) { return std::string(*stampede::KeyOfLease(lease)); };
    const std::size_t n = words.size();
    if (words[0] == "DEL") return "drop " + key_of(words[1]);
    if (words[0] != "EVAL") return line;
    if (line.find("GETEX") != std::string::npos) {
      return (words[n - 1] == "-1" ? "ask " : "refresh below " + words[n - 1] + " ") + words[n - 5];
    }
    if (line.find("PEXPIRE") != std::string::npos) return "renew " + key_of(words[n - 3]);
    return "release " + key_of(words[n - 2]);
  }

  const PipelineOptions pipeline_options_;
  PipelineMetrics pipeline_metrics_;
  std::atomic<std::uint64_t> next_client_id_{1};
  Connections client_connections_;
  Strings woken_;
};

}  // namespace herdgate::pipeline
