#include "sidecar/pipeline/local_commands.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "sidecar/command/words.h"
#include "sidecar/pipeline/client_commands.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::pipeline {

using command::CommandSpec;
using net::Verdict;
using upstream::Lane;

namespace {

// Redis' string2ll: no sign but '-', no leading zeros, no spaces.
std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const bool padded = text.size() > 1 && (text.front() == '0' || (text.front() == '-' && text[1] == '0'));
  if (padded) return std::nullopt;
  return value;
}

upstream::IdentityPtr MakeIdentity(const std::vector<std::string>& auth) {
  auto identity = std::make_shared<upstream::Identity>();
  identity->auth = auth;
  if (auth.size() == 2) identity->user = auth.front();
  return identity;
}

}  // namespace

HelloArguments ParseHello(std::span<const std::string_view> args) {
  HelloArguments hello;
  std::size_t next = 1;
  if (args.size() > 1) {
    const auto version = ParseInteger(args[1]);
    next = 2;
    if (!version) {
      hello.error = texts::kProtoNotInteger;
      return hello;
    }
    if (*version != 2 && *version != 3) {
      hello.error = texts::kNoProto;
      return hello;
    }
    hello.proto = static_cast<int>(*version);
  }
  while (next < args.size()) {
    const std::size_t more = args.size() - next - 1;
    if (texts::Equals(args[next], "auth") && more >= 2) {
      hello.auth = {std::string(args[next + 1]), std::string(args[next + 2])};
      next += 3;
    } else if (texts::Equals(args[next], "setname") && more >= 1) {
      hello.name = args[next + 1];
      if (!texts::IsPrintableName(*hello.name)) hello.error = texts::kBadClientName;
      next += 2;
      if (!hello.error.empty()) return hello;
    } else {
      resp::AppendError(hello.error, "ERR Syntax error in HELLO option '" + std::string(args[next]) + "'");
      return hello;
    }
  }
  return hello;
}

Verdict LocalCommands::Run(Client& client, const CommandSpec& spec, const resp::Request& request) {
  if (spec.name == "quit") {
    const Verdict verdict = client.Answer(spec, texts::kOk);
    client.Quit();
    return verdict;
  }
  if (spec.name == "reset") return request.args.size() == 1 ? Reset(client, spec) : client.PassOn(spec, request);
  if (spec.name == "hello") return Hello(client, spec, request);
  if (spec.name == "auth") return Auth(client, spec, request);
  if (client.unauthenticated()) return client.Answer(spec, texts::kNoAuth);
  if (!spec.AcceptsCount(request.args.size())) return client.PassOn(spec, request);
  if (spec.name == "select") return Select(client, spec, request);
  if (spec.name.starts_with("client")) return ClientCommands::Run(client, spec, request);
  // READONLY, READWRITE, ASKING and what later releases add: a standalone upstream words the error.
  return client.PassOn(spec, request);
}

// ---- HELLO

Verdict LocalCommands::Hello(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const HelloArguments hello = ParseHello(request.args);
  const auto slot = client.AnswerLater();
  const int proto = hello.proto.value_or(client.proto());
  if (hello.auth.empty()) {
    if (!hello.error.empty()) {
      client.FillAnswer(spec.id, slot, hello.error);
      return Verdict::kDone;
    }
    if (hello.name && !client.unauthenticated()) client.set_name(*hello.name);
    AnswerHello(client, spec.id, slot, proto);
    return Verdict::kDone;
  }
  // The client's own words, so that MONITOR and ACL LOG show them; options that are wrong are answered here.
  std::vector<std::string> question(request.args.begin(), request.args.end());
  if (!hello.error.empty()) question = {"AUTH", hello.auth[0], hello.auth[1]};
  client.context().auth_query->Ask(
      question, spec.id,
      [weak = client.weak_from_this(), hello, slot, proto, command = spec.id](const std::string& reply) {
        const auto self = weak.lock();
        if (!self || !self->has_session()) return;
        if (reply.starts_with('-')) return self->FillAnswer(command, slot, reply);
        self->Become(self->proto(), self->db(), MakeIdentity(hello.auth));
        self->SetUnauthenticated(false);
        if (!hello.error.empty()) return self->FillAnswer(command, slot, hello.error);
        if (hello.name) self->set_name(*hello.name);
        AnswerHello(*self, command, slot, proto);
      });
  return Verdict::kDone;
}

// The reply is the upstream's own to the HELLO of a lane of that protocol; the client's next commands use that lane.
void LocalCommands::AnswerHello(Client& client, std::uint16_t command, net::ReplyQueue::SlotId slot, int proto) {
  auto lane = client.context().lanes.Shared({proto, client.db(), client.identity()}, false);
  lane->WhenReady([weak = client.weak_from_this(), lane, slot, proto, command](bool ready) {
    const auto self = weak.lock();
    if (!self || !self->has_session()) return;
    const auto& handshake = lane->handshake();
    if (!ready) return self->FillAnswer(command, slot, lane->RefusalError());
    if (handshake.hello.empty()) return self->FillAnswer(command, slot, handshake.hello_error + "\r\n");
    self->Become(proto, self->db(), self->identity());
    self->SetUnauthenticated(handshake.unauthenticated);
    self->FillAnswer(command, slot, HelloForClient(handshake.hello, self->id()));
  });
}

namespace {

// `reply` with another integer behind `field`, which ends with the integer's ':'.
std::string WithInteger(std::string_view reply, std::string_view field, std::int64_t value) {
  const auto at = reply.find(field);
  if (at == std::string_view::npos) return std::string(reply);
  const auto end = reply.find('\r', at + field.size());
  return std::string(reply.substr(0, at + field.size())) + std::to_string(value) + std::string(reply.substr(end));
}

}  // namespace

std::string LocalCommands::HelloForClient(std::string_view reply, std::uint64_t id) {
  return WithInteger(reply, "$2\r\nid\r\n:", static_cast<std::int64_t>(id));
}

std::string LocalCommands::TrackingInfoForClient(std::string_view reply, std::int64_t redirect) {
  return WithInteger(reply, "$8\r\nredirect\r\n:", redirect);
}

// ---- AUTH, SELECT, RESET

Verdict LocalCommands::Auth(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const auto count = request.args.size();
  if (count != 2 && count != 3) return client.PassOn(spec, request);
  std::vector<std::string> auth(request.args.begin() + 1, request.args.end());
  const auto slot = client.AnswerLater();
  const std::vector<std::string> question(request.args.begin(), request.args.end());
  client.context().auth_query->Ask(
      question, spec.id, [weak = client.weak_from_this(), auth, slot, command = spec.id](const std::string& reply) {
        const auto self = weak.lock();
        if (!self || !self->has_session()) return;
        if (!reply.starts_with('-')) {
          self->Become(self->proto(), self->db(), MakeIdentity(auth));
          self->SetUnauthenticated(false);
        }
        self->FillAnswer(command, slot, reply);
      });
  return Verdict::kDone;
}

Verdict LocalCommands::Select(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const auto db = ParseInteger(request.args[1]);
  if (!db) return client.Answer(spec, texts::kNotAnInteger);
  if (*db > INT32_MAX || *db < INT32_MIN) return client.Answer(spec, command::kNotInt32Error);
  if (*db < 0) return client.Answer(spec, texts::kDbOutOfRange);
  const auto index = static_cast<std::uint32_t>(*db);
  auto lane = client.context().lanes.Shared({client.proto(), index, client.identity()}, false);
  if (lane->state() == Lane::State::kReady) {
    const std::string& denied = lane->handshake().select_error;
    if (!denied.empty()) return client.Answer(spec, denied + "\r\n");
    client.Become(client.proto(), index, client.identity());
    return client.Answer(spec, texts::kOk);
  }
  const auto slot = client.AnswerLater();
  lane->WhenReady([weak = client.weak_from_this(), lane, slot, index, command = spec.id](bool ready) {
    const auto self = weak.lock();
    if (!self || !self->has_session()) return;
    if (!ready) return self->FillAnswer(command, slot, lane->RefusalError());
    const std::string& denied = lane->handshake().select_error;
    if (!denied.empty()) return self->FillAnswer(command, slot, denied + "\r\n");
    self->Become(self->proto(), index, self->identity());
    self->FillAnswer(command, slot, texts::kOk);
  });
  return Verdict::kDone;
}

Verdict LocalCommands::Reset(Client& client, const CommandSpec& spec) {
  // Earlier commands are answered first; a tunnel owes nothing that could be waited for.
  if (client.owes_replies() && !client.tunnelled()) return client.AwaitSettled();
  client.ResetState();
  return client.Answer(spec, texts::kReset);
}

void LocalCommands::ApplyAccepted(Client& client, std::string_view raw) {
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  if (decoder.Decode(raw, request) != resp::RequestDecoder::Outcome::kRequest) return;
  const auto& args = request.args;
  if (texts::Equals(args[0], "select") && args.size() == 2) {
    client.Become(client.proto(), static_cast<std::uint32_t>(ParseInteger(args[1]).value_or(0)), client.identity());
  } else if (texts::Equals(args[0], "auth")) {
    client.Become(client.proto(), client.db(), MakeIdentity({args.begin() + 1, args.end()}));
    client.SetUnauthenticated(false);
  } else if (texts::Equals(args[0], "hello")) {
    const HelloArguments hello = ParseHello(args);
    if (hello.name) client.set_name(*hello.name);
    client.Become(hello.proto.value_or(client.proto()), client.db(),
                  hello.auth.empty() ? client.identity() : MakeIdentity(hello.auth));
    if (!hello.auth.empty()) client.SetUnauthenticated(false);
  }
}

bool LocalCommands::ChangesLogins(const CommandSpec& spec, const resp::Request& request) {
  const auto& args = request.args;
  const auto says = [&](std::string_view word) {
    return std::any_of(args.begin() + 2, args.end(), [&](auto arg) { return texts::Equals(arg, word); });
  };
  return spec.name == "acl|load" || (spec.name == "acl|setuser" && args.size() > 2 && args[2] == "default") ||
         (spec.name == "config|set" && says("requirepass"));
}

bool LocalCommands::ChangesUpstream(const CommandSpec& spec, const resp::Request& request) {
  if (spec.group != command::CommandGroup::kAdmin) return false;
  if (spec.name == "config|set") {
    for (const std::string_view arg : request.args) {
      if (texts::Equals(arg, "proto-max-bulk-len")) return true;
    }
  }
  return spec.name == "module|load" || spec.name == "module|loadex" || spec.name == "module|unload";
}

}  // namespace herdgate::pipeline
