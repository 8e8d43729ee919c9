#include "sidecar/upstream/handshake.h"

#include <vector>

#include "sidecar/resp/encoder.h"
#include "sidecar/resp/reply.h"

namespace herdgate::upstream {

struct HandshakeReply {
  const resp::Reply& reply;
  bool is_error() const { return reply.type == resp::ReplyType::kError; }
  bool Begins(std::string_view prefix) const { return is_error() && reply.text.starts_with(prefix); }
};

namespace {

void ReadHello(const resp::Reply& reply, HandshakeResult& result) {
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const resp::Reply& name = reply.elements[i];
    const resp::Reply& value = reply.elements[i + 1];
    if (name.text == "id") result.id = value.integer;
    if (name.text == "version") result.version = value.text;
  }
}

}  // namespace

Handshake::Step Handshake::Next(Step step) const {
  if (step == Step::kAuth) return Step::kHello;
  if (step == Step::kHello && key_.db != 0) return Step::kSelect;
  return Step::kEnd;
}

std::string Handshake::Start() {
  input_.clear();
  at_ = 0;
  error_.clear();
  result_ = {};
  std::string out;
  const auto& auth = key_.identity->auth;
  step_ = auth.empty() ? Step::kHello : Step::kAuth;
  if (!auth.empty()) {
    std::vector<std::string_view> args = {"AUTH"};
    args.insert(args.end(), auth.begin(), auth.end());
    resp::AppendRequest(out, args);
  }
  resp::AppendRequest(out, {"HELLO", key_.proto == 3 ? "3" : "2"});
  if (key_.db != 0) resp::AppendRequest(out, {"SELECT", std::to_string(key_.db)});
  return out;
}

Handshake::Progress Handshake::Take(std::string_view bytes) {
  input_.append(bytes);
  while (step_ != Step::kEnd) {
    const auto parsed = resp::ParseReply(rest());
    if (!parsed.ok()) {
      if (parsed.status().code() == base::ErrorCode::kInvalidArgument) return Progress::kMore;
      error_ = "the upstream does not speak the Redis protocol";
      return Progress::kUnavailable;
    }
    const std::string_view raw = rest().substr(0, parsed.value().bytes);
    const Progress progress = Judge(raw, {parsed.value().reply});
    if (progress != Progress::kMore) return progress;
    at_ += parsed.value().bytes;
    step_ = Next(step_);
  }
  return Progress::kDone;
}

Handshake::Progress Handshake::Judge(std::string_view raw, const HandshakeReply& reply) {
  const std::string line = reply.is_error() ? "-" + std::string(reply.reply.text) : std::string();
  if (step_ == Step::kHello && !reply.is_error()) {
    result_.hello = raw;
    ReadHello(reply.reply, result_);
    return Progress::kMore;
  }
  if (!reply.is_error()) return Progress::kMore;
  if (reply.Begins("NOAUTH")) {
    if (step_ == Step::kHello) result_.hello_error = line;
    result_.unauthenticated = true;
    return Progress::kMore;
  }
  // Full, or in protected mode: it says so in place of the first answer and closes.
  if (reply.Begins("ERR max number of clients") || reply.Begins("DENIED")) {
    error_ = reply.reply.text;
    return Progress::kUnavailable;
  }
  if (step_ == Step::kHello && key_.proto == 2) {
    result_.hello_error = line;
    return Progress::kMore;
  }
  error_ = line;
  return Progress::kRefused;
}

}  // namespace herdgate::upstream
