// The errors that the proxy itself must say, in Redis' own words: whole RESP lines ("-ERR ...\r\n"), the same in RESP2
// and RESP3.
//
// Clients match on these texts (Lettuce: "ERR" and "unknown"; rueidis: "unknown command `HELLO`"), so none is ours.
// Each was read from Redis 7.0.15 and a test asks a real server for it again. What upstream can say itself is forwarded
// and not listed here.
//
// Redis judges a request in this order: unknown command or subcommand, arity, DEBUG and MODULE not allowed, NOAUTH,
// "not allowed inside a transaction", NOPERM, subscribe context, then the command itself. Inside MULTI any of these
// makes EXEC abort; an error of WATCH or of a nested MULTI does not.
//
// Threads: pure. Arguments of clients are cut to 128 bytes where Redis does, and cleared of line ends.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sidecar/command/spec.h"

namespace herdgate::command {

// Authentication and handshake.
inline constexpr std::string_view kNoAuthError = "-NOAUTH Authentication required.\r\n";
inline constexpr std::string_view kHelloNoAuthError =
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option "
    "can be used to "
    "authenticate the client and select the RESP protocol version at the same time\r\n";
inline constexpr std::string_view kWrongPassError =
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
inline constexpr std::string_view kAuthWithoutPasswordError =
    "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration "
    "is correct?\r\n";
inline constexpr std::string_view kNoProtoError = "-NOPROTO unsupported protocol version\r\n";
inline constexpr std::string_view kProtocolNotIntegerError =
    "-ERR Protocol version is not an integer or out of range\r\n";
inline constexpr std::string_view kMaxClientsError = "-ERR max number of clients reached\r\n";

// Arguments of local commands.
inline constexpr std::string_view kSyntaxError = "-ERR syntax error\r\n";
inline constexpr std::string_view kNotIntegerError = "-ERR value is not an integer or out of range\r\n";
inline constexpr std::string_view kNotInt32Error =  // SELECT 99999999999
    "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n";
inline constexpr std::string_view kDbIndexError = "-ERR DB index is out of range\r\n";
inline constexpr std::string_view kClientNameError =
    "-ERR Client names cannot contain spaces, newlines or special characters.\r\n";
inline constexpr std::string_view kNoSuchClientError = "-ERR No such client\r\n";
inline constexpr std::string_view kClientIdNotPositiveError =
    "-ERR client-id should be greater than 0\r\n";                                       // CLIENT KILL ID
inline constexpr std::string_view kInvalidClientIdError = "-ERR Invalid client ID\r\n";  // CLIENT LIST ID
inline constexpr std::string_view kUnblockReasonError = "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n";
inline constexpr std::string_view kClusterDisabledError = "-ERR This instance has cluster support disabled\r\n";

// Transactions.
inline constexpr std::string_view kNestedMultiError = "-ERR MULTI calls can not be nested\r\n";
inline constexpr std::string_view kExecWithoutMultiError = "-ERR EXEC without MULTI\r\n";
inline constexpr std::string_view kDiscardWithoutMultiError = "-ERR DISCARD without MULTI\r\n";
inline constexpr std::string_view kWatchInsideMultiError = "-ERR WATCH inside MULTI is not allowed\r\n";
inline constexpr std::string_view kExecAbortError = "-EXECABORT Transaction discarded because of previous errors.\r\n";
inline constexpr std::string_view kNotInsideTransactionError = "-ERR Command not allowed inside a transaction\r\n";

// A listener that is not on loopback says these itself: upstream would judge our address instead of the client's.
inline constexpr std::string_view kDebugNotAllowedError =
    "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
    "local connection, "
    "otherwise you need to set this option in the configuration file, and then restart the server.\r\n";
inline constexpr std::string_view kModuleNotAllowedError =
    "-ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a "
    "local "
    "connection, otherwise you need to set this option in the configuration file, and then restart the server.\r\n";

// "unknown command 'x', with args beginning with: 'a' 'b' ". REQUIRES: !args.empty()
std::string UnknownCommandError(std::span<const std::string_view> args);
// "unknown subcommand 'x'. Try CLIENT HELP.": also the answer to kRefused and to a subcommand that upstream has not
// (`absent`). REQUIRES: args.size() >= 2
std::string UnknownSubcommandError(std::span<const std::string_view> args);
// "wrong number of arguments for 'config|get' command"
std::string WrongArityError(const CommandSpec& spec);
// "this user has no permissions to run the 'psync' command": how kReplication is refused.
std::string NoPermissionError(const CommandSpec& spec);
// "Can't execute 'get': only (P|S)SUBSCRIBE / ...": RESP2 with a subscription.
std::string SubscribeContextError(const CommandSpec& spec);
// "EXECABORT Transaction discarded because of: NOAUTH Authentication required.": EXEC itself was refused with this
// error line.
std::string ExecAbortedBecauseError(std::string_view error_line);
// "Syntax error in HELLO option 'x'"
std::string HelloSyntaxError(std::string_view option);
// "Unknown client type 'x'": CLIENT LIST TYPE, CLIENT KILL TYPE.
std::string UnknownClientTypeError(std::string_view type);
// "No such user 'x'": CLIENT KILL USER.
std::string NoSuchUserError(std::string_view user);
// "lib-name cannot contain spaces, newlines or special characters.": CLIENT SETINFO of 7.2; the attribute as the client
// wrote it.
std::string ClientInfoError(std::string_view attribute);
// "Unrecognized option 'x'": CLIENT SETINFO of 7.2.
std::string UnrecognizedOptionError(std::string_view option);

}  // namespace herdgate::command
