// SideQuery: asks the upstream something for the sidecar itself, over one connection per loop that carries nothing
// else.
//
// One question at a time: Redis closes a connection that is not logged in when more than a kilobyte of replies waits
// for it. One instance, anonymous, carries only AUTH: credentials are never compared here, because any password is
// right for a `nopass` user and a password may have changed. Another speaks as the sidecar (CLIENT UNBLOCK). Threads:
// its loop. Ownership: the Worker's; outlives the clients.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/upstream/lane_pool.h"

namespace herdgate::pipeline {

class SideQuery final : public upstream::ReplySink {
 public:
  // The upstream's reply as it came.
  using Done = std::function<void(const std::string& reply)>;

  SideQuery(upstream::LanePool& lanes, upstream::LaneKey key) : lanes_(lanes), key_(std::move(key)) {}
  ~SideQuery() override { Drop(); }
  SideQuery(const SideQuery&) = delete;
  SideQuery& operator=(const SideQuery&) = delete;

  // `done` runs once, maybe before Ask returns.
  void Ask(const std::vector<std::string>& args, std::uint16_t command, Done done);

  void OnReplies(upstream::Lane& lane, std::string_view bytes, std::size_t ended) override;
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
  struct Question {
    std::string request;
    upstream::Pending pending;
    Done done;
  };

  void SendNext();
  void Answer(const std::string& reply);
  void Drop();

  upstream::LanePool& lanes_;
  const upstream::LaneKey key_;
  std::shared_ptr<upstream::Lane> lane_;
  std::deque<Question> questions_;  // not asked yet
  Done asked_;                      // of the one under way
  std::string reply_;
};

}  // namespace herdgate::pipeline
