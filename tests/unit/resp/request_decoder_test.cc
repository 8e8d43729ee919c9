#include "sidecar/resp/request_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace herdgate::resp {
namespace {

using Outcome = RequestDecoder::Outcome;
using testing::ElementsAre;

class RequestDecoderTest : public testing::Test {
 protected:
  Outcome Decode(std::string_view input) { return decoder_.Decode(input, request_); }
  std::string ErrorOf(std::string_view input) {
    RequestDecoder decoder(limits_);
    Request request;
    return decoder.Decode(input, request) == Outcome::kError ? decoder.error() : "(no error)";
  }
  std::string UnauthenticatedErrorOf(std::string_view input) {
    RequestDecoder decoder(limits_);
    decoder.set_unauthenticated(true);
    Request request;
    return decoder.Decode(input, request) == Outcome::kError ? decoder.error() : "(no error)";
  }
  std::vector<std::string> Args() const { return {request_.args.begin(), request_.args.end()}; }

  Limits limits_;
  RequestDecoder decoder_{limits_};
  Request request_;
};

TEST_F(RequestDecoderTest, MultibulkGivesViewsIntoTheInput) {
  const std::string input = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  ASSERT_EQ(Decode(input), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("GET", "k"));
  EXPECT_EQ(request_.args[0].data(), input.data() + 8);
  EXPECT_EQ(request_.raw.data(), input.data());
  EXPECT_EQ(request_.raw, input);
  EXPECT_FALSE(request_.was_inline);
  EXPECT_EQ(decoder_.consumed(), input.size());
  EXPECT_TRUE(decoder_.idle());
}

TEST_F(RequestDecoderTest, PipelinedRequestsAreCutOneByOne) {
  const std::string first = "*1\r\n$4\r\nPING\r\n";
  const std::string input = first + "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n";
  ASSERT_EQ(Decode(input), Outcome::kRequest);
  EXPECT_EQ(decoder_.consumed(), first.size());
  ASSERT_EQ(Decode(std::string_view(input).substr(first.size())), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("ECHO", "hi"));
}

TEST_F(RequestDecoderTest, RequestIsTheSameWhereverItsBytesAreCut) {
  for (const std::size_t count : {1, 2, 16, 17, 40}) {
    for (const std::string_view last_end : {"\r\n", "\r!"}) {  // Redis does not look at its second byte
      std::string canonical = "*" + std::to_string(count) + "\r\n";
      for (std::size_t i = 0; i < count; ++i) canonical += i % 2 == 0 ? "$3\r\nGET\r\n" : "$12\r\nkey:00000017\r\n";
      std::string input = canonical;
      input.replace(input.size() - 2, 2, last_end);
      for (std::size_t cut = 0; cut < input.size(); ++cut) {
        RequestDecoder decoder(limits_);
        ASSERT_EQ(decoder.Decode(std::string_view(input).substr(0, cut), request_), Outcome::kNeedMore) << cut;
        ASSERT_EQ(decoder.Decode(input, request_), Outcome::kRequest) << cut;
        EXPECT_EQ(request_.args.size(), count);
        EXPECT_EQ(request_.raw, canonical) << cut;
        EXPECT_EQ(decoder.consumed(), input.size());
        EXPECT_TRUE(decoder.idle());
      }
    }
  }
}

TEST_F(RequestDecoderTest, BodiesAreBinary) {
  const std::string body("\0\r\n*\xff", 5);
  const std::string input = "*2\r\n$4\r\nECHO\r\n$5\r\n" + body + "\r\n";
  ASSERT_EQ(Decode(input), Outcome::kRequest);
  EXPECT_EQ(request_.args[1], body);
}

TEST_F(RequestDecoderTest, EmptyArgumentsAreKept) {
  ASSERT_EQ(Decode("*2\r\n$0\r\n\r\n$0\r\n\r\n"), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("", ""));
}

TEST_F(RequestDecoderTest, BufferMayMoveBetweenCalls) {
  const std::string whole = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string moved = whole.substr(0, size);
    ASSERT_EQ(Decode(moved), Outcome::kNeedMore) << size;
    EXPECT_FALSE(decoder_.idle());
  }
  ASSERT_EQ(Decode(whole), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("SET", "k", "value"));
  EXPECT_EQ(request_.args[1].data(), whole.data() + 17);
}

TEST_F(RequestDecoderTest, EmptyRequestsAreSkipped) {
  for (const std::string_view input : {"*0\r\n", "*-1\r\n", "*-5\r\n", "\r\n", "\n", " \t \r\n"}) {
    ASSERT_EQ(Decode(input), Outcome::kSkip) << input;
    EXPECT_EQ(decoder_.consumed(), input.size());
    EXPECT_TRUE(decoder_.idle());
  }
}

TEST_F(RequestDecoderTest, NoInputNeedsMoreAndStaysIdle) {
  EXPECT_EQ(Decode(""), Outcome::kNeedMore);
  EXPECT_TRUE(decoder_.idle());
}

TEST_F(RequestDecoderTest, CountErrorsAreRedisSentences) {
  for (const std::string_view input : {"*x\r\n", "*\r\n", "*+1\r\n", "*01\r\n", "* 1\r\n", "*1 \r\n", "*-0\r\n",
                                       "*-\r\n", "*2147483648\r\n", "*99999999999999999999\r\n", "*1\n\r\n"}) {
    EXPECT_EQ(ErrorOf(input), "invalid multibulk length") << input;
  }
}

TEST_F(RequestDecoderTest, BulkErrorsAreRedisSentences) {
  for (const std::string_view input : {"*1\r\n$x\r\n", "*1\r\n$\r\n", "*1\r\n$-1\r\n", "*1\r\n$+1\r\n", "*1\r\n$01\r\n",
                                       "*1\r\n$536870913\r\n", "*1\r\n$9223372036854775808\r\n"}) {
    EXPECT_EQ(ErrorOf(input), "invalid bulk length") << input;
  }
  EXPECT_EQ(ErrorOf("*1\r\n:1\r\n"), "expected '$', got ':'");
  EXPECT_EQ(ErrorOf("*1\r\nGET\r\n"), "expected '$', got 'G'");
  EXPECT_EQ(ErrorOf("*1\r\n\r\n"), "expected '$', got ' '");
}

TEST_F(RequestDecoderTest, LargestBulkIsTheLimit) {
  limits_.max_bulk_bytes = 4;
  EXPECT_EQ(Decode("*1\r\n$4\r\n"), Outcome::kNeedMore);
  EXPECT_EQ(ErrorOf("*1\r\n$5\r\n"), "invalid bulk length");
}

TEST_F(RequestDecoderTest, LimitMayChangeBetweenCalls) {
  limits_.max_bulk_bytes = 4;
  ASSERT_EQ(Decode("*1\r\n$4\r\nPING\r\n"), Outcome::kRequest);
  limits_.max_bulk_bytes = 3;
  EXPECT_EQ(Decode("*1\r\n$4\r\nPING\r\n"), Outcome::kError);
}

TEST_F(RequestDecoderTest, BadHeaderIsReportedOnlyWhenItsLineIsWhole) {
  EXPECT_EQ(Decode("*1\r\n:1"), Outcome::kNeedMore);
  EXPECT_EQ(Decode("*1\r\n:1\r"), Outcome::kNeedMore);
  EXPECT_EQ(Decode("*1\r\n:1\r\n"), Outcome::kError);
}

TEST_F(RequestDecoderTest, FailedDecoderStaysFailed) {
  ASSERT_EQ(Decode("*x\r\n"), Outcome::kError);
  EXPECT_TRUE(decoder_.failed());
  EXPECT_EQ(Decode("*1\r\n$4\r\nPING\r\n"), Outcome::kError);
  EXPECT_EQ(decoder_.error(), "invalid multibulk length");
}

TEST_F(RequestDecoderTest, EndlessLinesAreRefused) {
  const std::string digits(limits_.max_inline_bytes, '1');
  EXPECT_EQ(ErrorOf("*" + digits), "too big mbulk count string");
  EXPECT_EQ(ErrorOf("*1\r\n$" + digits), "too big bulk count string");
  EXPECT_EQ(ErrorOf("P" + digits), "too big inline request");
  EXPECT_EQ(ErrorOf("P" + digits + "\r\n"), "too big inline request");
}

TEST_F(RequestDecoderTest, LineOfTheLimitIsAccepted) {
  const std::string word(limits_.max_inline_bytes - 1, 'a');
  ASSERT_EQ(Decode(word), Outcome::kNeedMore);
  ASSERT_EQ(Decode(word + "\r\n"), Outcome::kRequest);
  EXPECT_EQ(request_.args[0], word);
}

TEST_F(RequestDecoderTest, NulHidesTheEndOfALine) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Decode("*1\0\r\n$4\r\nPING\r\n"sv), Outcome::kNeedMore);
  EXPECT_EQ(ErrorOf(std::string("*\0\r\n", 4) + std::string(limits_.max_inline_bytes, 'a')),
            "too big mbulk count string");
  EXPECT_EQ(ErrorOf(std::string("\0\r\n", 3) + std::string(limits_.max_inline_bytes, 'a')), "too big inline request");
}

TEST_F(RequestDecoderTest, UnauthenticatedClientsHaveTighterLimits) {
  EXPECT_EQ(UnauthenticatedErrorOf("*11\r\n"), "unauthenticated multibulk length");
  EXPECT_EQ(UnauthenticatedErrorOf("*10\r\n"), "(no error)");
  EXPECT_EQ(UnauthenticatedErrorOf("*1\r\n$16385\r\n"), "unauthenticated bulk length");
  EXPECT_EQ(UnauthenticatedErrorOf("*1\r\n$16384\r\n"), "(no error)");
  EXPECT_EQ(UnauthenticatedErrorOf("*1\r\n$536870913\r\n"), "invalid bulk length");
}

TEST_F(RequestDecoderTest, SloppyLineEndsAreAcceptedAndRewritten) {
  const std::string input = "*2\rX$3\rYGETab$1\r\nkcd";
  ASSERT_EQ(Decode(input), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("GET", "k"));
  EXPECT_EQ(request_.raw, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_FALSE(request_.was_inline);
  EXPECT_EQ(decoder_.consumed(), input.size());
}

TEST_F(RequestDecoderTest, InlineIsGivenAsMultibulk) {
  ASSERT_EQ(Decode("SET  k \"a b\"\r\nPING\r\n"), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("SET", "k", "a b"));
  EXPECT_EQ(request_.raw, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na b\r\n");
  EXPECT_TRUE(request_.was_inline);
  EXPECT_EQ(decoder_.consumed(), 14U);
}

TEST_F(RequestDecoderTest, InlineEndsWithABareNewlineToo) {
  ASSERT_EQ(Decode("PING\n"), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("PING"));
}

TEST_F(RequestDecoderTest, UnbalancedQuotesAreAnError) {
  EXPECT_EQ(ErrorOf("SET \"a\r\n"), "unbalanced quotes in request");
}

TEST_F(RequestDecoderTest, DeclaredBytesNeverExceedTheRequest) {
  const std::string whole = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    ASSERT_EQ(Decode(std::string_view(whole).substr(0, size)), Outcome::kNeedMore);
    EXPECT_GT(decoder_.declared_bytes(), size);
    EXPECT_LE(decoder_.declared_bytes(), whole.size());
  }
}

TEST_F(RequestDecoderTest, DeclaredBytesCountTheBodyUnderWay) {
  ASSERT_EQ(Decode("*2\r\n$100\r\nab"), Outcome::kNeedMore);
  EXPECT_EQ(decoder_.declared_bytes(), 4U + 6U + 102U + 6U);
  EXPECT_EQ(decoder_.declared_args(), 2);
}

TEST_F(RequestDecoderTest, PartialShowsWholeArguments) {
  ASSERT_EQ(Decode("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nab"), Outcome::kNeedMore);
  const std::string moved = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nab";
  EXPECT_THAT(decoder_.Partial(moved), ElementsAre("SET", "k"));
  EXPECT_EQ(decoder_.declared_args(), 4);
}

TEST_F(RequestDecoderTest, ClaimedCountTakesNoMemory) {
  ASSERT_EQ(Decode("*2147483647\r\n$1\r\na\r\n"), Outcome::kNeedMore);
  EXPECT_THAT(decoder_.Partial("*2147483647\r\n$1\r\na\r\n"), ElementsAre("a"));
}

TEST_F(RequestDecoderTest, LargeRequestIsFollowedBySmallOnes) {
  std::string large = "*500\r\n";
  for (int i = 0; i < 500; ++i) large += "$1\r\na\r\n";
  ASSERT_EQ(Decode(large), Outcome::kRequest);
  EXPECT_EQ(request_.args.size(), 500U);
  ASSERT_EQ(Decode("*1\r\n$4\r\nPING\r\n"), Outcome::kRequest);
  EXPECT_THAT(Args(), ElementsAre("PING"));
}

TEST_F(RequestDecoderTest, StreamEndsWithTheRequest) {
  const std::string whole = "*2\r\n$4\r\nECHO\r\n$10\r\n0123456789\r\n";
  ASSERT_EQ(Decode(std::string_view(whole).substr(0, 22)), Outcome::kNeedMore);
  decoder_.BeginStream();
  EXPECT_TRUE(decoder_.streaming());
  EXPECT_FALSE(decoder_.idle());
  EXPECT_EQ(decoder_.Stream(std::string_view(whole).substr(0, 22)), 22U);
  EXPECT_TRUE(decoder_.streaming());
  EXPECT_EQ(decoder_.Stream(whole.substr(22) + "PING\r\n"), whole.size() - 22);
  EXPECT_FALSE(decoder_.streaming());
  EXPECT_TRUE(decoder_.idle());
  ASSERT_EQ(Decode("PING\r\n"), Outcome::kRequest);
}

TEST_F(RequestDecoderTest, StreamFailsAsDecodeDoes) {
  ASSERT_EQ(Decode("*2\r\n$4\r\nEC"), Outcome::kNeedMore);
  decoder_.BeginStream();
  EXPECT_EQ(decoder_.Stream("*2\r\n$4\r\nECHO\r\n:"), 15U);
  EXPECT_FALSE(decoder_.failed());
  decoder_.Stream("1\r\n");
  EXPECT_EQ(decoder_.error(), "expected '$', got ':'");
  EXPECT_FALSE(decoder_.streaming());
}

}  // namespace
}  // namespace herdgate::resp
