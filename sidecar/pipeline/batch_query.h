// BatchQuery: asks the upstream many things at once, over a dedicated lane that carries nothing else.
//
// One batch at a time. A batch is answered whole, or is lost: the connection could not be had, broke, or said nothing
// for UpstreamOptions::timeout. The next batch then has a new connection; whether a lost one was carried out is not
// known.
//
// Threads: its loop. Ownership: borrows the pool. No callback runs after Close, or within Ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/net/timer.h"
#include "sidecar/upstream/lane_pool.h"

namespace herdgate::pipeline {

class BatchQuery final : public upstream::ReplySink {
 public:
  struct Answer {
    std::vector<std::string> replies{};  // RESP2, one for each request; error replies too
    std::string lost{};                  // why it was lost; empty: it was not
    std::chrono::nanoseconds took{0};
  };
  using Done = std::function<void(Answer)>;
  using Words = std::vector<std::string>;

  BatchQuery(upstream::LanePool& lanes, upstream::LaneKey key);
  ~BatchQuery() override { Close(); }
  BatchQuery(const BatchQuery&) = delete;
  BatchQuery& operator=(const BatchQuery&) = delete;

  // REQUIRES: no batch is under way; at least one request.
  void Ask(const std::vector<Words>& requests, Done done);
  bool busy() const { return static_cast<bool>(done_); }
  // Whether the next batch goes over the connection of the last one.
  bool connected() const { return lane_ && lane_->state() == upstream::Lane::State::kReady; }
  // Counts the connections that were begun.
  std::uint64_t connection() const { return connection_; }
  // Of those that had answered something: how many were lost.
  std::uint64_t losses() const { return losses_; }
  void Close();

  void OnReplies(upstream::Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(upstream::Lane& lane, const upstream::Pending& pending, std::string_view bytes,
                     bool ended) override;
  upstream::FrameVerdict OnFrame(upstream::Lane&, std::string_view, const upstream::Pending*) override {
    return upstream::FrameVerdict::kPush;
  }
  void OnRaw(upstream::Lane&, std::string_view) override {}
  void OnRefused(upstream::Lane& lane, const upstream::Pending& pending, const std::string& error) override;
  void OnLost(upstream::Lane& lane) override;
  void OnRoom(upstream::Lane&) override {}

 private:
  void Lose(const std::string& why);
  void Drop();

  upstream::LanePool& lanes_;
  const upstream::LaneKey key_;
  std::shared_ptr<upstream::Lane> lane_;
  net::Timer patience_;
  std::uint64_t connection_ = 0;
  std::uint64_t losses_ = 0;
  bool answered_ = false;  // by this connection
  std::size_t asked_ = 0;
  base::SteadyTime asked_at_;
  Done done_;
  Answer answer_;
  std::string reply_;
};

}  // namespace herdgate::pipeline
