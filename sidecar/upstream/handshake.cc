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

void Handshake::Plan() {
  const bool is_own = *key_.identity == *own_ || key_.identity->auth.empty();
  steps_.clear();
  if (!is_own && !own_->auth.empty()) steps_.push_back(Step::kOwnAuth);
  if (!is_own && key_.db != 0) steps_.push_back(Step::kOwnSelect);
  if (!key_.identity->auth.empty()) steps_.push_back(Step::kAuth);
  steps_.push_back(Step::kHello);
  if (!is_own || key_.db != 0) steps_.push_back(Step::kSelect);
}

std::string Handshake::Start() {
  input_.clear();
  at_ = 0;
  error_.clear();
  result_ = {};
  done_ = 0;
  selected_ = key_.db == 0;
  Plan();
  std::string out;
  for (const Step step : steps_) {
    if (step == Step::kHello) {
      resp::AppendRequest(out, {"HELLO", key_.proto == 3 ? "3" : "2"});
    } else if (step == Step::kSelect || step == Step::kOwnSelect) {
      resp::AppendRequest(out, {"SELECT", std::to_string(key_.db)});
    } else {
      const auto& auth = step == Step::kAuth ? key_.identity->auth : own_->auth;
      std::vector<std::string_view> args = {"AUTH"};
      args.insert(args.end(), auth.begin(), auth.end());
      resp::AppendRequest(out, args);
    }
  }
  return out;
}

Handshake::Progress Handshake::Take(std::string_view bytes) {
  input_.append(bytes);
  while (done_ < steps_.size()) {
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
    ++done_;
  }
  return Progress::kDone;
}

Handshake::Progress Handshake::Judge(std::string_view raw, const HandshakeReply& reply) {
  const Step step = steps_[done_];
  if (!reply.is_error()) {
    if (step == Step::kHello) {
      result_.hello = raw;
      ReadHello(reply.reply, result_);
    }
    selected_ |= step == Step::kOwnSelect || step == Step::kSelect;
    return Progress::kMore;
  }
  const std::string line = "-" + std::string(reply.reply.text);
  // Full, or in protected mode: it says so in place of the first answer and closes.
  if (reply.Begins("ERR max number of clients") || reply.Begins("DENIED")) {
    error_ = reply.reply.text;
    return Progress::kUnavailable;
  }
  if (step == Step::kHello && (reply.Begins("NOAUTH") || key_.proto == 2)) result_.hello_error = line;
  if (step == Step::kSelect) result_.select_error = line;
  if (reply.Begins("NOAUTH")) result_.unauthenticated |= step == Step::kHello || step == Step::kSelect;
  const bool harmless = step == Step::kOwnAuth || step == Step::kOwnSelect || reply.Begins("NOAUTH") ||
                        (step == Step::kHello && !result_.hello_error.empty()) || (step == Step::kSelect && selected_);
  if (harmless) return Progress::kMore;
  error_ = line;
  return Progress::kRefused;
}

}  // namespace herdgate::upstream
