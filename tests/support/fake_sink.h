// A ReplySink that records what it is told, and lets the test act inside each call.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/upstream/reply_sink.h"

namespace herdgate::testing {

class FakeSink final : public upstream::ReplySink {
 public:
  using Lane = upstream::Lane;
  using Pending = upstream::Pending;

  std::string replies;            // the bytes of OnReplies and OnTaggedReply, in order
  std::size_t ended = 0;          // how many untagged replies ended
  std::vector<std::size_t> runs;  // the `ended` of each OnReplies
  std::vector<int> tags;          // of the tagged replies that ended
  std::vector<std::string> frames;
  std::vector<bool> frames_had_oldest;
  std::string raw;
  std::vector<std::string> refused;
  std::vector<Pending> unavailable;
  std::vector<std::string> unavailable_requests;
  std::vector<std::string> unavailable_errors;
  std::string story;  // what came in which order: replies as they are, "!" for each command that was unavailable
  int lost = 0;
  int rooms = 0;

  std::function<void(Lane&)> on_replies = [](Lane&) {};
  std::function<void(Lane&)> on_tagged = [](Lane&) {};
  std::function<upstream::FrameVerdict(Lane&, std::string_view, const Pending*)> on_frame =
      [](Lane&, std::string_view, const Pending*) { return upstream::FrameVerdict::kPush; };
  std::function<void(Lane&)> on_raw = [](Lane&) {};
  std::function<void(Lane&)> on_refused = [](Lane&) {};
  std::function<void(Lane&)> on_unavailable = [](Lane&) {};
  std::function<void(Lane&)> on_lost = [](Lane&) {};
  std::function<void(Lane&)> on_room = [](Lane&) {};

  void OnReplies(Lane& lane, std::string_view bytes, std::size_t count) override {
    replies += bytes;
    story += bytes;
    ended += count;
    runs.push_back(count);
    on_replies(lane);
  }
  void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool is_end) override {
    replies += bytes;
    story += bytes;
    if (is_end) tags.push_back(pending.tag);
    on_tagged(lane);
  }
  upstream::FrameVerdict OnFrame(Lane& lane, std::string_view frame, const Pending* oldest) override {
    frames.emplace_back(frame);
    frames_had_oldest.push_back(oldest != nullptr);
    return on_frame(lane, frame, oldest);
  }
  void OnRaw(Lane& lane, std::string_view bytes) override {
    raw += bytes;
    on_raw(lane);
  }
  void OnRefused(Lane& lane, const Pending&, const std::string& error) override {
    refused.push_back(error);
    on_refused(lane);
  }
  void OnUnavailable(Lane& lane, const Pending& pending, std::string_view request, const std::string& error) override {
    unavailable.push_back(pending);
    unavailable_requests.emplace_back(request);
    unavailable_errors.push_back(error);
    story += "!";
    on_unavailable(lane);
  }
  void OnLost(Lane& lane) override {
    ++lost;
    on_lost(lane);
  }
  void OnRoom(Lane& lane) override {
    ++rooms;
    on_room(lane);
  }
};

}  // namespace herdgate::testing
