// A RequestHandler whose answers the test decides; it records what it was told.
//
// Threads: the loop's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/request_handler.h"
#include "sidecar/net/session.h"

namespace herdgate::testing {

class FakeHandler final : public net::RequestHandler {
 public:
  using Verdict = net::Verdict;

  // What the test replaces. By default a request is answered with "+<its first argument>\r\n".
  std::function<Verdict(net::Session&, const resp::Request&)> on_request = [](net::Session& session,
                                                                              const resp::Request& request) {
    Answer(session, request.args[0]);
    return Verdict::kDone;
  };
  std::function<Verdict(net::Session&, const net::LargeRequest&)> on_large =
      [](net::Session&, const net::LargeRequest&) { return Verdict::kDone; };
  std::function<void(net::Session&, std::string_view, bool)> on_stream = [](net::Session&, std::string_view, bool) {};
  std::function<void(net::Session&)> on_half_close = [](net::Session&) {};
  std::function<void(net::Session&, std::size_t)> on_backlog = [](net::Session&, std::size_t) {};
  std::function<void(net::Session&)> on_closed = [](net::Session&) {};

  // What has been asked, one "a b c" per request that was consumed.
  std::vector<std::string> requests;
  std::string streamed;
  int stream_ends = 0;
  int opened = 0;
  int closed = 0;
  int half_closes = 0;
  std::vector<std::size_t> backlogs;

  static void Answer(net::Session& session, std::string_view text) {
    session.replies().Local("+" + std::string(text) + "\r\n");
    session.TouchReplies();
  }

  void OnOpen(net::Session&) override { ++opened; }
  Verdict OnRequest(net::Session& session, const resp::Request& request) override {
    std::string words;
    for (const std::string_view arg : request.args) words += (words.empty() ? "" : " ") + std::string(arg);
    const Verdict verdict = on_request(session, request);
    if (verdict == Verdict::kDone) requests.push_back(words);
    return verdict;
  }
  Verdict OnLarge(net::Session& session, const net::LargeRequest& head) override { return on_large(session, head); }
  void OnStream(net::Session& session, std::string_view bytes, bool last) override {
    streamed += bytes;
    stream_ends += last ? 1 : 0;
    on_stream(session, bytes, last);
  }
  void OnHalfClose(net::Session& session) override {
    ++half_closes;
    on_half_close(session);
  }
  void OnBacklog(net::Session& session, std::size_t bytes) override {
    backlogs.push_back(bytes);
    on_backlog(session, bytes);
  }
  void OnClosed(net::Session& session) override {
    ++closed;
    on_closed(session);
  }
};

}  // namespace herdgate::testing
