#include "sidecar/command/words.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/table.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::command {
namespace {

using Request = std::vector<std::string>;

std::vector<std::string_view> Views(const Request& request) {
  return {request.begin(), request.end()};
}

std::string SpecWord(std::string (*word)(const CommandSpec&), const Request& request) {
  const std::vector<std::string_view> args = Views(request);
  return word(*BuiltIn().Resolve(args));
}

TEST(WordsTest, ClientBytesNeverBreakTheLine) {
  const std::string evil = std::string("x\r\n+OK\r\n") + std::string(300, 'y');
  for (const std::string& line :
       {UnknownCommandError(Views({evil, evil})), UnknownSubcommandError(Views({evil, evil})), HelloSyntaxError(evil),
        UnknownClientTypeError(evil), NoSuchUserError(evil), UnrecognizedOptionError(evil), ClientInfoError(evil)}) {
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(line.find('\r'), line.size() - 2) << line;
  }
}

TEST(WordsTest, SubcommandErrorsAreThoseOf70) {
  EXPECT_EQ(UnknownSubcommandError(Views({"client", "SetInfo", "lib-name"})),
            "-ERR unknown subcommand 'SetInfo'. Try CLIENT HELP.\r\n");
  EXPECT_EQ(SpecWord(WrongArityError, {"config", "get"}),
            "-ERR wrong number of arguments for 'config|get' command\r\n");
}

TEST(WordsTest, SetInfoErrorsAreThoseOf72) {
  EXPECT_EQ(ClientInfoError("LIB-NAME"), "-ERR LIB-NAME cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(UnrecognizedOptionError("x"), "-ERR Unrecognized option 'x'\r\n");
}

struct Exchange {
  std::vector<Request> requests;  // on a fresh connection each; the last reply is compared
  std::string ours;
};

std::vector<Exchange> Handshakes() {
  const Request long_one = {"foo", std::string(60, 'a'), std::string(60, 'b'), std::string(60, 'c'), "d"};
  const Request binary = {std::string("f\0o", 3), std::string("a\r\nb"), std::string("c\0d", 3), ""};
  return {
      {{{"HELLO", "4"}}, std::string(kNoProtoError)},
      {{{"HELLO", "x"}}, std::string(kProtocolNotIntegerError)},
      {{{"HELLO", "3", "x\ny"}}, HelloSyntaxError("x\ny")},
      {{{"AUTH", "x"}}, std::string(kAuthWithoutPasswordError)},
      {{{"AUTH", "a", "b"}}, std::string(kWrongPassError)},
      {{{"SELECT", "99"}}, std::string(kDbIndexError)},
      {{{"SELECT", "a"}}, std::string(kNotIntegerError)},
      {{{"SELECT", "99999999999"}}, std::string(kNotInt32Error)},
      {{{"FOO", "bar", "baz"}}, UnknownCommandError(Views({"FOO", "bar", "baz"}))},
      {{long_one}, UnknownCommandError(Views(long_one))},
      {{binary}, UnknownCommandError(Views(binary))},
      {{{"Client", "x\r\ny"}}, UnknownSubcommandError(Views({"Client", "x\r\ny"}))},
      {{{"config", std::string(200, 'x')}}, UnknownSubcommandError(Views({"config", std::string(200, 'x')}))},
      {{{"client"}}, SpecWord(WrongArityError, {"client"})},
      {{{"CLIENT", "ID", "x"}}, SpecWord(WrongArityError, {"CLIENT", "ID", "x"})},
      {{{"READONLY"}}, std::string(kClusterDisabledError)},
      {{{"DEBUG", "SLEEP", "0"}}, std::string(kDebugNotAllowedError)},
      {{{"MODULE", "LOAD", "x"}}, std::string(kModuleNotAllowedError)},
  };
}

std::vector<Exchange> ClientCommands() {
  return {
      {{{"CLIENT", "SETNAME", "a b"}}, std::string(kClientNameError)},
      {{{"CLIENT", "KILL", "1.2.3.4:5"}}, std::string(kNoSuchClientError)},
      {{{"CLIENT", "KILL", "ID", "0"}}, std::string(kClientIdNotPositiveError)},
      {{{"CLIENT", "KILL", "TYPE", "x"}}, UnknownClientTypeError("x")},
      {{{"CLIENT", "KILL", "USER", "x"}}, NoSuchUserError("x")},
      {{{"CLIENT", "LIST", "ID", "x"}}, std::string(kInvalidClientIdError)},
      {{{"CLIENT", "LIST", "x"}}, std::string(kSyntaxError)},
      {{{"CLIENT", "UNBLOCK", "9", "x"}}, std::string(kUnblockReasonError)},
  };
}

std::vector<Exchange> States() {
  const Request no_psync = {"ACL", "SETUSER", "u", "on", "nopass", "+@all", "-psync", "~*"};
  return {
      {{{"EXEC"}}, std::string(kExecWithoutMultiError)},
      {{{"DISCARD"}}, std::string(kDiscardWithoutMultiError)},
      {{{"MULTI"}, {"MULTI"}}, std::string(kNestedMultiError)},
      {{{"MULTI"}, {"WATCH", "a"}}, std::string(kWatchInsideMultiError)},
      {{{"MULTI"}, {"SAVE"}}, std::string(kNotInsideTransactionError)},
      {{{"MULTI"}, {"SAVE"}, {"EXEC"}}, std::string(kExecAbortError)},
      {{{"SUBSCRIBE", "c"}, {"Client", "ID"}}, SpecWord(SubscribeContextError, {"client", "id"})},
      {{no_psync, {"AUTH", "u", "x"}, {"PSYNC", "?", "-1"}}, SpecWord(NoPermissionError, {"psync"})},
  };
}

void ExpectTheSameWords(const std::vector<Exchange>& exchanges) {
  RealRedis redis;
  if (!redis.available()) GTEST_SKIP() << "no redis-server on PATH";
  for (const Exchange& exchange : exchanges) {
    EXPECT_EQ(redis.CallAll(exchange.requests).back(), exchange.ours);
    redis.Call({"RESET"});
  }
}

TEST(WordsTest, HandshakeErrorsAreARealServers) {
  ExpectTheSameWords(Handshakes());
}
TEST(WordsTest, ClientErrorsAreARealServers) {
  ExpectTheSameWords(ClientCommands());
}
TEST(WordsTest, StateErrorsAreARealServers) {
  ExpectTheSameWords(States());
}

TEST(WordsTest, AuthenticationErrorsAreARealServers) {
  RealRedis redis;
  if (!redis.available()) GTEST_SKIP() << "no redis-server on PATH";
  redis.Call({"CONFIG", "SET", "requirepass", "secret"});
  redis.Call({"RESET"});
  EXPECT_EQ(redis.Call({"GET", "a"}), kNoAuthError);
  EXPECT_EQ(redis.Call({"HELLO", "3"}), kHelloNoAuthError);
  EXPECT_EQ(redis.Call({"EXEC"}), ExecAbortedBecauseError(kNoAuthError));
}

}  // namespace
}  // namespace herdgate::command
