// Client: old values for reads that found nothing, of the near cache or of shadows (stampede/shadow.h).
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/client.h"
#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/near_stage.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

using std::chrono::milliseconds;

namespace {

std::optional<OldReply> OldReplyFrom(const stampede::OldValue& old, milliseconds window, base::SteadyTime now) {
  const milliseconds age = std::chrono::ceil<milliseconds>(now - old.ended);
  if (!old.value || age >= window) return std::nullopt;
  OldReply reply{.reply = {}, .age = age, .shadow = true};
  resp::AppendBulk(reply.reply, *old.value);
  return reply;
}

}  // namespace

bool Client::IsLast(const ParkedRead& read) const {
  if (read.away) return outstanding_ == 0 && session_->BytesBehind().empty();
  if (read.slot == 0) return IsLast();
  return !read.hurried && outstanding_ == 0 && session_->input_bytes() == 0 && session_->replies().outstanding() == 0;
}

std::optional<OldReply> Client::OldReplyOf(std::string_view physical, const policy::StampedeRules& rules) {
  const milliseconds window = rules.stale_while_revalidate;
  if (const auto near = context_.near->StaleWhile(physical, window)) {
    OldReply reply{.reply = {}, .age = near->age, .shadow = false};
    resp::AppendBulk(reply.reply, near->value.bytes());
    return reply;
  }
  if (rules.grace != policy::Grace::kShadow) return std::nullopt;
  const auto now = context_.loop.Now();
  const auto old = context_.flights->desk().shadows().Find(physical, now);
  return old ? OldReplyFrom(*old, window, now) : std::nullopt;
}

// Redis is asked before the flight begins: whether the read may wait depends on what there is.
bool Client::AwaitShadow(ParkedRead& read) {
  ShadowDesk& shadows = context_.flights->desk().shadows();
  if (!context_.flights->shadows().Keeps(read.policy) || !IsLast()) return false;
  if (shadows.Find(read.physical, context_.loop.Now())) return false;  // there is none
  FlightWork& work = Flights();
  const std::uint64_t ask = ++work.shadow_asks;
  const auto done = [weak = weak_from_this(), ask](const stampede::OldValue& old) {
    if (const auto self = weak.lock()) self->OnShadow(ask, old);
  };
  if (!shadows.Ask(context_, read.physical, done)) return false;
  read.shadow_ask = ask;
  read.slot = session_->replies().OpenInstead();
  set_singles(true);
  work.parked.push_back(std::move(read));
  return true;
}

void Client::OnShadow(std::uint64_t ask, const stampede::OldValue& old) {
  auto& parked = flight_work_->parked;
  const auto found = std::ranges::find(parked, ask, &ParkedRead::shadow_ask);
  if (found == parked.end() || session_ == nullptr) return;
  ParkedRead read = std::move(*found);
  parked.erase(found);
  read.shadow_ask = 0;
  const auto now = context_.loop.Now();
  stampede::FlightTerms terms = read.guard->Terms();
  terms.may_wait = IsLast(read);
  const std::uint64_t hash = context_.flights->Hash(read.key).hash;
  terms.patience = context_.flights->PatienceFor(*read.guard, hash, terms.max_wait, now);
  if (const auto reply = OldReplyFrom(old, read.rules->stampede.stale_while_revalidate, now)) read.Keep(*reply, terms);
  const net::ReplyQueue::SlotId slot = read.slot;
  if (const auto reply = Begin(terms, std::move(read))) FillParked(slot, *reply);
}

}  // namespace herdgate::pipeline
