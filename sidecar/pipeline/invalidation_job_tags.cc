// InvalidationJob: tags: new versions for those that keys have by rules, and the keys that apps have tagged.
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/invalidation_job.h"
#include "sidecar/pipeline/passing_error.h"
#include "sidecar/pipeline/scan_reply.h"
#include "sidecar/pipeline/tag_members.h"
#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {

using Scope = InvalidationScope;

namespace {

constexpr std::size_t kMembersAtOnce = 1000;
// RENAMENX, EXISTS of both names, and the members.
constexpr std::size_t kRenamedReplies = 4;

// The texts of an array; nothing of anything else.
std::vector<std::string_view> TextsOf(const resp::Reply& reply) {
  std::vector<std::string_view> texts;
  for (const resp::Reply& element : reply.elements) {
    if (element.is_text()) texts.push_back(element.text);
  }
  return texts;
}

}  // namespace

// ---- by rules

// One policy after another; those that have it already are left out when it is tried again.
bool InvalidationJob::HasTagsToBump() const {
  return std::ranges::any_of(matcher_->tag_policies(),
                             [&](const std::string& name) { return !tag_bumped_.contains(name); });
}

// REQUIRES: HasTagsToBump.
void InvalidationJob::BumpTags() {
  const auto& names = matcher_->tag_policies();
  const auto next = std::ranges::find_if(names, [&](const std::string& name) { return !tag_bumped_.contains(name); });
  busy_ = true;
  const auto done = [self = shared_from_this(), name = *next](const base::Result<TagBump>& result) {
    self->busy_ = false;
    self->OnTagBumped(name, result);
  };
  context_.host.BumpTag(*next, request_->targets.front(), done);
}

void InvalidationJob::OnTagBumped(const std::string& policy, const base::Result<TagBump>& result) {
  if (HasEnded(status_.state)) return;
  if (!result.ok()) return OnNotBumped(result.status());
  tag_bumped_.insert(policy);
  const TagBump bump = result.value();
  Update([&](InvalidationStatus& status) {
    ++status.bumped;
    if (bump.version == 0) ++status.renewed;
    status.generation = std::max(status.generation, std::max(bump.generation, bump.version));
  });
  NotWaiting();
  Step();
}

// ---- by apps

void InvalidationJob::BeginMembers() {
  members_left_ = request_->kind == InvalidationKind::kTag;
  members_begun_ = false;
  members_schemas_ = TagSchemasOf(matcher_->snapshot());
  members_taken_ = false;
  members_second_ = false;
  members_cursor_ = 0;
}

// The keys of the next schema.
void InvalidationJob::EndOfMembers() {
  members_schemas_.pop_back();
  members_left_ = !members_schemas_.empty();
  members_taken_ = false;
  members_second_ = false;
}

std::string InvalidationJob::MembersName(bool taken) const {
  const std::string& tag = request_->targets.front();
  return taken ? TakenMembersKey(tag, members_schemas_.back()) : TagMembersKey(tag, members_schemas_.back());
}

// A soft one leaves the keys tagged: they are there until they end.
bool InvalidationJob::ReadsInPlace() const {
  return request_->mode == InvalidationMode::kSoft || request_->scope == Scope::kNear;
}

void InvalidationJob::NextMembers() {
  busy_ = true;
  members_begun_ = true;
  // On another connection it is not known whether the set was taken, and cursors mean other things: it may be another
  // process.
  if (!hands_->query.connected() || hands_->query.connection() != members_connection_) {
    members_taken_ = false;
    members_cursor_ = 0;
  }
  ReadsInPlace() ? ScanMembers() : AskTakenMembers();
}

// The keys keep their tag. First what another job has taken and is not done with.
void InvalidationJob::ScanMembers() {
  const std::string set = MembersName(!members_second_);
  hands_->query.Ask(
      {{"EXISTS", set}, {"ZSCAN", set, std::to_string(members_cursor_), "COUNT", std::to_string(kMembersAtOnce)}},
      [this](const BatchQuery::Answer& answer) {
        busy_ = false;
        OnScannedMembers(answer);
      });
}

void InvalidationJob::OnScannedMembers(const BatchQuery::Answer& answer) {
  if (LostOrRefused(answer, MembersError(answer))) return;
  NotWaiting();
  members_connection_ = hands_->query.connection();
  if (HasOtherSet(matcher_->snapshot())) return Step();  // they are asked for again
  if (!Refresh()) return;
  const auto parsed = resp::ParseReply(answer.replies.back());
  const auto page = parsed.ok() ? ReadScanPage(parsed.value().reply) : std::nullopt;
  std::vector<std::string_view> members;
  for (std::size_t i = 0; page && i < page->keys.size(); i += 2) members.push_back(page->keys[i]);  // and their scores
  members_cursor_ = page ? page->cursor : 0;
  TakeMembers(members);
  if (members_cursor_ == 0 && std::exchange(members_second_, true)) EndOfMembers();
  Step();
}

// The set is taken by another name, from which keys go when they are done with; what another job has left there comes
// first.
void InvalidationJob::AskTakenMembers() {
  std::vector<BatchQuery::Words> requests;
  if (!members_taken_) requests.push_back({"RENAMENX", MembersName(false), MembersName(true)});
  if (!members_taken_) requests.push_back({"EXISTS", MembersName(false)});
  requests.push_back({"EXISTS", MembersName(true)});
  requests.push_back({"ZRANGE", MembersName(true), "0", std::to_string(kMembersAtOnce - 1)});
  hands_->query.Ask(requests, [this](const BatchQuery::Answer& answer) {
    busy_ = false;
    OnMembers(answer);
  });
}

// Of what was answered; empty: none that counts. Where there is no set, its commands may be unknown, or not allowed.
std::string_view InvalidationJob::MembersError(const BatchQuery::Answer& answer) const {
  if (!answer.lost.empty()) return {};
  const auto error_of = [&](std::size_t i, bool counts) {
    const std::string_view reply = answer.replies[i];
    return reply.starts_with('-') && (counts || IsPassing(reply)) ? reply : std::string_view();
  };
  const std::size_t last = answer.replies.size() - 1;
  const bool renamed = last == kRenamedReplies - 1;
  std::string_view error = error_of(last - 1, true);
  if (error.empty()) error = error_of(last, answer.replies[last - 1] != ":0\r\n");
  if (!renamed || !error.empty()) return error;
  error = error_of(1, true);
  const bool there = answer.replies[1] != ":0\r\n" && !answer.replies[0].starts_with("-ERR no such key");
  return error.empty() ? error_of(0, there) : error;
}

void InvalidationJob::OnMembers(const BatchQuery::Answer& answer) {
  if (LostOrRefused(answer, MembersError(answer))) return;
  NotWaiting();
  // 0: what another one took is still there, and comes first. Else there is no set of this name now, but for later
  // tags.
  const bool renames = answer.replies.size() == kRenamedReplies;
  if (renames) {
    members_taken_ = answer.replies.front() != ":0\r\n";
    members_connection_ = hands_->query.connection();
  }
  if (HasOtherSet(matcher_->snapshot())) return Step();  // they are asked for again
  if (!Refresh()) return;
  const auto parsed = resp::ParseReply(answer.replies.back());
  const std::vector<std::string_view> members =
      parsed.ok() ? TextsOf(parsed.value().reply) : std::vector<std::string_view>();
  TakeMembers(members);
  if (members.empty() && members_taken_) EndOfMembers();
  Step();
}

void InvalidationJob::TakeMembers(const std::vector<std::string_view>& members) {
  for (const std::string_view member : members) {
    std::size_t policy = matcher_->PolicyOf(member);
    std::string physical = matcher_->Physical(member);
    // A deployment whose policies are others has tagged it, under another name.
    if (TagSchemaOf(matcher_->snapshot(), policy) != members_schemas_.back()) {
      policy = policy::PolicySet::kNone;
      physical = policy::VersionPrefix(members_schemas_.back(), 0).append(member);
    }
    const std::size_t prefix = physical.size() - member.size();
    pending_.push_back({std::move(physical), prefix, policy});
  }
}

// Behind what is done with them: what is lost on the way is done again.
BatchQuery::Words InvalidationJob::ForgetMembers(const InvalidationBatch& batch) const {
  BatchQuery::Words words = {"ZREM", MembersName(true)};
  for (const Key& key : batch.keys) words.emplace_back(key.logical());
  return words;
}

}  // namespace herdgate::pipeline
