#include "sidecar/app/inject_command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include "sidecar/app/exit_code.h"
#include "sidecar/app/signal_loop.h"
#include "sidecar/config/fields.h"
#include "sidecar/config/file_watch.h"
#include "sidecar/config/options.h"

namespace herdgate::app {
namespace {

using base::ErrorCode;
using base::Status;

struct Flag {
  const char* name;
  std::string InjectTyped::*value;
  const char* type;
  const char* help;
};

// clang-format off
constexpr std::array<Flag, 12> kFlags = {{
    {"--listen", &InjectTyped::listen, "HOST:PORT", "where the API server connects by TLS [0.0.0.0:9443]"},
    {"--tls-cert", &InjectTyped::tls_cert, "FILE", "its certificate, with its chain (PEM); required"},
    {"--tls-key", &InjectTyped::tls_key, "FILE", "the certificate's key (PEM); required"},
    {"--image", &InjectTyped::image, "IMAGE", "the sidecar's image; required"},
    {"--policies", &InjectTyped::policies, "NAME", "the ConfigMap of pods that name none [that of the template]"},
    {"--template", &InjectTyped::template_file, "FILE", "what is put into a pod, YAML or JSON [built in]"},
    {"--mode", &InjectTyped::mode, "native|plain", "native: an init container that keeps running, Kubernetes 1.29 [native]"},
    {"--on-mistake", &InjectTyped::on_mistake, "deny|allow", "what becomes of a pod that asks and, by a mistake of its own, can't have one [deny]"},
    {"--telemetry", &InjectTyped::telemetry, "HOST:PORT|off", "/metrics, /livez, /readyz and /startupz [127.0.0.1:9638]"},
    {"--shutdown-delay", &InjectTyped::shutdown_delay, "TIME", "after SIGTERM pods are reviewed for this long, and /readyz says no [0ms]"},
    {"--log-level", &InjectTyped::log_level, "LEVEL", "debug, info, warn or error [info]"},
    {"--log-format", &InjectTyped::log_format, "FORMAT", "auto, text or json [auto: text on a terminal, else json]"},
}};
// clang-format on

constexpr const char* kSkipFlag = "--skip-namespace";
constexpr const char* kDefaultListen = "0.0.0.0:9443";
constexpr const char* kFooter =
    "A pod asks for the sidecar by the annotation herdgate.dev/inject: \"true\". Certificate, key and template are "
    "read\n"
    "again when they change. POST /mutate takes an AdmissionReview v1; GET /healthz and /readyz answer probes.\n"
    "Exit codes: 0 done, 2 a wrong flag, certificate or template, or an address in use.";

// Reads `text` as a field of the configuration file, in which flags of serve and of this command mean the same.
Status Set(const char* flag, const char* key, const std::string& text, config::Options& options) {
  if (text.empty()) return {};
  Status status = config::FindField(key)->set(text, options);
  if (status.ok()) return status;
  return {status.code(), std::string(flag) + ": " + status.message()};
}

Status ReadMode(const std::string& mode, inject::Form& form) {
  if (!mode.empty() && mode != "native" && mode != "plain")
    return {ErrorCode::kInvalidArgument, "--mode must be native or plain"};
  form = mode == "plain" ? inject::Form::kPlain : inject::Form::kNative;
  return {};
}

Status ReadOnMistake(const std::string& text, inject::OnMistake& on_mistake) {
  if (!text.empty() && text != "deny" && text != "allow")
    return {ErrorCode::kInvalidArgument, "--on-mistake must be deny or allow"};
  on_mistake = text == "allow" ? inject::OnMistake::kAllow : inject::OnMistake::kDeny;
  return {};
}

// A name of an image has no rules that all registries keep; what is surely wrong is refused.
Status CheckImage(const std::string& image) {
  if (image.find_first_of(" \t\r\n\"'") == std::string::npos && image.size() <= 1024) return {};
  return {ErrorCode::kInvalidArgument, "--image must be the name of an image, with its tag or digest"};
}

Status CheckNames(const InjectTyped& typed) {
  if (!typed.policies.empty() && !inject::IsObjectName(typed.policies))
    return {ErrorCode::kInvalidArgument, "--policies must be the name of a ConfigMap"};
  for (const std::string& name : typed.skip_namespaces) {
    if (!inject::IsObjectName(name)) return {ErrorCode::kInvalidArgument, "--skip-namespace must be a namespace"};
  }
  return {};
}

Status Required(const char* flag, const std::string& value) {
  if (!value.empty()) return {};
  return {ErrorCode::kInvalidArgument, std::string("inject needs ") + flag};
}

}  // namespace

CLI::App* DescribeInject(CLI::App& app, InjectTyped& typed) {
  CLI::App* const inject =
      app.add_subcommand("inject", "serve a webhook that adds the sidecar to pods that ask for it");
  inject->group("Commands");
  inject->footer(kFooter);
  for (const Flag& flag : kFlags) inject->add_option(flag.name, typed.*flag.value, flag.help)->type_name(flag.type);
  inject->add_option(kSkipFlag, typed.skip_namespaces, "pods of it are left alone, as those of kube-system; repeatable")
      ->allow_extra_args(false)
      ->type_name("NAME");
  return inject;
}

const std::vector<std::string_view>& InjectFlags() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> names = {kSkipFlag};
    for (const Flag& flag : kFlags) names.emplace_back(flag.name);
    return names;
  }();
  return all;
}

base::Result<InjectCommand> ReadInject(const InjectTyped& typed) {
  InjectCommand command;
  config::Options shared;
  std::string problems;
  const auto note = [&problems](const Status& status) {
    if (!status.ok()) problems += (problems.empty() ? "" : "\n") + status.message();
  };
  note(Required("--tls-cert", typed.tls_cert));
  note(Required("--tls-key", typed.tls_key));
  note(Required("--image", typed.image));
  base::Result<base::ListenAddress> listen = base::ParseHostPort(typed.listen.empty() ? kDefaultListen : typed.listen);
  if (!listen.ok()) note({ErrorCode::kInvalidArgument, "--listen: " + listen.status().message()});
  note(Set("--telemetry", "telemetry.listen", typed.telemetry, shared));
  note(Set("--shutdown-delay", "shutdown.delay", typed.shutdown_delay, shared));
  note(Set("--log-level", "log.level", typed.log_level, shared));
  note(Set("--log-format", "log.format", typed.log_format, shared));
  note(ReadMode(typed.mode, command.server.injector.pod.form));
  note(ReadOnMistake(typed.on_mistake, command.server.injector.on_mistake));
  note(CheckImage(typed.image));
  note(CheckNames(typed));
  if (!problems.empty()) return Status(ErrorCode::kInvalidArgument, problems);
  command.log_level = shared.log.level;
  command.log_format = shared.log.format;
  command.server.listen = std::move(listen.value());
  command.server.telemetry = shared.telemetry.listen;
  command.server.shutdown_delay = shared.shutdown.delay;
  command.server.tls_cert_file = typed.tls_cert;
  command.server.tls_key_file = typed.tls_key;
  command.server.template_file = typed.template_file;
  command.server.injector.pod.image = typed.image;
  command.server.injector.pod.policies = typed.policies;
  command.server.injector.skip_namespaces = typed.skip_namespaces;
  return command;
}

int RunInject(const InjectCommand& command) {
  base::ConfigureLog(command.log_format, command.log_level);
  BlockSignals();
  InjectServer server(command.server);
  SignalLoop loop;
  // Watched before they are read: what changes meanwhile is read again.
  const std::string& template_file = command.server.template_file;
  const config::FileWatch certificate(loop.uv(), command.server.tls_cert_file, [&] { server.ReloadCertificate(); });
  const config::FileWatch key(loop.uv(), command.server.tls_key_file, [&] { server.ReloadCertificate(); });
  std::optional<config::FileWatch> sidecar;
  if (!template_file.empty()) sidecar.emplace(loop.uv(), template_file, [&] { server.ReloadTemplate(); });
  if (const Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "herdgate: %s\n", status.message().c_str());
    return kExitUsage;
  }
  const int signal = loop.Run([&] {
    server.ReloadCertificate();
    if (!template_file.empty()) server.ReloadTemplate();
  });
  base::LogInfo("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  // Who sits at a terminal does not wait for an API server.
  if (signal == SIGINT) server.Hurry();
  server.Stop();
  return kExitOk;
}

}  // namespace herdgate::app
