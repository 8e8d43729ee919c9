// Client: HERDGATE.TAG, which the upstream does not know: an EVAL goes in its place, over the same lane.
#include <utility>

#include "sidecar/command/table.h"
#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/tag_members.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandSpec;
using net::Verdict;

namespace {

// Counted as EVAL, but quick: it does not leave the lane of the SET that it follows.
const CommandSpec& TagSpec() {
  static const CommandSpec spec = [] {
    CommandSpec made = *command::BuiltIn().FindFull("eval");
    made.command_class = command::CommandClass::kShared;
    made.keys = {};
    return made;
  }();
  return spec;
}

TaggedKey TaggedKeyOf(const policy::SnapshotPtr& snapshot, std::string_view key) {
  TaggedKey tagged{.logical = key, .physical = std::string(key)};
  const std::size_t index = snapshot ? snapshot->set().Match(key) : policy::PolicySet::kNone;
  if (index == policy::PolicySet::kNone) return tagged;
  tagged.physical = snapshot->Physical(key);
  tagged.schema = TagSchemaOf(snapshot, index);
  const policy::Policy& policy = snapshot->set().at(index);
  if (policy.mode == policy::Mode::kEnforce) tagged.longest = policy.ttl.max;
  return tagged;
}

}  // namespace

// Nothing: it is to be handled as what it is for the upstream, a command that it does not know. That is what a wrong
// one inside MULTI gets, so that EXEC fails.
std::optional<Verdict> Client::TagKey(const resp::Request& request) {
  const bool queued = in_multi_ || block_left_ > 0;
  std::string_view error = WrongTagArguments(request.args);
  if (error.empty() && db_ != context_.default_db)
    error = "-ERR herdgate: HERDGATE.TAG works in the database of upstream.url only\r\n";
  if (raw_ || (queued && !error.empty())) return std::nullopt;
  if (!error.empty()) return Answer(TagSpec(), error);
  const policy::SnapshotPtr& snapshot = context_.policies->snapshot();
  const std::string raw = TagRequest(TaggedKeyOf(snapshot, request.args[1]), request.args.subspan(2));
  resp::RequestDecoder decoder(context_.limits());
  resp::Request tag;
  if (decoder.Decode(raw, tag) != resp::RequestDecoder::Outcome::kRequest) return std::nullopt;
  near_note_.reset();
  if (!snapshot) return Dispatch(TagSpec(), tag);
  policy::RequestPlan plan;
  return Carry(TagSpec(), tag, plan);
}

}  // namespace herdgate::pipeline
