#include "sidecar/pipeline/invalidation_preview.h"

#include <algorithm>
#include <utility>

#include "sidecar/pipeline/scan_reply.h"
#include "sidecar/pipeline/tag_members.h"

namespace herdgate::pipeline {

using State = InvalidationPreviewStatus::State;
using Work = InvalidationPacer::Work;

namespace {

constexpr std::size_t kKeysAtOnce = 256;

std::int64_t IntegerIn(std::string_view reply, std::int64_t otherwise) {
  const auto parsed = resp::ParseReply(reply);
  return parsed.ok() && parsed.value().reply.type == resp::ReplyType::kInteger ? parsed.value().reply.integer
                                                                               : otherwise;
}

// Adds what the origin must expect of these keys in the first second after all of them are gone.
void AddLoad(const InvalidationHost::Hot& hot, bool coalesces, InvalidationPreviewStatus& status) {
  const double delta = static_cast<double>(hot.delta.count()) / 1e9;
  const double once = std::min(1.0, hot.reads_per_second);
  // Those that come while it is computed compute it too.
  const double herd = std::min(hot.reads_per_second, std::max(1.0, hot.reads_per_second * delta));
  const double recomputes = coalesces ? once : herd;
  status.reads_per_second += hot.reads_per_second;
  status.recomputes_per_second += recomputes;
  status.origin_load += recomputes * delta;
}

}  // namespace

InvalidationPreview::InvalidationPreview(const Context& context, std::string token,
                                         std::shared_ptr<const InvalidationRequest> request, base::WallTime expires)
    : context_(context), request_(std::move(request)), loop_(context.lanes.loop()) {
  status_.token = std::move(token);
  status_.request = request_;
  status_.expires = expires;
}

InvalidationPreviewStatus InvalidationPreview::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool InvalidationPreview::ended() const {
  const std::lock_guard lock(mutex_);
  return status_.state != State::kRunning;
}

std::string InvalidationPreview::PolicyName(std::size_t policy) const {
  const policy::Policy* const found = matcher_->At(policy);
  return found == nullptr ? std::string() : found->name;
}

void InvalidationPreview::Start() {
  if (status_.state != State::kRunning) return;
  hands_ = std::make_unique<Hands>(loop_, context_.lanes, context_.key);
  matcher_ = std::make_shared<const InvalidationMatcher>(request_, context_.host.Snapshot());
  if (matcher_->policy_gone()) return End(State::kFailed, "there is no such policy");
  if (!matcher_->waits_for().empty())
    return End(State::kFailed,
               "the generation of policy '" + std::string(matcher_->waits_for()) + "' is not known yet");
  const auto hottest = context_.host.HottestOf(*matcher_);
  Update([&](InvalidationPreviewStatus& status) {
    status.bumps = request_->mode == InvalidationMode::kHard && request_->scope != InvalidationScope::kNear &&
                   (matcher_->can_bump() || !matcher_->tag_policies().empty());
    for (const InvalidationHost::Hot& hot : hottest) {
      const policy::Policy* const policy = matcher_->At(hot.policy);
      AddLoad(hot, policy != nullptr && policy->coalesces(), status);
      if (status.hottest.size() < kHottest)
        status.hottest.push_back({hot.logical, PolicyName(hot.policy), hot.reads_per_second, hot.delta});
    }
  });
  loop_.RefreshNow();
  began_ = loop_.Now();
  hands_->query.Ask({{"DBSIZE"}}, [this](const BatchQuery::Answer& answer) { OnSize(answer); });
}

void InvalidationPreview::Stop(const std::string& why) {
  End(State::kFailed, why);
}

void InvalidationPreview::End(State state, const std::string& error) {
  if (status_.state != State::kRunning) return;
  if (hands_) {
    hands_->timer.Cancel();
    hands_->query.Close();
  }
  Update([&](InvalidationPreviewStatus& status) {
    status.state = state;
    status.error = error;
  });
}

bool InvalidationPreview::Failed(const BatchQuery::Answer& answer) {
  if (!answer.lost.empty()) End(State::kFailed, answer.lost);
  return !answer.lost.empty();
}

void InvalidationPreview::OnSize(const BatchQuery::Answer& answer) {
  if (Failed(answer)) return;
  const auto keys = static_cast<std::uint64_t>(IntegerIn(answer.replies.front(), 0));
  Update([&](InvalidationPreviewStatus& status) { status.keyspace = keys; });
  if (NamesKeys(request_->kind)) return OnKeys(0, 0, {});
  if (request_->kind != InvalidationKind::kTag || !matcher_->tag_policies().empty()) return NextPage();
  Update([](InvalidationPreviewStatus& status) {
    status.exact = true;
    status.progress = 1;
  });
  AskMembers();
}

// ---- keys that are named

void InvalidationPreview::OnKeys(std::size_t first, std::size_t count, const BatchQuery::Answer& answer) {
  if (Failed(answer)) return;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& key = request_->targets[first + i];
    if (IntegerIn(answer.replies[i], 0) == 1) Take(matcher_->Physical(key), key, matcher_->PolicyOf(key));
  }
  const std::size_t next = first + count;
  const std::size_t all = request_->targets.size();
  Update([&](InvalidationPreviewStatus& status) {
    status.progress = static_cast<double>(next) / static_cast<double>(all);
    status.exact = next == all;
    status.keys = status.found;
  });
  if (next == all) return AskSample();
  std::vector<BatchQuery::Words> requests;
  for (std::size_t i = next; i < std::min(all, next + kKeysAtOnce); ++i)
    requests.push_back({"EXISTS", matcher_->Physical(request_->targets[i])});
  const std::size_t asked = requests.size();
  hands_->query.Ask(requests, [this, next, asked](const BatchQuery::Answer& reply) { OnKeys(next, asked, reply); });
}

// ---- keys that have to be found

void InvalidationPreview::NextPage() {
  loop_.RefreshNow();
  const auto now = loop_.Now();
  if (const auto delay = pacer_.DelayUntil(Work::kScan, now); delay.count() > 0)
    return hands_->timer.After(std::chrono::ceil<std::chrono::milliseconds>(delay), [this] { NextPage(); });
  const std::size_t page = pacer_.page();
  pacer_.Sent(Work::kScan, page, now);
  BatchQuery::Words scan = {"SCAN", std::to_string(cursor_), "COUNT", std::to_string(page)};
  if (matcher_->pattern() != "*") scan.insert(scan.end(), {"MATCH", matcher_->pattern()});
  hands_->query.Ask({scan}, [this](const BatchQuery::Answer& answer) { OnPage(answer); });
}

void InvalidationPreview::OnPage(const BatchQuery::Answer& answer) {
  if (Failed(answer)) return;
  pacer_.Answered(Work::kScan, answer.took);
  const auto parsed = resp::ParseReply(answer.replies.front());
  const auto page = parsed.ok() ? ReadScanPage(parsed.value().reply) : std::nullopt;
  if (!page) return End(State::kFailed, "the upstream's SCAN can't be read");
  std::uint64_t hidden = 0;
  for (const std::string_view key : page->keys) {
    const InvalidationMatcher::Judged judged = matcher_->Judge(key);
    if (judged.verdict == InvalidationMatcher::Verdict::kMatch) Take(key, judged.logical, judged.policy);
    if (judged.verdict == InvalidationMatcher::Verdict::kHidden) ++hidden;
  }
  cursor_ = page->cursor;
  Update([&](InvalidationPreviewStatus& status) {
    status.hidden += hidden;
    status.exact = cursor_ == 0;
    status.progress = status.exact ? 1 : std::max(status.progress, ScanProgress(cursor_));
    const auto all = static_cast<double>(status.found) / std::max(status.progress, 1e-9);
    status.keys = status.exact ? status.found : static_cast<std::uint64_t>(all);
  });
  loop_.RefreshNow();
  if (cursor_ != 0 && loop_.Now() - began_ < kBudget) return NextPage();
  request_->kind == InvalidationKind::kTag ? AskMembers() : AskSample();
}

// ---- keys that apps have tagged: added as they are, though some may be gone, and some found by a rule too

void InvalidationPreview::AskMembers() {
  const std::string& tag = request_->targets.front();
  std::vector<BatchQuery::Words> requests;
  for (const TagSchema& schema : TagSchemasOf(matcher_->snapshot())) {
    requests.push_back({"ZCARD", TagMembersKey(tag, schema)});
    requests.push_back({"ZCARD", TakenMembersKey(tag, schema)});
    requests.push_back({"ZRANDMEMBER", TagMembersKey(tag, schema), std::to_string(kSample)});
  }
  hands_->query.Ask(requests, [this](const BatchQuery::Answer& answer) { OnMembers(answer); });
}

void InvalidationPreview::OnMembers(const BatchQuery::Answer& answer) {
  if (Failed(answer)) return;
  std::uint64_t members = 0;
  const std::uint64_t found = status_.found;
  for (std::size_t i = 0; i + 2 < answer.replies.size(); i += 3) {
    members += static_cast<std::uint64_t>(IntegerIn(answer.replies[i], 0) + IntegerIn(answer.replies[i + 1], 0));
    const auto parsed = resp::ParseReply(answer.replies[i + 2]);
    if (!parsed.ok()) continue;
    for (const resp::Reply& member : parsed.value().reply.elements) {
      if (member.is_text()) Take(matcher_->Physical(member.text), member.text, matcher_->PolicyOf(member.text));
    }
  }
  Update([&](InvalidationPreviewStatus& status) {
    status.keys += members;
    status.found = found + members;
    status.exact = status.exact && members == 0;
  });
  AskSample();
}

// ---- the sample

// Each key that is seen has the same chance to stay (reservoir sampling, Vitter's algorithm R).
void InvalidationPreview::Take(std::string_view physical, std::string_view logical, std::size_t policy) {
  const std::string name = PolicyName(policy);
  Update([&](InvalidationPreviewStatus& status) {
    ++status.found;
    ++status.by_policy[name];
    if (status.sample.size() < kSample) {
      status.sample.push_back({std::string(logical), name});
      physical_.emplace_back(physical);
      return;
    }
    const std::uint64_t place = hands_->random.Next() % status.found;
    if (place >= kSample) return;
    status.sample[place] = {std::string(logical), name};
    physical_[place] = physical;
  });
}

void InvalidationPreview::AskSample() {
  if (physical_.empty()) return End(State::kDone);
  std::vector<BatchQuery::Words> requests;
  for (const std::string& key : physical_) {
    requests.push_back({"PTTL", key});
    requests.push_back({"MEMORY", "USAGE", key});
  }
  hands_->query.Ask(requests, [this](const BatchQuery::Answer& answer) { OnSample(answer); });
}

void InvalidationPreview::OnSample(const BatchQuery::Answer& answer) {
  if (Failed(answer)) return;
  Update([&](InvalidationPreviewStatus& status) {
    std::uint64_t bytes = 0;
    std::uint64_t sized = 0;
    for (std::size_t i = 0; i < status.sample.size(); ++i) {
      status.sample[i].ttl_ms = IntegerIn(answer.replies[2 * i], -2);
      status.sample[i].bytes = static_cast<std::uint64_t>(IntegerIn(answer.replies[2 * i + 1], 0));
      bytes += status.sample[i].bytes;
      sized += status.sample[i].bytes > 0 ? 1 : 0;
    }
    if (sized > 0) status.bytes = status.keys * (bytes / sized);
  });
  End(State::kDone);
}

}  // namespace herdgate::pipeline
