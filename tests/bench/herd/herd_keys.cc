// The keys of a Herd, and the values that tell who wrote them.
#include <algorithm>
#include <charconv>
#include <string_view>

#include "tests/bench/herd/herd.h"

namespace herdgate::bench {
namespace {

// The version in a value of that key; 0 if it isn't one.
std::uint64_t VersionIn(std::string_view value, std::uint32_t key) {
  std::uint32_t found_key = 0;
  std::uint64_t version = 0;
  const char* const end = value.data() + value.size();
  auto [at, error] = std::from_chars(value.data(), end, found_key);
  if (error != std::errc{} || at == end || *at != ':' || found_key != key) return 0;
  const auto rest = std::from_chars(at + 1, end, version);
  return rest.ec == std::errc{} && rest.ptr != end && *rest.ptr == ':' ? version : 0;
}

}  // namespace

std::uint32_t Herd::AddKey(bool hot, std::uint32_t number, std::uint32_t generation) {
  Key key;
  key.name = plan_.prefix + (hot ? "" : "other:") + std::to_string(number);
  if (generation > 0) key.name += "." + std::to_string(generation);
  key.hot = hot;
  key.cost = hot ? plan_.cost : plan_.other_cost;
  key.ttl = hot ? plan_.ttl : plan_.other_ttl;
  key.origin = static_cast<std::uint32_t>(origins_.size()) - 1;
  if (hot) key.origin = plan_.own_origins ? number : 0;
  key.generation = generation;
  keys_.push_back(std::move(key));
  return static_cast<std::uint32_t>(keys_.size()) - 1;
}

std::uint32_t Herd::KeyOf(const Arrival& arrival) {
  if (!arrival.hot) return first_other_ + arrival.key;
  if (plan_.cold_every <= 0) return arrival.key;
  const auto generation = static_cast<std::uint32_t>(arrival.due / plan_.cold_every);
  const std::uint32_t place = generation * plan_.arrivals.keys + arrival.key;
  while (keys_.size() <= place) {
    const auto next = static_cast<std::uint32_t>(keys_.size());
    AddKey(true, next % plan_.arrivals.keys, next / plan_.arrivals.keys);
  }
  return place;
}

// Writes every hot key, the first ends spread evenly over a time to live.
void Herd::Preload() {
  if (plan_.cold_every > 0) return;
  for (std::uint32_t key = 0; key < plan_.arrivals.keys; ++key) {
    requests_.emplace_back();
    const std::uint64_t id = requests_.size() - 1;
    requests_[id].key = key;
    requests_[id].pod = key % static_cast<std::uint32_t>(plan_.pods.size());
    requests_[id].serial = ++serial_;
    requests_[id].due = -1;
    ++under_way_[requests_[id].pod];
    SendSet(id, plan_.ttl * (key + 1) / plan_.arrivals.keys);
  }
  while (free_.size() < requests_.size() && !Stopped()) {
    FireDeadlines(Now());
    links_.Wait(std::min(plan_.timeout, 0.1));
  }
}

// The key's place and the version in front, so that a value of another key or an older one shows.
std::string Herd::ValueOf(std::uint32_t key, std::uint64_t version) const {
  std::string value = std::to_string(key) + ":" + std::to_string(version) + ":";
  if (value.size() < plan_.value_bytes) value.append(plan_.value_bytes - value.size(), 'x');
  return value;
}

void Herd::Judge(const Request& request, std::string_view value) {
  const ReadJudgement judgement =
      keys_[request.key].book.Judge(VersionIn(value, request.key), request.mark, request.sent);
  switch (judgement.kind) {
    case ReadJudgement::Kind::kCurrent:
      return;
    case ReadJudgement::Kind::kUnknown:
      ++result_.unknown_reads;
      return;
    case ReadJudgement::Kind::kExpired:
      ++result_.expired_reads;
      result_.expired_most = std::max(result_.expired_most, judgement.seconds);
      return;
    case ReadJudgement::Kind::kOlder:
      result_.older_most = std::max(result_.older_most, judgement.seconds);
      if (judgement.seconds > plan_.older_allowed) ++result_.older_reads;
      return;
  }
}

}  // namespace herdgate::bench
