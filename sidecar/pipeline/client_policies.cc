// Client: requests judged by their policies on the way out, replies rewritten on the way back.
#include <algorithm>
#include <utility>
#include <vector>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/local_commands.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/offline_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/policy/reply_rewriter.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/reply.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandClass;
using command::CommandSpec;
using net::Verdict;
using policy::RequestPlan;

namespace {

constexpr std::string_view kDiscard = "*1\r\n$7\r\nDISCARD\r\n";

std::vector<std::string> WordsOf(const policy::FollowUp& follow_up) {
  if (follow_up.removes) return {"UNLINK", follow_up.key};
  if (!follow_up.value.empty())
    return {"SET", follow_up.key, follow_up.value, "PX", std::to_string(follow_up.ttl.count())};
  std::vector<std::string> words = {"PEXPIRE", follow_up.key, std::to_string(follow_up.ttl.count())};
  if (follow_up.cap) {
    words.emplace_back("LT");
  } else if (follow_up.only_shorten) {
    words.insert(words.end(), {"XX", "LT"});
  } else {
    words.emplace_back("NX");
  }
  return words;
}

}  // namespace

PolicyWork& Client::Work() {
  if (!policy_work_) policy_work_ = std::make_unique<PolicyWork>();
  return *policy_work_;
}

Verdict Client::Weighed(const CommandSpec& spec, const resp::Request& request) {
  const bool one_key = spec.keys.first_argument_only() && spec.ttl != command::TtlEffect::kTtlUnknown;
  if (!one_key || request.args.size() < 2 || in_multi_ || block_left_ > 0) return Judged(spec, request);
  const std::size_t policy = context_.policies->snapshot()->set().Match(request.args[1]);
  if (policy == policy::PolicySet::kNone) return Dispatch(spec, request);
  return IsPlainGet(spec, request, policy) ? SendPlainGet(spec, request, policy) : Judged(spec, request);
}

bool Client::IsPlainGet(const CommandSpec& spec, const resp::Request& request, std::size_t policy) const {
  const policy::Policy& matched = context_.policies->snapshot()->set().at(policy);
  return context_.near->IsGet(spec, request) && matched.watched() && !matched.version.any() && !raw_ && !skip_this_ &&
         !subscriptions_.any() && MayLookNear(false) && !context_.offline->away();
}

// As Judged and Carry do it, of which nothing else is left.
Verdict Client::SendPlainGet(const CommandSpec& spec, const resp::Request& request, std::size_t policy) {
  RequestPlan& plan = context_.policies->PlanOfGet(policy);
  near_note_ = context_.near->LookingUp(*context_.policies->snapshot(), request.args[1], policy);
  near_note_->refresh = refresh_due_;
  plan_ = &plan;
  degradable_ = plan.degradable;
  const Verdict verdict = Forward(spec, request, false);
  plan_ = nullptr;
  return verdict;
}

Verdict Client::Judged(const CommandSpec& spec, const resp::Request& request) {
  // What a RESP2 subscriber may not send is refused by its name: it must be the one that the app wrote. While something
  // is owed, it may be an UNSUBSCRIBE that makes it allowed.
  const bool refused_anyway = outstanding_ == 0 && subscribed_in_resp2() && spec.command_class != CommandClass::kPubSub;
  if (raw_ || refused_anyway) return Dispatch(spec, request);
  const bool queued = in_multi_ || block_left_ > 0;
  if (queued && spec.command_class == CommandClass::kTransaction && spec.AcceptsCount(request.args.size())) {
    if (spec.name == "exec") return JudgedExec(spec, request);
    if (spec.name == "discard" && policy_work_) {
      policy_work_->transaction.Clear();
      policy_work_->watched.Clear();
    }
    if (spec.name == "discard" && near_work_) near_work_->queued.reset();
  }
  RequestPlan& plan = context_.policies->Judge(spec, request, queued, context_.facts->max_bulk_bytes);
  if (plan.action == RequestPlan::Action::kRefuse) return RefuseByPolicy(spec, plan);
  if (plan.action == RequestPlan::Action::kWait) {
    const auto verdict = AnswerOffline(spec, request, plan, queued);
    return verdict ? *verdict : AwaitGeneration(spec, plan);
  }
  if (!queued && plan.reply.shape == policy::ReplyShape::kRandomKey) return FindRandomKey(spec);
  if (const auto reply = AnswerNear(spec, request, plan, queued)) return Answer(spec, *reply);
  resp::Request judged = request;
  if (plan.action == RequestPlan::Action::kRewrite) judged.raw = plan.raw;
  if (const auto verdict = AnswerOffline(spec, judged, plan, queued)) return *verdict;
  NoteNear(spec, request, plan, queued);
  if (const auto rest = NearRest(request)) judged.raw = *rest;
  return Carry(spec, judged, plan);
}

// Sends what was judged, and remembers what its reply needs.
Verdict Client::Carry(const CommandSpec& spec, const resp::Request& judged, RequestPlan& plan) {
  const bool queued = in_multi_ || block_left_ > 0;
  // CLIENT TRACKING is built anew from its arguments, so these must be the rewritten ones too.
  std::optional<resp::RequestDecoder> decoder;
  resp::Request decoded = judged;
  if (spec.command_class == CommandClass::kTracking && plan.action == RequestPlan::Action::kRewrite)
    (void)decoder.emplace(context_.limits()).Decode(plan.raw, decoded);
  plan_ = queued ? nullptr : &plan;  // queued it is answered by one line
  sent_ = false;
  degradable_ = MayDegrade(plan, queued);
  const Verdict verdict = Dispatch(spec, decoded);
  plan_ = nullptr;
  if (verdict != Verdict::kDone) return verdict;
  if (!sent_) return verdict;
  context_.policies->Count(plan);
  if (queued) {
    plan.reply.proto = proto_;
    // Refused or at once carried out, these leave no reply in EXEC's array.
    const bool is_queued = spec.command_class != CommandClass::kTransaction || spec.name == "unwatch";
    if (is_queued) Work().transaction.Add(plan);
    if (is_queued && near_note_) context_.flights->Learn(spec, judged.args, &plan, id_, true, *near_note_);
    if (is_queued) QueueNear();
  } else {
    if (spec.name == "watch") Work().watched.Add(context_.policies->snapshot(), judged.args.subspan(1));
    if (spec.name == "unwatch" && policy_work_) policy_work_->watched.Clear();
    SendFollowUps(spec, plan.follow_ups);
  }
  return verdict;
}

// Called by SendOn when a judged request was taken by its lane.
void Client::NoteReplyWork() {
  Work().replies.push_back({.work = std::move(plan_->reply),
                            .instead = std::exchange(instead_, {}),
                            .near = near_note_ ? near_note_->parts : nullptr});
}

Verdict Client::RefuseByPolicy(const CommandSpec& spec, const RequestPlan& plan) {
  if (in_multi_ || block_left_ > 0) Work().transaction.Refuse();
  if (block_left_ > 0) --block_left_;
  context_.policies->Count(plan);
  return Answer(spec, plan.error);
}

Verdict Client::AwaitGeneration(const CommandSpec& spec, const RequestPlan& plan) {
  const auto waited = context_.loop.Now().time_since_epoch() - std::chrono::nanoseconds(first_tried_ns_);
  // A transaction that goes over a shared lane in one run can't pause in its middle.
  if (block_left_ == 0 && waited < context_.options.generation_timeout) {
    context_.policies->Await(weak_from_this());
    return Verdict::kWait;
  }
  const auto& policy = context_.policies->snapshot()->set().at(plan.waiting_for);
  if (in_multi_ || block_left_ > 0) Work().transaction.Refuse();
  if (block_left_ > 0) --block_left_;
  // Mostly because there is no upstream, which is then the better answer.
  const upstream::Lane& lane = SharedLane(false);
  if (lane.refuses()) return Answer(spec, lane.RefusalError());
  return Answer(spec, "-ERR herdgate: the generation of policy '" + policy.name + "' is not known yet\r\n");
}

Verdict Client::JudgedExec(const CommandSpec& spec, const resp::Request& request) {
  const auto verdict_of = Work().transaction.AtExec();
  degradable_ = false;
  RequestPlan plan;
  plan.reply = verdict_of.reply;
  plan.follow_ups = verdict_of.follow_ups;
  resp::Request judged = request;
  instead_ = verdict_of.error;
  // What was watched is hidden: the upstream does not know that as a change.
  if (instead_.empty() && Work().watched.Renamed(context_.policies->snapshot()))
    resp::AppendNullArray(instead_, proto_);
  const bool discards = !instead_.empty();
  if (discards) {
    judged.raw = kDiscard;
    plan.follow_ups.clear();
  }
  near_note_.reset();
  if (near_work_ && near_work_->queued && !discards) {
    near_note_ = std::make_unique<NearNote>(*near_work_->queued);
    context_.near->Lost(*near_note_);  // dropped at send
  }
  plan_ = &plan;
  sent_ = false;
  const Verdict verdict = Dispatch(spec, judged);
  plan_ = nullptr;
  if (verdict != Verdict::kDone) return verdict;
  if (near_work_) near_work_->queued.reset();
  instead_.clear();
  plan.judgements = verdict_of.judgements;
  plan.refusals = verdict_of.refusals;
  context_.policies->Count(plan);
  Work().transaction.Clear();
  Work().watched.Clear();
  if (!sent_) return verdict;
  if (resync_) {
    Work().late_follow_ups = std::move(plan.follow_ups);
  } else {
    SendFollowUps(spec, plan.follow_ups);
  }
  return verdict;
}

// Right behind the command, on its lane; nobody expects the replies.
void Client::SendFollowUps(const CommandSpec& spec, const std::vector<policy::FollowUp>& follow_ups) {
  if (follow_ups.empty() || current_ == nullptr) return;
  std::string request;
  for (const auto& follow_up : follow_ups) {
    request.clear();
    const std::vector<std::string> words = WordsOf(follow_up);
    const std::vector<std::string_view> args(words.begin(), words.end());
    resp::AppendRequest(request, args);
    // It shares the fate of its command.
    upstream::Pending pending = MakePending(spec, kSwallow, false);
    pending.degradable = degradable_ && current_->use() != upstream::LaneUse::kDedicated;
    if (!current_->Send(request, *this, pending)) return;
    ++outstanding_;
  }
}

// After an EXEC that changed the session, over the sidecar's own connection, which is in database 0.
void Client::SendLateFollowUps() {
  if (!policy_work_) return;
  for (const auto& follow_up : std::exchange(policy_work_->late_follow_ups, {})) {
    if (db_ == 0) context_.own_query->Ask(WordsOf(follow_up), 0, [](const std::string&) {});
  }
}

// ---- replies

// The reply to a request that was tagged with kRewriteReply, as the app may see it.
std::string Client::Rewritten(std::string_view reply) {
  if (!policy_work_ || policy_work_->replies.empty()) return std::string(reply);
  PolicyWork::Awaited awaited = std::move(policy_work_->replies.front());
  policy_work_->replies.pop_front();
  if (!awaited.instead.empty() && !reply.starts_with('-')) return awaited.instead;
  if (awaited.near) return Merge(*awaited.near, reply);
  return policy::RewriteReply(awaited.work, reply);
}

void Client::ForgetTracked() {
  if (!tracking_ || tracking_redirect_ > 0 || proto_ != 3 || session_ == nullptr) return;
  session_->replies().Local(">2\r\n$10\r\ninvalidate\r\n_\r\n");
  set_singles(session_->replies().has_open_slots());
  session_->TouchReplies();
}

// ---- RANDOMKEY: a key of the version in force. Asks again while it draws others, then looks through the database.

Verdict Client::FindRandomKey(const CommandSpec& spec) {
  if (outstanding_ > 0) return AwaitSettled();
  if (pins_ != 0) {
    if (const auto verdict = TakeDedicated()) return *verdict;
  }
  upstream::Lane& lane = pins_ != 0 ? *dedicated_ : SharedLane(false);
  random_key_draws_ = 0;
  random_key_slot_ = AnswerLater();
  AskRandomKey(lane, spec.id, {"RANDOMKEY"});
  return Verdict::kDone;
}

void Client::AskRandomKey(upstream::Lane& lane, std::uint16_t command, std::initializer_list<std::string_view> args) {
  std::string request;
  resp::AppendRequest(request, args);
  upstream::Pending pending = MakePending(context_.facts->table->at(command), kRandomKey, false);
  pending.own = random_key_draws_ > 0;
  if (!lane.Send(request, *this, pending)) return FillCounted(random_key_slot_, lane.RefusalError());
  ++outstanding_;
  current_ = &lane;
}

// REQUIRES: called while the lane's reply is being delivered, so that current_ is it.
void Client::RandomKeyAnswered(const std::string& reply) {
  constexpr int kDraws = 16;
  if (session_ == nullptr) return;
  const auto answer = [&](std::optional<std::string_view> key) {
    std::string out;
    if (key) {
      resp::AppendBulk(out, *key);
    } else {
      resp::AppendNull(out, proto_);
    }
    FillCounted(random_key_slot_, out);
  };
  const auto parsed = resp::ParseReply(reply);
  const auto& snapshot = context_.policies->snapshot();
  if (!parsed.ok() || reply.starts_with('-') || !snapshot) return FillCounted(random_key_slot_, reply);
  const resp::Reply& value = parsed.value().reply;
  const auto command = context_.facts->table->FindFull("randomkey")->id;
  if (value.type == resp::ReplyType::kArray && value.elements.size() == 2) {  // SCAN
    for (const auto& key : value.elements[1].elements) {
      if (const auto visible = snapshot->Visible(key.text)) return answer(visible);
    }
    if (value.elements[0].text == "0") return answer(std::nullopt);
    return AskRandomKey(*current_, command, {"SCAN", value.elements[0].text, "COUNT", "1000"});
  }
  if (value.type == resp::ReplyType::kNull) return answer(std::nullopt);
  if (const auto visible = snapshot->Visible(value.text)) return answer(visible);
  if (++random_key_draws_ < kDraws) return AskRandomKey(*current_, command, {"RANDOMKEY"});
  AskRandomKey(*current_, command, {"SCAN", "0", "COUNT", "1000"});
}

// ---- requests too large to be held

namespace {

// Whether all that judging needs of a request stands before its first large argument.
bool IsJudgedByItsHead(const CommandSpec& spec, const net::LargeRequest& head) {
  if (head.args.size() < 2) return false;
  constexpr std::size_t kPlainSet = 3;
  if (spec.name == "set") return head.declared_args == kPlainSet;
  return spec.keys.first_argument_only() &&
         (spec.ttl == command::TtlEffect::kTtlNone || spec.ttl == command::TtlEffect::kTtlKeeps);
}

}  // namespace

// What must be sent before and behind the bytes of a large request from `skip` on; nothing if it has to be held whole.
std::optional<Client::LargeEdit> Client::JudgeLarge(const CommandSpec& spec, const net::LargeRequest& head) {
  // Which command it is may be known no sooner than by its second word.
  constexpr std::size_t kNamed = 2;
  if (head.args.size() < std::min(kNamed, head.declared_args)) return std::nullopt;
  if (spec.keys.empty() && spec.command_class != CommandClass::kPubSub) return LargeEdit{};
  if (!IsJudgedByItsHead(spec, head)) return std::nullopt;
  // No judgement looks at more arguments than these; how many there are is the client's word.
  constexpr std::size_t kMostLookedAt = 64;
  std::vector<std::string_view> args(head.args.begin(), head.args.begin() + std::min(head.args.size(), kNamed));
  args.resize(std::min(head.declared_args, kMostLookedAt));
  std::string raw;
  resp::AppendRequest(raw, args);
  RequestPlan& plan = context_.policies->Judge(spec, {.args = args, .raw = raw, .was_inline = false}, in_multi_,
                                               context_.facts->max_bulk_bytes);
  LargeEdit edit;
  edit.plan = &plan;
  if (plan.action != RequestPlan::Action::kRewrite) return edit;
  resp::RequestDecoder decoder(context_.limits());
  resp::Request rewritten;
  if (decoder.Decode(plan.raw, rewritten) != resp::RequestDecoder::Outcome::kRequest) return std::nullopt;
  edit.front = "*" + std::to_string(head.declared_args + rewritten.args.size() - args.size()) + "\r\n";
  resp::AppendBulk(edit.front, rewritten.args[0]);
  resp::AppendBulk(edit.front, rewritten.args[1]);
  for (std::size_t i = args.size(); i < rewritten.args.size(); ++i) resp::AppendBulk(edit.back, rewritten.args[i]);
  constexpr std::size_t kLineEnd = 2;
  edit.skip = static_cast<std::size_t>(head.args[1].data() - head.bytes.data()) + head.args[1].size() + kLineEnd;
  return edit;
}

// The stream has begun: what judging decided is carried out as its bytes come.
void Client::NoteLarge(LargeEdit edit) {
  RequestPlan& plan = *std::exchange(edit.plan, nullptr);
  context_.policies->Count(plan);
  if (in_multi_) {
    Work().transaction.Add(plan);
  } else {
    if (!plan.reply.plain()) Work().replies.push_back({.work = std::move(plan.reply), .instead = {}, .near = {}});
    edit.follow_ups = plan.follow_ups;
  }
  edit.command = last_command_;
  dedicated_->StreamBytes(edit.front);
  large_edit_ = std::make_unique<LargeEdit>(std::move(edit));
}

void Client::StreamEdited(std::string_view bytes, bool last) {
  const std::size_t skipped = std::min(large_edit_->skip, bytes.size());
  large_edit_->skip -= skipped;
  dedicated_->StreamBytes(bytes.substr(skipped));
  if (!last) return;
  dedicated_->StreamBytes(large_edit_->back);
  const auto edit = std::exchange(large_edit_, nullptr);
  SendFollowUps(context_.facts->table->at(edit->command), edit->follow_ups);
}

}  // namespace herdgate::pipeline
