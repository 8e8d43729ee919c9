// Laws of ReplyScanner and ParseReply: borders do not depend on how the bytes were cut, and both see the same ones.
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/reply.h"
#include "tests/property/resp_drivers.h"

namespace herdgate::resp {
namespace {

// A reply of any type: its bytes, and how ParseReply should see it, as Shown prints it.
struct Made {
  std::string bytes;
  std::string shown;
  char kind = 0;
};

class ReplyMaker {
 public:
  explicit ReplyMaker(std::uint64_t seed) : random_(seed) {}

  base::Random& random() { return random_; }

  Made Make(int depth) {
    Made made;
    if (random_.Below(8) == 0) made.bytes = Attribute(depth);
    const std::uint64_t choices = depth > 0 ? 16 : 11;
    Add(made, random_.Below(choices), depth);
    return made;
  }

  // Nested `levels` deep by streamed aggregates, fixed ones among them.
  Made MakeStreamedTower(int levels) {
    Made made{.bytes = ":1\r\n", .shown = "i(1)", .kind = ':'};
    for (int i = 0; i < levels; ++i) {
      const bool map = random_.Below(3) == 0;
      made.bytes = (map ? "%?\r\n+k\r\n" : "*?\r\n") + made.bytes + ".\r\n";
      made.shown = map ? "%[s(k)" + made.shown + "]" : "*[" + made.shown + "]";
      made.kind = map ? '%' : '*';
    }
    return made;
  }

 private:
  void Add(Made& made, std::uint64_t choice, int depth) {
    static constexpr std::string_view kKinds = "+-:_#,($=!$*~%>*";
    made.kind = kKinds[choice];
    switch (choice) {
      case 0:
        return Line(made, "s", Text());
      case 1:
        return Line(made, "e", Text());
      case 2:
        return Line(made, "i", std::to_string(static_cast<std::int64_t>(random_.Next())));
      case 3:
        return Line(made, "null", "");
      case 4:
        return Line(made, "b", random_.Below(2) == 0 ? "t" : "f");
      case 5:
        return Line(made, "d", "-1.5e10");
      case 6:
        return Line(made, "n", "12345678901234567890123");
      case 7:
        return Bulk(made, "s", "");
      case 8:
        return Bulk(made, "s", "txt:");
      case 9:
        return Bulk(made, "e", "");
      case 10:
        return random_.Below(3) == 0 ? Null(made) : Chunks(made);
      default:
        return Aggregate(made, depth);
    }
  }

  std::string Text() {
    std::string text;
    for (std::size_t left = random_.Below(12); left > 0; --left) text += "ab \n:$*"[random_.Below(7)];
    return text;
  }

  std::string Body() {
    std::string body;
    for (std::size_t left = random_.Below(6) == 0 ? random_.Below(300) : random_.Below(12); left > 0; --left) {
      body += "\r\n$*.;|a"[random_.Below(8)];
    }
    return body;
  }

  static std::string Headed(char kind, const std::string& length) { return kind + length + "\r\n"; }

  static void Line(Made& made, const std::string& name, const std::string& text) {
    made.bytes += Headed(made.kind, text);
    made.shown = name + "(" + text + ")";
  }

  void Bulk(Made& made, const std::string& name, const std::string& format) {
    const std::string body = Body();
    made.bytes += Headed(made.kind, std::to_string(body.size() + format.size())) + format + body + "\r\n";
    made.shown = name + "(" + body + ")";
  }

  void Null(Made& made) {
    made.kind = random_.Below(2) == 0 ? '$' : '*';
    made.bytes += Headed(made.kind, "-1");
    made.shown = "null()";
  }

  void Chunks(Made& made) {
    made.bytes += "$?\r\n";
    std::string joined;
    for (std::size_t left = random_.Below(4); left > 0; --left) {
      const std::string chunk = Body() + "x";  // an empty chunk would be the last
      made.bytes += Headed(';', std::to_string(chunk.size())) + chunk + "\r\n";
      joined += chunk;
    }
    made.bytes += ";0\r\n";
    made.shown = "s(" + joined + ")";
  }

  void Aggregate(Made& made, int depth) {
    const std::size_t count = random_.Below(5);
    const bool streamed = made.kind != '>' && random_.Below(3) == 0;
    made.bytes += Headed(made.kind, streamed ? "?" : std::to_string(count));
    made.shown = std::string(1, made.kind) + "[";
    for (std::size_t left = made.kind == '%' ? 2 * count : count; left > 0; --left) {
      const Made element = Make(depth - 1);
      made.bytes += element.bytes;
      made.shown += element.shown;
    }
    made.shown += "]";
    if (streamed) made.bytes += ".\r\n";
  }

  std::string Attribute(int depth) {
    const std::size_t pairs = random_.Below(3);
    std::string bytes = Headed('|', std::to_string(pairs));
    for (std::size_t left = 2 * pairs; left > 0; --left) bytes += Make(depth > 0 ? depth - 1 : 0).bytes;
    return bytes;
  }

  base::Random random_;
};

std::string NameOf(ReplyType type) {
  switch (type) {
    case ReplyType::kSimple:
    case ReplyType::kBulk:
    case ReplyType::kVerbatim:
      return "s";
    case ReplyType::kError:
      return "e";
    case ReplyType::kInteger:
      return "i";
    case ReplyType::kNull:
      return "null";
    case ReplyType::kBoolean:
      return "b";
    case ReplyType::kDouble:
      return "d";
    case ReplyType::kBigNumber:
      return "n";
    case ReplyType::kArray:
      return "*";
    case ReplyType::kSet:
      return "~";
    case ReplyType::kMap:
      return "%";
    case ReplyType::kPush:
      return ">";
  }
  return "";
}

std::string Shown(const Reply& reply) {
  const std::string name = NameOf(reply.type);
  if (reply.type == ReplyType::kNull) return name + "()";
  if (reply.type == ReplyType::kInteger) return name + "(" + std::to_string(reply.integer) + ")";
  if (std::isalpha(static_cast<unsigned char>(name.front())) != 0) return name + "(" + std::string(reply.text) + ")";
  std::string shown = name + "[";
  for (const Reply& element : reply.elements) shown += Shown(element);
  return shown + "]";
}

std::string RandomGarbage(ReplyMaker& maker) {
  std::string bytes = maker.Make(3).bytes + maker.Make(2).bytes;
  base::Random& random = maker.random();
  static constexpr std::string_view kBytes = "+-:_#,($=!*~%>|;.?\r\n0123456789-1x";
  for (std::size_t left = 1 + random.Below(3); left > 0; --left) {
    const std::size_t at = random.Below(bytes.size());
    const char byte = random.Below(6) == 0 ? static_cast<char>(random.Below(256)) : kBytes[random.Below(kBytes.size())];
    if (random.Below(2) == 0) {
      bytes[at] = byte;
    } else {
      bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), byte);
    }
  }
  return bytes;
}

TEST(RespReplyPropertyTest, RepliesEndWhereTheyEnd) {
  ReplyMaker maker(11);
  const Limits limits;
  for (int round = 0; round < 3'000; ++round) {
    std::string stream;
    ScannedReplies expected;
    for (std::size_t left = 1 + maker.random().Below(5); left > 0; --left) {
      const Made made = maker.Make(4);
      stream += made.bytes;
      expected.ends.push_back(stream.size());
      expected.kinds += made.kind;
    }
    ASSERT_EQ(ScanStream(stream, {stream.size()}, limits), expected) << stream;
    ASSERT_EQ(ScanStream(stream, RandomCuts(maker.random(), stream.size()), limits), expected) << stream;
  }
}

TEST(RespReplyPropertyTest, EverySplitPointGivesTheSameBorders) {
  ReplyMaker maker(12);
  const Limits limits;
  for (int round = 0; round < 200; ++round) {
    const std::string stream = maker.Make(3).bytes + maker.Make(3).bytes;
    if (stream.size() > 2'000) continue;
    const ScannedReplies unsplit = ScanStream(stream, {stream.size()}, limits);
    ASSERT_EQ(unsplit.ends.size(), 2U);
    for (std::size_t split = 1; split < stream.size(); ++split) {
      ASSERT_EQ(ScanStream(stream, {split, stream.size()}, limits), unsplit) << split << " " << stream;
    }
  }
}

TEST(RespReplyPropertyTest, StreamedTowersReachTheNestingLimit) {
  ReplyMaker maker(13);
  const Limits limits;
  for (int levels = 1; levels <= static_cast<int>(limits.max_nesting); ++levels) {
    const Made made = maker.MakeStreamedTower(levels);
    const ScannedReplies expected{.ends = {made.bytes.size()}, .kinds = std::string(1, made.kind)};
    ASSERT_EQ(ScanStream(made.bytes, RandomCuts(maker.random(), made.bytes.size()), limits), expected) << levels;
    const base::Result<ParsedReply> parsed = ParseReply(made.bytes);
    ASSERT_TRUE(parsed.ok()) << levels;
    ASSERT_EQ(Shown(parsed.value().reply), made.shown);
  }
  const Made too_deep = maker.MakeStreamedTower(static_cast<int>(limits.max_nesting) + 1);
  EXPECT_TRUE(ScanStream(too_deep.bytes, {too_deep.bytes.size()}, limits).failed);
  EXPECT_FALSE(ParseReply(too_deep.bytes).ok());
}

TEST(RespReplyPropertyTest, ParsedRepliesSayWhatWasSent) {
  ReplyMaker maker(14);
  for (int round = 0; round < 5'000; ++round) {
    const Made made = maker.Make(4);
    const ExactCopy input(made.bytes);
    const base::Result<ParsedReply> parsed = ParseReply(input.view());
    ASSERT_TRUE(parsed.ok()) << parsed.status().message() << " " << made.bytes;
    ASSERT_EQ(parsed.value().bytes, made.bytes.size());
    ASSERT_EQ(Shown(parsed.value().reply), made.shown) << made.bytes;
    const ExactCopy cut(std::string_view(made.bytes).substr(0, maker.random().Below(made.bytes.size())));
    ASSERT_EQ(ParseReply(cut.view()).status().code(), base::ErrorCode::kInvalidArgument) << cut.view();
  }
}

TEST(RespReplyPropertyTest, GarbageGivesTheSameVerdictHoweverItIsCut) {
  ReplyMaker maker(15);
  Limits limits;
  limits.max_nesting = 4;  // so that too deep nesting happens
  int failures = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string stream = RandomGarbage(maker);
    const ScannedReplies unsplit = ScanStream(stream, {stream.size()}, limits);
    ASSERT_EQ(ScanStream(stream, RandomCuts(maker.random(), stream.size()), limits), unsplit) << stream;
    failures += unsplit.failed ? 1 : 0;
  }
  EXPECT_GT(failures, 1000) << "the garbage must reach the failures";
}

TEST(RespReplyPropertyTest, ScannerAndParserAgreeOnGarbage) {
  ReplyMaker maker(16);
  const Limits limits;
  int broken = 0;
  for (int round = 0; round < 20'000; ++round) {
    const ExactCopy input(RandomGarbage(maker));
    ReplyScanner scanner(limits);
    const ReplyScanner::Progress scanned = scanner.Scan(input.view());
    const base::Result<ParsedReply> parsed = ParseReply(input.view());
    if (parsed.ok()) {
      ASSERT_TRUE(scanned.complete) << input.view();
      ASSERT_EQ(scanned.bytes, parsed.value().bytes) << input.view();
    } else if (parsed.status().code() == base::ErrorCode::kInvalidArgument) {
      ASSERT_FALSE(scanned.complete) << input.view();
    }
    ASSERT_FALSE(scanner.failed() && parsed.ok()) << input.view();
    broken += scanner.failed() ? 1 : 0;
  }
  EXPECT_GT(broken, 1000);
}

}  // namespace
}  // namespace herdgate::resp
