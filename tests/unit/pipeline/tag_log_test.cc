#include "sidecar/pipeline/tag_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::pipeline {
namespace {

constexpr std::uint64_t kGeneration = 1000;
constexpr std::uint64_t kRules = 77;

// The log as the upstream has it, and a writer that knows it.
struct Upstream {
  std::string text;
  TagMark mark;
  TagLog writer;

  void Bump(std::string_view tag, std::uint64_t version) { Write(writer.NextLine(kGeneration, tag, version, kRules)); }
  void Write(const TagLog::Line& line) {
    text = line.anew ? line.text : text + line.text;
    mark = line.mark;
    writer.Written(kGeneration, line);
  }
  std::string From(std::uint64_t first) const { return text.substr(first, mark.bytes - first); }
  bool ReadBy(TagLog& reader) const {
    return reader.Take(kGeneration, mark, From(reader.FirstByte(kGeneration, mark)));
  }
};

TEST(TagLogTest, ItIsAnOwnKeyOfThePolicy) {
  EXPECT_EQ(TagLogKey("user"), "__herdgate:tags:user");
}

TEST(TagLogTest, ALineIsVersionSizeAndTag) {
  Upstream upstream;
  upstream.Bump("tenant:42", 1005);
  upstream.Bump("a b\nc", 1006);
  EXPECT_EQ(upstream.text, "1005 9 tenant:42\n1006 5 a b\nc\n");
  EXPECT_EQ(upstream.mark, (TagMark{.version = 1006,
                                    .base = 1005,
                                    .bytes = upstream.text.size(),
                                    .rules = kRules,
                                    .digest = upstream.mark.digest}));
}

TEST(TagLogTest, AReaderReadsWhatIsNewAndTheByteBefore) {
  Upstream upstream;
  upstream.Bump("one", 1005);
  TagLog reader;
  EXPECT_EQ(reader.FirstByte(kGeneration, upstream.mark), 0U);
  ASSERT_TRUE(upstream.ReadBy(reader));
  const std::size_t known = upstream.text.size();
  ASSERT_TRUE(upstream.ReadBy(reader)) << "nothing new";
  upstream.Bump("two", 1006);
  EXPECT_EQ(reader.FirstByte(kGeneration, upstream.mark), known - 1);
  ASSERT_TRUE(upstream.ReadBy(reader));
  EXPECT_EQ(reader.versions(), (policy::TagVersions{{"one", 1005}, {"two", 1006}}));
  EXPECT_EQ(reader.mark(), upstream.mark);
}

TEST(TagLogTest, ALogThatDoesNotFitItsMarkIsNotTaken) {
  Upstream upstream;
  upstream.Bump("one", 1005);
  TagLog reader;
  ASSERT_TRUE(upstream.ReadBy(reader));
  const TagMark before = reader.mark();
  upstream.Bump("two", 1006);
  const std::string news = upstream.From(reader.FirstByte(kGeneration, upstream.mark));
  TagLog newcomer;
  for (const std::string& wrong : std::vector<std::string>{
           std::string(), news.substr(1), news.substr(0, news.size() - 1), news + "x", "x" + news.substr(1),
           "\n1007 3 two\n", "\n1005 3 two\n", "\n1006 4 two\n", "\n1006 2 two\n", "\n1006 3 two\n1006 3 two\n"}) {
    EXPECT_FALSE(reader.Take(kGeneration, upstream.mark, wrong)) << wrong;
    EXPECT_FALSE(newcomer.Take(kGeneration, upstream.mark, wrong)) << wrong;
  }
  EXPECT_EQ(reader.mark(), before);
  EXPECT_TRUE(reader.Take(kGeneration, upstream.mark, news));
  EXPECT_FALSE(newcomer.mark().any());
}

TEST(TagLogTest, VersionsAreAboveTheGeneration) {
  TagLog reader;
  const std::string text = "999 3 one\n";
  TagLog writer;
  TagMark mark = writer.NextLine(998, "one", 999, 1).mark;
  EXPECT_FALSE(reader.Take(kGeneration, mark, text));
  EXPECT_TRUE(reader.Take(998, mark, text)) << "but for that it could be";
}

TEST(TagLogTest, ANewGenerationBeginsEmpty) {
  Upstream upstream;
  upstream.Bump("one", 1005);
  EXPECT_TRUE(upstream.writer.MarkOf(kGeneration).any());
  EXPECT_FALSE(upstream.writer.MarkOf(kGeneration + 1).any());
  const TagLog::Line line = upstream.writer.NextLine(kGeneration + 1, "two", 1010, kRules);
  EXPECT_TRUE(line.anew);
  EXPECT_EQ(line.text, "1010 3 two\n");
}

TEST(TagLogTest, ALongLogIsWrittenAnewWithEachTagOnce) {
  Upstream upstream;
  std::uint64_t version = kGeneration;
  std::size_t longest = 0;
  for (int i = 0; i < 20000; ++i) {
    upstream.Bump("tag:" + std::to_string(i % 10), ++version);
    longest = std::max(longest, upstream.text.size());
  }
  EXPECT_LE(longest, TagLog::kSmallBytes + 100);
  TagLog reader;
  ASSERT_TRUE(upstream.ReadBy(reader));
  EXPECT_EQ(reader.versions(), upstream.writer.versions());
  EXPECT_EQ(reader.versions().size(), 10U);
}

TEST(TagLogTest, AsManyTagsAsThereMayBeFit) {
  Upstream upstream;
  std::uint64_t version = kGeneration;
  for (std::size_t i = 0; i < TagLog::kMostTags; ++i) {
    std::string tag = std::to_string(i);
    tag.resize(policy::TagRules::kMostTagBytes, 'x');
    upstream.Bump(tag, ++version);
  }
  EXPECT_EQ(upstream.writer.versions().size(), TagLog::kMostTags);
  EXPECT_LT(upstream.text.size() * 2, TagLog::kMostBytes);
}

// What two masters have after a failover: a common beginning, and then each its own.
struct Parted {
  explicit Parted(std::initializer_list<std::pair<std::string, std::uint64_t>> mine,
                  std::initializer_list<std::pair<std::string, std::uint64_t>> others) {
    own.Bump("t:10", 1001);
    other = own;
    for (const auto& [tag, version] : mine) own.Bump(tag, version);
    for (const auto& [tag, version] : others) other.Bump(tag, version);
  }
  bool Crosses() { return other.ReadBy(own.writer); }

  Upstream own;
  Upstream other;
};

// All lines are of the same length, so only what they say differs.
TEST(TagLogTest, ALogThatPartedIsNotTaken) {
  const std::vector<Parted> all = {
      Parted({{"t:12", 1002}}, {{"t:13", 1003}, {"t:14", 1004}}),
      Parted({{"t:12", 1002}}, {{"t:13", 1002}, {"t:14", 1003}}),
      Parted({{"t:12", 1002}}, {{"t:13", 1002}}),
      // The last line that is known is the same: what differs stands before it.
      Parted({{"t:12", 1002}, {"t:15", 1003}}, {{"t:13", 1002}, {"t:15", 1003}, {"t:14", 1004}}),
      Parted({{"t:12", 1002}, {"t:15", 1003}, {"t:16", 1004}},
             {{"t:13", 1002}, {"t:15", 1003}, {"t:16", 1004}, {"t:17", 1005}}),
      // Of the same tags, one earlier than it is known.
      Parted({{"t:10", 1003}}, {{"t:10", 1002}, {"t:11", 1004}}),
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    Parted parted = all[i];
    const policy::TagVersions before = parted.own.writer.versions();
    EXPECT_FALSE(parted.Crosses()) << i;
    EXPECT_EQ(parted.own.writer.versions(), before) << i;
    EXPECT_FALSE(parted.own.ReadBy(parted.other.writer)) << i;
    TagLog newcomer;
    EXPECT_TRUE(parted.other.ReadBy(newcomer)) << i;
  }
}

TEST(TagLogTest, ALogThatPartedAndWasWrittenAnewIsNotTaken) {
  Parted parted({{"t:12", 1002}}, {{"t:13", 1003}, {"t:13", 1004}});
  parted.other.Write(parted.other.writer.Whole());
  EXPECT_FALSE(parted.Crosses());
}

TEST(TagLogTest, ALogThatSaysTheSameAgainIsTaken) {
  Parted parted({{"t:12", 1002}}, {{"t:12", 1003}, {"t:14", 1004}});
  EXPECT_FALSE(parted.Crosses()) << "the byte before does not tell";
  parted.other.Write(parted.other.writer.Whole());
  EXPECT_TRUE(parted.Crosses()) << "each tag at its version or a later one";
}

TEST(TagLogTest, ItCoversWhatItHasAtThatVersionOrALaterOne) {
  Parted parted({{"t:12", 1002}, {"t:10", 1003}}, {});
  const auto covers = [&] { return parted.own.writer.Covers(kGeneration, parted.other.mark, parted.other.text); };
  EXPECT_TRUE(covers());
  EXPECT_FALSE(parted.own.writer.Covers(kGeneration + 1, parted.other.mark, parted.other.text));
  EXPECT_FALSE(parted.own.writer.Covers(kGeneration, parted.other.mark, ""));
  parted.other.Bump("t:12", 1002);
  EXPECT_TRUE(covers());
  parted.other.Bump("t:12", 1003);
  EXPECT_FALSE(covers());
  parted = Parted({{"t:12", 1004}}, {{"t:13", 1002}});
  EXPECT_FALSE(covers());
}

TEST(TagLogTest, TheDigestIsThatOfTheTagsNotOfTheLines) {
  Upstream one;
  Upstream two;
  one.Bump("a", 1001);
  one.Bump("b", 1002);
  one.Bump("a", 1003);
  two.Bump("b", 1002);
  EXPECT_NE(one.mark.digest, two.mark.digest);
  two.Bump("a", 1003);
  EXPECT_EQ(one.mark.digest, two.mark.digest);
  EXPECT_TRUE(one.mark.SameTags(two.mark));
  EXPECT_EQ(one.writer.Whole().mark.digest, one.mark.digest);
}

// Readers that come and go, a log that is lost and written again by whoever knows it: all agree, always.
TEST(TagLogTest, ReadersAgreeWhateverTheyMissed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::Random random(seed);
    Upstream upstream;
    std::uint64_t version = kGeneration;
    std::vector<TagLog> readers(4);
    const std::string filler(200, 'y');
    for (int step = 0; step < 1500; ++step) {
      upstream.Bump(filler + std::to_string(random.Below(30)), version += 1 + random.Below(3));
      for (TagLog& reader : readers) {
        if (random.Below(20) == 0) reader = TagLog();
        if (random.Below(3) != 0) continue;
        ASSERT_TRUE(upstream.ReadBy(reader)) << "seed " << seed << ", step " << step;
        ASSERT_EQ(reader.versions(), upstream.writer.versions());
        if (random.Below(10) == 0) {  // it was lost, and this one has it all
          upstream.Write(reader.Whole());
          reader.Written(kGeneration, reader.Whole());
          ASSERT_EQ(reader.mark(), upstream.mark);
        }
      }
    }
  }
}

}  // namespace
}  // namespace herdgate::pipeline
