#include "sidecar/net/session_set.h"

#include <cassert>
#include <utility>
#include <vector>

namespace herdgate::net {

SessionSet::SessionSet(Loop& loop, RequestHandler& handler, const SessionOptions& options, NetMetrics& metrics)
    : loop_(loop), handler_(handler), options_(options), metrics_(metrics) {}

SessionSet::~SessionSet() {
  KillAll(CloseReason::kShutdown);
}

Session& SessionSet::Add(int fd, Peer peer) {
  auto session = std::make_shared<Session>(loop_, fd, std::move(peer), *this);
  Session& added = *session;
  sessions_.emplace(&added, std::move(session));
  metrics_.connections_opened.Add();
  metrics_.connections.Add(1);
  handler_.OnOpen(added);
  return added;
}

void SessionSet::ForEach(const std::function<void(Session&)>& visit) {
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  for (auto& [key, session] : sessions_) all.push_back(session);
  for (auto& session : all) {
    if (!session->closed()) visit(*session);
  }
}

void SessionSet::DrainAll(CloseReason reason) {
  ForEach([reason](Session& session) { session.Drain(reason); });
}

void SessionSet::KillAll(CloseReason reason) {
  ForEach([reason](Session& session) { session.Kill(reason); });
}

void SessionSet::Closing(Session& session, CloseReason reason) {
  metrics_.connections_closed[static_cast<std::size_t>(reason)].Add();
  metrics_.connections.Add(-1);
  handler_.OnClosed(session);
  const auto found = sessions_.find(&session);
  assert(found != sessions_.end());
  loop_.DestroyLater(std::move(found->second));
  sessions_.erase(found);
  if (on_gone_) on_gone_();
}

}  // namespace herdgate::net
