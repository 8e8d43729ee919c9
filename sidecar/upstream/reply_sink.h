// ReplySink: who gets the replies of a lane; the pipeline's client implements it.
//
// Threads: the lane's loop. A sink with pendings on a lane outlives them: the lane keeps it alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace herdgate::upstream {

class Lane;

// One command that a lane owes a reply for.
struct Pending {
  std::int64_t started_ns = 0;  // steady time at which the client's request was taken
  std::uint32_t bytes = 0;      // of its request in the send log
  std::uint16_t command = 0;    // the command table's id, for the metrics
  std::uint8_t group = 0;       // the command's latency group, for the metrics
  std::uint8_t tag = 0;         // 0: pass the reply as it comes; else the sink's own meaning
  std::uint8_t probe = 0;       // not 0: OverheadProbe looks at it
  bool retryable = false;       // a read that may be sent again once
  bool own = false;             // the sidecar's own question: the metrics of commands leave it out
  bool degradable = false;      // the sink can do without the upstream: see OnUnavailable; on shared lanes only
  bool fate_unknown = false;    // set by the lane for OnUnavailable: the command may have been, or yet be, carried out
};

enum class FrameVerdict : std::uint8_t {
  kPush,      // out of band: no pending is answered
  kProgress,  // part of the oldest pending's answer, more frames follow
  kAnswer,    // the last frame of the oldest pending's answer
};

class ReplySink {
 public:
  virtual ~ReplySink() = default;

  // The next bytes of the oldest untagged replies, `ended` of which end with them. They lie in the loop's arena.
  virtual void OnReplies(Lane& lane, std::string_view bytes, std::size_t ended) = 0;
  // The same for one tagged reply.
  virtual void OnTaggedReply(Lane& lane, const Pending& pending, std::string_view bytes, bool ended) = 0;
  // A whole push, or while the lane is in pub/sub mode a whole array; the sink passes it on itself. Owners only.
  virtual FrameVerdict OnFrame(Lane& lane, std::string_view frame, const Pending* oldest) = 0;
  // Bytes of a lane in raw mode.
  virtual void OnRaw(Lane& lane, std::string_view bytes) = 0;
  // The command was never sent and will not be; `error` is a whole RESP error line for the client.
  virtual void OnRefused(Lane& lane, const Pending& pending, const std::string& error) = 0;
  // A degradable command, in the order of the sink's commands, that the upstream does not answer. `request`: its bytes,
  // valid in this call; empty if they are not kept any more. `error`: a whole RESP error line for the client, which
  // says so if pending.fate_unknown. The metrics of commands are left to the sink.
  virtual void OnUnavailable(Lane& lane, const Pending& pending, std::string_view request, const std::string& error) {
    (void)request;
    OnRefused(lane, pending, error);
  }
  // The connection broke with commands of this sink whose fate is unknown; all its pendings on the lane are gone.
  virtual void OnLost(Lane& lane) = 0;
  // The lane was full() and has room again.
  virtual void OnRoom(Lane& lane) = 0;

  // While set, each reply is delivered by a call of its own.
  bool singles() const { return singles_; }
  void set_singles(bool value) { singles_ = value; }

 private:
  bool singles_ = false;
};

}  // namespace herdgate::upstream
