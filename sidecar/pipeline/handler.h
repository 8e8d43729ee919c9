// Handler: hands each session's events to its Client. The only implementation of net::RequestHandler for app clients.
//
// Threads: its loop.
#pragma once

#include "sidecar/net/request_handler.h"
#include "sidecar/pipeline/loop_context.h"

namespace herdgate::pipeline {

class Handler final : public net::RequestHandler {
 public:
  // `context` is borrowed and may be completed after construction, before the first session.
  explicit Handler(LoopContext& context) : context_(context) {}

  void OnOpen(net::Session& session) override;
  net::Verdict OnRequest(net::Session& session, const resp::Request& request) override;
  void OnEmptyRequest(net::Session& session) override;
  net::Verdict OnLarge(net::Session& session, const net::LargeRequest& head) override;
  void OnStream(net::Session& session, std::string_view bytes, bool last) override;
  void OnHalfClose(net::Session& session) override;
  void OnBacklog(net::Session& session, std::size_t bytes) override;
  void OnClosed(net::Session& session) override;

 private:
  LoopContext& context_;
};

}  // namespace herdgate::pipeline
