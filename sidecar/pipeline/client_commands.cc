#include "sidecar/pipeline/client_commands.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "sidecar/pipeline/kill_arguments.h"
#include "sidecar/pipeline/local_commands.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {

using command::CommandSpec;
using net::Verdict;

namespace {

std::string Integer(std::int64_t value) {
  std::string out;
  resp::AppendInteger(out, value);
  return out;
}

bool Has(const LoopContext& context, std::string_view command) {
  const auto* spec = context.facts->table->FindFull(command);
  return spec != nullptr && !spec->absent;
}

ClientLineFormat FormatOf(const LoopContext& context) {
  return {.has_shards = true, .has_library = Has(context, "client|setinfo")};
}

// CLIENT KILL MAXAGE came with Redis 7.4 and Valkey 8.0, as these commands did.
bool HasMaxAge(const LoopContext& context) {
  return Has(context, "hexpire") || Has(context, "client|capa");
}

// CLIENT ID, GETNAME and INFO.
std::string OwnAnswer(Client& client, std::string_view command) {
  std::string reply;
  if (command == "client|id") {
    resp::AppendInteger(reply, static_cast<std::int64_t>(client.id()));
  } else if (command == "client|info") {
    resp::AppendVerbatim(reply, FormatClientLine(client.View(), FormatOf(client.context())), client.proto());
  } else if (client.name().empty()) {
    resp::AppendNull(reply, client.proto());
  } else {
    resp::AppendBulk(reply, client.name());
  }
  return reply;
}

}  // namespace

void ClientCommands::Gather(LoopContext& asking, std::function<bool(Client&, const ClientView&)> visit,
                            std::function<void(std::vector<ClientView>)> done) {
  struct Gathering {
    std::vector<ClientView> views;
    std::size_t missing = 0;
    std::function<void(std::vector<ClientView>)> done;
  };
  const auto collect = [visit = std::move(visit)](LoopContext& context) {
    std::vector<ClientView> views;
    std::vector<std::shared_ptr<Client>> clients;
    for (const auto& [id, client] : context.clients) clients.push_back(client->shared_from_this());
    for (const auto& client : clients) {
      if (!client->has_session()) continue;
      const ClientView view = client->View();
      if (visit(*client, view)) views.push_back(view);
    }
    return views;
  };
  if (asking.peers.size() == 1) return done(collect(asking));
  auto gathering = std::make_shared<Gathering>();
  gathering->missing = asking.peers.size();
  gathering->done = std::move(done);
  for (LoopContext* peer : asking.peers) {
    peer->loop.Post([peer, collect, gathering, &asking] {
      auto views = collect(*peer);
      asking.loop.Post([gathering, views = std::move(views)]() mutable {
        std::move(views.begin(), views.end(), std::back_inserter(gathering->views));
        if (--gathering->missing == 0) gathering->done(std::move(gathering->views));
      });
    });
  }
}

namespace {

// Of the commands answered here alone, a form that succeeds and changes nothing, for the upstream to allow or not.
std::optional<Verdict> Permission(Client& client, const CommandSpec& spec, const resp::Request& request) {
  constexpr std::string_view kNobody = "9223372036854775807";
  const std::string_view command = request.args[0];
  const std::string_view what = spec.short_name();
  if (what == "kill") return client.AskPermission(spec, {command, what, "ID", kNobody});
  if (what == "unblock") return client.AskPermission(spec, {command, what, kNobody});
  if (what == "setname") return client.AskPermission(spec, {command, what, ""});
  if (what == "setinfo") return client.AskPermission(spec, {command, what, "LIB-NAME", ""});
  if (what == "no-evict" || what == "no-touch") return client.AskPermission(spec, {command, what, "OFF"});
  if (what == "reply") return client.AskPermission(spec, {command, what, "ON"});
  if (what == "getredir") return client.AskPermission(spec, {command, what});
  return std::nullopt;
}

}  // namespace

Verdict ClientCommands::Run(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const std::string_view what = spec.short_name();
  if (what == "id" || what == "getname" || what == "info") {
    return client.AnswerInItsPlace(spec, request, [&client](net::ReplyQueue::SlotId slot) {
      client.FillCounted(slot, OwnAnswer(client, client.last_command_name()));
    });
  }
  if (const auto verdict = Permission(client, spec, request)) return *verdict;
  if (what == "setname") return SetName(client, spec, request);
  const bool newer = what == "setinfo" || what == "no-touch";
  if (newer && spec.absent) return client.Answer(spec, texts::UnknownSubcommand(request.args[0], request.args[1]));
  if (what == "setinfo") return SetInfo(client, spec, request);
  if (what == "list") return List(client, spec, request);
  if (what == "kill") return Kill(client, spec, request);
  if (what == "unblock") return Unblock(client, spec, request);
  if (what == "reply") return Reply(client, spec, request);
  if (what == "getredir") return client.Answer(spec, Integer(client.tracking_redirect()));
  if (what == "no-evict" || what == "no-touch") {
    const bool known = texts::Equals(request.args[2], "on") || texts::Equals(request.args[2], "off");
    return client.Answer(spec, known ? texts::kOk : texts::kSyntaxError);
  }
  return client.PassOn(spec, request);
}

Verdict ClientCommands::SetName(Client& client, const CommandSpec& spec, const resp::Request& request) {
  if (!texts::IsPrintableName(request.args[2])) return client.Answer(spec, texts::kBadClientName);
  client.set_name(request.args[2]);
  return client.Answer(spec, texts::kOk);
}

Verdict ClientCommands::SetInfo(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const bool is_name = texts::Equals(request.args[2], "lib-name");
  if (!is_name && !texts::Equals(request.args[2], "lib-ver")) {
    std::string error;
    resp::AppendError(error, "ERR Unrecognized option '" + std::string(request.args[2]) + "'");
    return client.Answer(spec, error);
  }
  if (!texts::IsPrintableName(request.args[3])) {
    return client.Answer(spec, "-ERR " + std::string(is_name ? "lib-name" : "lib-ver") +
                                   " cannot contain spaces, newlines or special characters.\r\n");
  }
  client.SetLibrary(is_name, request.args[3]);
  return client.Answer(spec, texts::kOk);
}

Verdict ClientCommands::List(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const ListArguments list = ParseList(request.args);
  if (!list.error.empty()) return client.Answer(spec, list.error);
  return client.AnswerInItsPlace(spec, request, [&client, list](net::ReplyQueue::SlotId slot) {
    const auto visit = [list](Client&, const ClientView& view) {
      ClientFilter filter;
      filter.type = list.type;
      const bool named = list.ids.empty() || std::find(list.ids.begin(), list.ids.end(), view.id) != list.ids.end();
      return named && filter.Matches(view);
    };
    Gather(client.context(), visit, [weak = client.weak_from_this(), slot](std::vector<ClientView> views) {
      const auto self = weak.lock();
      if (!self || !self->has_session()) return;
      std::sort(views.begin(), views.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
      std::string text;
      for (const ClientView& view : views) text += FormatClientLine(view, FormatOf(self->context()));
      std::string reply;
      resp::AppendVerbatim(reply, text, self->proto());
      self->FillCounted(slot, reply);
    });
  });
}

Verdict ClientCommands::Kill(Client& client, const CommandSpec& spec, const resp::Request& request) {
  const KillArguments kill = ParseKill(request.args, client.id(), HasMaxAge(client.context()));
  if (!kill.error.empty()) return client.Answer(spec, kill.error);
  const auto slot = client.AnswerLater();
  if (kill.filter.user.empty()) {
    KillMatching(client, spec.id, slot, kill);
    return Verdict::kDone;
  }
  // Redis refuses the name of a user that it does not have; only the upstream knows.
  client.context().own_query->Ask(
      {"ACL", "GETUSER", kill.filter.user}, spec.id,
      [weak = client.weak_from_this(), kill, slot, command = spec.id](const std::string& reply) {
        const auto self = weak.lock();
        if (!self || !self->has_session()) return;
        if (reply.starts_with("*-1") || reply.starts_with("$-1")) {
          std::string error;
          resp::AppendError(error, "ERR No such user '" + kill.filter.user + "'");
          return self->FillAnswer(command, slot, error);
        }
        KillMatching(*self, command, slot, kill);
      });
  return Verdict::kDone;
}

void ClientCommands::KillMatching(Client& client, std::uint16_t command, net::ReplyQueue::SlotId slot,
                                  const KillArguments& kill) {
  const auto visit = [filter = kill.filter, own = client.id()](Client& other, const ClientView& view) {
    if (!filter.Matches(view)) return false;
    if (view.id != own) other.session().Kill(net::CloseReason::kKilled);
    return true;
  };
  Gather(
      client.context(), visit,
      [weak = client.weak_from_this(), slot, old_form = kill.old_form, command](const std::vector<ClientView>& views) {
        const auto self = weak.lock();
        if (!self || !self->has_session()) return;
        std::string reply = Integer(static_cast<std::int64_t>(views.size()));
        if (old_form) reply = views.empty() ? texts::kNoSuchClient : texts::kOk;
        self->FillAnswer(command, slot, reply);
        const bool itself =
            std::any_of(views.begin(), views.end(), [&](const auto& view) { return view.id == self->id(); });
        if (itself) self->session().Drain(net::CloseReason::kKilled);
      });
}

Verdict ClientCommands::Unblock(Client& client, const CommandSpec& spec, const resp::Request& request) {
  std::uint64_t id = 0;
  const std::string_view text = request.args[2];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool mode_fits = request.args.size() == 3 ||
                         (request.args.size() == 4 &&
                          (texts::Equals(request.args[3], "timeout") || texts::Equals(request.args[3], "error")));
  // The upstream words what is wrong with the arguments.
  if (error != std::errc() || end != text.data() + text.size() || !mode_fits) return client.PassOn(spec, request);
  const auto slot = client.AnswerLater();
  const std::string mode(request.args.size() == 4 ? request.args[3] : "TIMEOUT");
  Gather(
      client.context(), [id](Client&, const ClientView& view) { return view.id == id; },
      [weak = client.weak_from_this(), slot, mode, command = spec.id](const std::vector<ClientView>& views) {
        const auto self = weak.lock();
        if (!self || !self->has_session()) return;
        const std::int64_t upstream_id = views.empty() ? 0 : views.front().blocked_upstream_id;
        if (upstream_id == 0) return self->FillAnswer(command, slot, ":0\r\n");
        self->context().own_query->Ask({"CLIENT", "UNBLOCK", std::to_string(upstream_id), mode}, command,
                                       [weak, slot, command](const std::string& reply) {
                                         const auto asking = weak.lock();
                                         if (asking && asking->has_session()) asking->FillAnswer(command, slot, reply);
                                       });
      });
  return Verdict::kDone;
}

Verdict ClientCommands::Reply(Client& client, const CommandSpec& spec, const resp::Request& request) {
  if (texts::Equals(request.args[2], "on")) {
    client.SetReplyMode(false, false);
    return client.Answer(spec, texts::kOk);
  }
  if (texts::Equals(request.args[2], "off")) {
    client.SetReplyMode(true, false);
    return Verdict::kDone;
  }
  if (texts::Equals(request.args[2], "skip")) {
    client.SkipNextReply();
    return Verdict::kDone;
  }
  return client.Answer(spec, texts::kSyntaxError);
}

Verdict LocalCommands::TrackingOn(Client& client, const CommandSpec& spec, const resp::Request& request) {
  std::size_t at = 0;
  for (std::size_t i = 3; i + 1 < request.args.size(); ++i) {
    if (texts::Equals(request.args[i], "redirect")) at = i + 1;
  }
  std::uint64_t id = 0;
  if (at != 0) {
    const std::string_view text = request.args[at];
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) at = 0;
  }
  if (at == 0 || id == 0) return client.SendTracking(spec, request, 0);
  const auto found = client.TakeLookedUp();
  if (!found) {
    auto finish = [weak = client.weak_from_this(), &loop = client.context().loop](std::int64_t upstream_id) {
      loop.Post([weak, upstream_id] {
        if (const auto self = weak.lock()) self->ResumeFromLookup(upstream_id);
      });
    };
    auto visit = [id, finish](Client& other, const ClientView& view) {
      if (view.id == id) other.BecomeRedirectTarget(finish);
      return view.id == id;
    };
    ClientCommands::Gather(client.context(), visit, [finish](const std::vector<ClientView>& views) {
      if (views.empty()) finish(0);
    });
    return client.AwaitLookup();
  }
  if (*found == 0) return client.Answer(spec, texts::kBadRedirect);
  std::vector<std::string_view> args(request.args.begin(), request.args.end());
  const std::string upstream_id = std::to_string(*found);
  args[at] = upstream_id;
  std::string raw;
  resp::AppendRequest(raw, args);
  const Verdict verdict =
      client.SendTracking(spec, {.args = args, .raw = raw, .was_inline = false}, static_cast<std::int64_t>(id));
  // A barrier on the way: the id is needed again.
  if (verdict == Verdict::kWait) client.KeepLookedUp(*found);
  return verdict;
}

}  // namespace herdgate::pipeline
