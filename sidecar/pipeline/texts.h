// Texts: the replies in Redis' own words that the sidecar gives where it answers in Redis' place.
//
// Error text is API: clients' fallbacks key on it. All are whole RESP lines, taken from Redis 7.0's behaviour.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace herdgate::pipeline::texts {

inline constexpr std::string_view kOk = "+OK\r\n";
inline constexpr std::string_view kReset = "+RESET\r\n";
inline constexpr std::string_view kSyntaxError = "-ERR syntax error\r\n";
inline constexpr std::string_view kNotAnInteger = "-ERR value is not an integer or out of range\r\n";
inline constexpr std::string_view kDbOutOfRange = "-ERR DB index is out of range\r\n";
inline constexpr std::string_view kMaxClients = "-ERR max number of clients reached\r\n";
inline constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";
inline constexpr std::string_view kNoProto = "-NOPROTO unsupported protocol version\r\n";
inline constexpr std::string_view kProtoNotInteger = "-ERR Protocol version is not an integer or out of range\r\n";
inline constexpr std::string_view kBadClientName =
    "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
inline constexpr std::string_view kTooLargeToJudge =
    "-ERR herdgate: a policy has to read this request whole, and it is too large for that\r\n";
inline constexpr std::string_view kTooManyDeletes =
    "-ERR herdgate: too many deletes are remembered until the upstream is back; this one is not\r\n";
inline constexpr std::string_view kFlightTimeout =
    "-ERR herdgate: the value of this key is being computed and did not come within max_wait\r\n";
inline constexpr std::string_view kNoSuchClient = "-ERR No such client\r\n";
inline constexpr std::string_view kBadClientId = "-ERR client-id should be greater than 0\r\n";
inline constexpr std::string_view kInvalidClientId = "-ERR Invalid client ID\r\n";
inline constexpr std::string_view kBadRedirect = "-ERR The client ID you want redirect to does not exist\r\n";
inline constexpr std::string_view kDebugNotAllowed =
    "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
    "local "
    "connection, otherwise you need to set this option in the configuration file, and then restart the server.\r\n";
inline constexpr std::string_view kModuleNotAllowed =
    "-ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a "
    "local "
    "connection, otherwise you need to set this option in the configuration file, and then restart the server.\r\n";

// "ERR unknown subcommand 'x'. Try CLIENT HELP."
std::string UnknownSubcommand(std::string_view container, std::string_view subcommand);
// What an error says, for people: a RESP line, or plain words. Without the arguments that Redis repeats of a command
// that it does not know: they are keys and values.
std::string WordsOfError(std::string_view error);
// "POST" and "Host:": what a browser sends to a port that it takes for a web server's.
bool IsCrossProtocol(std::string_view name);
bool Equals(std::string_view text, std::string_view lower_case);
// What Redis accepts in CLIENT SETNAME and SETINFO.
bool IsPrintableName(std::string_view text);

}  // namespace herdgate::pipeline::texts
