// Laws of RequestDecoder: what it says does not depend on how the bytes were cut, and streaming agrees with decoding.
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/encoder.h"
#include "tests/property/resp_drivers.h"

namespace herdgate::resp {
namespace {

using Outcome = RequestDecoder::Outcome;

std::string RandomBytes(base::Random& random, std::string_view alphabet, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    bytes += alphabet.empty() ? static_cast<char>(random.Below(256)) : alphabet[random.Below(alphabet.size())];
  }
  return bytes;
}

struct Case {
  std::string bytes;
  std::vector<std::string> args;
};

Case RandomMultibulk(base::Random& random) {
  Case made;
  const std::size_t count = 1 + random.Below(random.Below(20) == 0 ? 100 : 6);
  AppendArrayHeader(made.bytes, count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = random.Below(10) == 0 ? random.Below(1500) : random.Below(14);
    made.args.push_back(RandomBytes(random, "", size));
    AppendBulk(made.bytes, made.args.back());
  }
  return made;
}

// Words quoted in each of the three ways, escapes included.
Case RandomInline(base::Random& random) {
  Case made;
  for (std::size_t left = 1 + random.Below(5); left > 0; --left) {
    const std::string word = RandomBytes(random, "abcXYZ019:_-", 1 + random.Below(8));
    const std::string spaces(1 + random.Below(2), ' ');
    switch (random.Below(3)) {
      case 0:
        made.args.push_back(word);
        made.bytes += word;
        break;
      case 1:
        made.args.push_back(word + " \n\"\x7f");
        made.bytes += '"' + word + " \\n\\\"\\x7f\"";
        break;
      default:
        made.args.push_back(word + " '\"");
        made.bytes += '\'' + word + " \\'\"'";
    }
    made.bytes += spaces;
  }
  made.bytes += random.Below(2) == 0 ? "\n" : "\r\n";
  return made;
}

constexpr std::string_view kParts[] = {"*",
                                       "$",
                                       "\r\n",
                                       "\n",
                                       "\r",
                                       "*1\r\n",
                                       "*2\r\n",
                                       "*3\r\n",
                                       "$3\r\nGET\r\n",
                                       "$1\r\na\r\n",
                                       "$0\r\n\r\n",
                                       "*0\r\n",
                                       "*-1\r\n",
                                       "$-1\r\n",
                                       ":1\r\n",
                                       "01",
                                       "-",
                                       "9",
                                       "PING\r\n",
                                       "\"",
                                       "'",
                                       "\\x4",
                                       " ",
                                       "$3\rXGETab",
                                       "*1\rX",
                                       "99999999999999999999",
                                       "$16385\r\n",
                                       "*11\r\n",
                                       "$65\r\n",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

// A stream that is nearly a request: parts of requests, strung together by chance.
std::string RandomGarbage(base::Random& random) {
  std::string bytes;
  for (std::size_t left = 1 + random.Below(12); left > 0; --left) {
    bytes += random.Below(8) == 0 ? RandomBytes(random, "", 1 + random.Below(3))
                                  : std::string(kParts[random.Below(std::size(kParts))]);
  }
  return bytes;
}

Limits SmallLimits() {
  Limits limits;
  limits.max_inline_bytes = 64;  // so that endless lines happen
  limits.max_bulk_bytes = 100'000;
  return limits;
}

TEST(RespRequestPropertyTest, RequestsComeOutAsTheyWentIn) {
  base::Random random(1);
  const Limits limits;
  for (int round = 0; round < 300; ++round) {
    std::string stream;
    std::vector<Case> cases;
    for (std::size_t left = 1 + random.Below(8); left > 0; --left) {
      cases.push_back(random.Below(3) == 0 ? RandomInline(random) : RandomMultibulk(random));
      stream += cases.back().bytes;
    }
    const std::vector<DecodedRequest> said = DecodeStream(stream, RandomCuts(random, stream.size()), limits);
    ASSERT_EQ(said.size(), cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ASSERT_EQ(said[i].outcome, Outcome::kRequest);
      ASSERT_EQ(said[i].args, cases[i].args) << cases[i].bytes;
      std::string multibulk;
      AppendRequest(multibulk, std::vector<std::string_view>(said[i].args.begin(), said[i].args.end()));
      ASSERT_EQ(said[i].raw, multibulk);
    }
    ASSERT_EQ(said.back().end, stream.size());
  }
}

TEST(RespRequestPropertyTest, EverySplitPointGivesTheSameRequests) {
  base::Random random(2);
  const Limits limits;
  for (int round = 0; round < 40; ++round) {
    std::string stream;
    for (int i = 0; i < 2; ++i) stream += (random.Below(2) == 0 ? RandomInline(random) : RandomMultibulk(random)).bytes;
    const std::vector<DecodedRequest> unsplit = DecodeStream(stream, {stream.size()}, limits);
    for (std::size_t split = 1; split < stream.size(); ++split) {
      ASSERT_EQ(DecodeStream(stream, {split, stream.size()}, limits), unsplit) << split;
    }
  }
}

TEST(RespRequestPropertyTest, GarbageGivesTheSameVerdictHoweverItIsCut) {
  base::Random random(3);
  const Limits limits = SmallLimits();
  int errors = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string stream = RandomGarbage(random);
    const bool unauthenticated = random.Below(4) == 0;
    const std::vector<DecodedRequest> unsplit = DecodeStream(stream, {stream.size()}, limits, unauthenticated);
    const Cuts cuts = RandomCuts(random, stream.size());
    ASSERT_EQ(DecodeStream(stream, cuts, limits, unauthenticated), unsplit) << stream;
    errors += !unsplit.empty() && unsplit.back().outcome == Outcome::kError ? 1 : 0;
  }
  EXPECT_GT(errors, 1000) << "the garbage must reach the errors";
}

TEST(RespRequestPropertyTest, DeclaredBytesAreALowerBoundThatGrows) {
  base::Random random(4);
  const Limits limits;
  for (int round = 0; round < 100; ++round) {
    const Case made = RandomMultibulk(random);
    RequestDecoder decoder(limits);
    Request request;
    std::size_t before = 0;
    for (std::size_t size = 1; size < made.bytes.size(); ++size) {
      const ExactCopy input(std::string_view(made.bytes).substr(0, size));
      ASSERT_EQ(decoder.Decode(input.view(), request), Outcome::kNeedMore);
      ASSERT_GE(decoder.declared_bytes(), before);
      ASSERT_GT(decoder.declared_bytes(), size);
      ASSERT_LE(decoder.declared_bytes(), made.bytes.size());
      before = decoder.declared_bytes();
      const std::vector<std::string_view> partial = decoder.Partial(input.view());
      ASSERT_TRUE(std::equal(partial.begin(), partial.end(), made.args.begin()));
    }
  }
}

TEST(RespRequestPropertyTest, StreamingFromEverySplitEndsWithTheRequest) {
  base::Random random(5);
  const Limits limits;
  for (int round = 0; round < 60; ++round) {
    const Case made = RandomMultibulk(random);
    const std::string stream = made.bytes + "*1\r\n$4\r\nPING\r\n";
    for (std::size_t seen = 1; seen < made.bytes.size(); ++seen) {
      const Cuts cuts = random.Below(2) == 0 ? Cuts{seen, stream.size()} : RandomCuts(random, stream.size());
      const DecodedRequest said = StreamRequest(stream, seen, cuts, limits);
      ASSERT_EQ(said.outcome, Outcome::kRequest);
      ASSERT_EQ(said.end, made.bytes.size());
    }
  }
}

TEST(RespRequestPropertyTest, StreamingGarbageAgreesWithDecodingIt) {
  base::Random random(6);
  const Limits limits = SmallLimits();
  int streamed = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string stream = "*" + RandomGarbage(random);
    const std::size_t seen = 1 + random.Below(stream.size());
    if (!DecodeStream(stream, {seen}, limits).empty()) continue;  // decided already: nothing to stream
    const std::vector<DecodedRequest> decoded = DecodeStream(stream, {stream.size()}, limits);
    const DecodedRequest said = StreamRequest(stream, seen, RandomCuts(random, stream.size()), limits);
    ++streamed;
    if (decoded.empty()) {
      ASSERT_EQ(said.outcome, Outcome::kNeedMore) << stream;
    } else if (decoded.front().outcome == Outcome::kError) {
      ASSERT_EQ(said.error, decoded.front().error) << stream;
    } else {
      ASSERT_EQ(said.outcome, Outcome::kRequest) << stream;
      ASSERT_EQ(said.end, decoded.front().end) << stream;
    }
  }
  EXPECT_GT(streamed, 1000);
}

TEST(RespRequestPropertyTest, RandomBytesNeverBreakTheDecoder) {
  base::Random random(7);
  const Limits limits = SmallLimits();
  for (int round = 0; round < 20'000; ++round) {
    const std::string stream = (random.Below(2) == 0 ? "*" : "") + RandomBytes(random, "", random.Below(200));
    const Cuts cuts = RandomCuts(random, stream.size());
    ASSERT_EQ(DecodeStream(stream, cuts, limits), DecodeStream(stream, {stream.size()}, limits));
  }
}

}  // namespace
}  // namespace herdgate::resp
