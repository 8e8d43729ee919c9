#include "sidecar/command/words.h"

#include <algorithm>

namespace herdgate::command {
namespace {

constexpr size_t kShownBytes = 128;

// What "%.128s" shows of an argument: up to the first NUL.
std::string_view Shown(std::string_view argument, size_t limit = kShownBytes) {
  return argument.substr(0, std::min(limit, argument.find('\0')));
}

// One line whatever the client sent.
std::string Line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return text + "\r\n";
}

std::string Quoted(std::string_view before, std::string_view argument, std::string_view behind) {
  std::string text(before);
  text += '\'';
  text += argument;
  text += '\'';
  text += behind;
  return Line(std::move(text));
}

}  // namespace

std::string UnknownCommandError(std::span<const std::string_view> args) {
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < kShownBytes; ++i) {
    const std::string_view argument = Shown(args[i], kShownBytes - shown.size());
    shown += '\'';
    shown += argument;
    shown += "' ";
  }
  return Quoted("-ERR unknown command ", Shown(args[0]), ", with args beginning with: " + shown);
}

std::string UnknownSubcommandError(std::span<const std::string_view> args) {
  std::string container(Shown(args[0]));
  for (char& c : container) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
  return Quoted("-ERR unknown subcommand ", Shown(args[1]), ". Try " + container + " HELP.");
}

std::string WrongArityError(const CommandSpec& spec) {
  return Quoted("-ERR wrong number of arguments for ", spec.name, " command");
}

std::string NoPermissionError(const CommandSpec& spec) {
  return Quoted("-NOPERM this user has no permissions to run the ", spec.name, " command");
}

std::string SubscribeContextError(const CommandSpec& spec) {
  return Quoted("-ERR Can't execute ", spec.name,
                ": only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
}

std::string ExecAbortedBecauseError(std::string_view error_line) {
  const size_t end = std::min(error_line.find('\r'), error_line.size());
  return Line("-EXECABORT Transaction discarded because of: " + std::string(error_line.substr(1, end - 1)));
}

std::string HelloSyntaxError(std::string_view option) {
  return Quoted("-ERR Syntax error in HELLO option ", Shown(option, option.size()), "");
}

std::string UnknownClientTypeError(std::string_view type) {
  return Quoted("-ERR Unknown client type ", Shown(type, type.size()), "");
}

std::string NoSuchUserError(std::string_view user) {
  return Quoted("-ERR No such user ", Shown(user, user.size()), "");
}

std::string ClientInfoError(std::string_view attribute) {
  return Line("-ERR " + std::string(Shown(attribute, attribute.size())) +
              " cannot contain spaces, newlines or special characters.");
}

std::string UnrecognizedOptionError(std::string_view option) {
  return Quoted("-ERR Unrecognized option ", Shown(option, option.size()), "");
}

}  // namespace herdgate::command
