#include "sidecar/pipeline/handler.h"

#include <memory>

#include "sidecar/pipeline/client.h"

namespace herdgate::pipeline {
namespace {

Client& ClientOf(net::Session& session) {
  return *static_cast<Client*>(session.attachment());
}

}  // namespace

void Handler::OnOpen(net::Session& session) {
  auto client = std::make_shared<Client>(context_, session);
  session.set_attachment(client.get());
  context_.connections.clients.fetch_add(1, std::memory_order_relaxed);
  context_.clients.emplace(client->id(), client.get());
  context_.owned.emplace(client.get(), client);
}

net::Verdict Handler::OnRequest(net::Session& session, const resp::Request& request) {
  return ClientOf(session).Handle(request);
}

void Handler::OnEmptyRequest(net::Session& session) {
  ClientOf(session).HandleEmptyRequest();
}

net::Verdict Handler::OnLarge(net::Session& session, const net::LargeRequest& head) {
  return ClientOf(session).HandleLarge(head);
}

void Handler::OnStream(net::Session& session, std::string_view bytes, bool last) {
  ClientOf(session).HandleStream(bytes, last);
}

void Handler::OnHalfClose(net::Session& session) {
  ClientOf(session).HandleHalfClose();
}

void Handler::OnBacklog(net::Session& session, std::size_t bytes) {
  ClientOf(session).HandleBacklog(bytes);
}

void Handler::OnClosed(net::Session& session) {
  context_.connections.clients.fetch_sub(1, std::memory_order_relaxed);

  ClientOf(session).HandleClosed();
}

}  // namespace herdgate::pipeline
