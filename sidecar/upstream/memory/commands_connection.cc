#include <algorithm>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

constexpr std::string_view kWrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

// The only user is "default", and any password is his.
bool CheckUser(Call& call, std::string_view user) {
  if (user == "default") return true;
  call.reply.Error(kWrongPassword);
  return false;
}

bool SetName(Call& call, std::string_view name) {
  const bool valid = std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
  if (!valid) {
    call.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  call.client.name = name;
  return true;
}

bool ReadHelloOptions(Call& call) {
  for (std::size_t at = 2; at < call.args.size(); ++at) {
    const std::size_t behind = call.args.size() - 1 - at;
    if (EqualsIgnoringCase(call.args[at], "auth") && behind >= 2) {
      if (!CheckUser(call, call.args[at + 1])) return false;
      at += 2;
    } else if (EqualsIgnoringCase(call.args[at], "setname") && behind >= 1) {
      if (!SetName(call, call.args[++at])) return false;
    } else {
      call.reply.Error("ERR Syntax error in HELLO option '" + std::string(call.args[at]) + "'");
      return false;
    }
  }
  return true;
}

}  // namespace

void Ping(Call& call) {
  if (call.args.size() > 2) return WrongCount(call);
  const bool has_text = call.args.size() == 2;
  if (call.client.proto == 2 && call.client.subscriptions() > 0) {
    call.reply.Array(2);
    call.reply.Bulk("pong");
    call.reply.Bulk(has_text ? call.args[1] : "");
  } else if (has_text) {
    call.reply.Bulk(call.args[1]);
  } else {
    call.reply.Simple("PONG");
  }
}

void Echo(Call& call) {
  call.reply.Bulk(call.args[1]);
}

void Hello(Call& call) {
  std::int64_t proto = call.client.proto;
  if (call.args.size() >= 2) {
    if (!ReadInteger(call, 1, proto, "ERR Protocol version is not an integer or out of range")) return;
    if (proto < 2 || proto > 3) return call.reply.Error("NOPROTO unsupported protocol version");
  }
  if (!ReadHelloOptions(call)) return;
  call.client.proto = static_cast<int>(proto);
  call.reply.Map(7);
  call.reply.Bulk("server");
  call.reply.Bulk("redis");
  call.reply.Bulk("version");
  call.reply.Bulk(kRedisVersion);
  call.reply.Bulk("proto");
  call.reply.Integer(proto);
  call.reply.Bulk("id");
  call.reply.Integer(static_cast<std::int64_t>(call.client.id));
  call.reply.Bulk("mode");
  call.reply.Bulk("standalone");
  call.reply.Bulk("role");
  call.reply.Bulk("master");
  call.reply.Bulk("modules");
  call.reply.Array(0);
}

void Auth(Call& call) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  if (call.args.size() == 2) {
    return call.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration "
        "is correct?");
  }
  if (CheckUser(call, call.args[1])) call.reply.Ok();
}

void Reset(Call& call) {
  Client& client = call.client;
  call.store.DropQueue(client);
  call.store.Release(call.store.subscriptions().Drop(client));
  client.db = 0;
  client.proto = 2;
  client.name.clear();
  client.no_evict = false;
  client.no_touch = false;
  call.reply.Simple("RESET");
}

void Quit(Call& call) {
  call.client.closing = true;
  call.reply.Ok();
}

void ClientSetName(Call& call) {
  if (SetName(call, call.args[2])) call.reply.Ok();
}

void ClientGetName(Call& call) {
  if (call.client.name.empty()) return call.reply.Null();
  call.reply.Bulk(call.client.name);
}

void ClientSetInfo(Call& call) {
  const bool is_name = EqualsIgnoringCase(call.args[2], "lib-name");
  const std::string_view text = call.args[3];
  if (!is_name && !EqualsIgnoringCase(call.args[2], "lib-ver")) {
    return call.reply.Error("ERR Unrecognized option '" + std::string(call.args[2]) + "'");
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; })) {
    return call.reply.Error("ERR " + ToLower(call.args[2]) + " cannot contain spaces, newlines or special characters.");
  }
  (is_name ? call.client.library_name : call.client.library_version) = text;
  call.reply.Ok();
}

void ClientNoEvict(Call& call) {
  const bool on = EqualsIgnoringCase(call.args[2], "on");
  if (!on && !EqualsIgnoringCase(call.args[2], "off")) return call.reply.Error(kSyntaxError);
  call.client.no_evict = on;
  call.reply.Ok();
}

void ClientNoTouch(Call& call) {
  const bool on = EqualsIgnoringCase(call.args[2], "on");
  if (!on && !EqualsIgnoringCase(call.args[2], "off")) return call.reply.Error(kSyntaxError);
  call.client.no_touch = on;
  call.reply.Ok();
}

}  // namespace herdgate::upstream::memory::commands
