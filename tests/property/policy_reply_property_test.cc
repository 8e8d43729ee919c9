// Laws of RewriteReply: a reply whose keys have physical names comes back with the logical ones, and with no other byte
// changed; whatever the bytes, what comes back is one whole reply if that was given.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/policy/reply_rewriter.h"
#include "sidecar/resp/limits.h"
#include "sidecar/resp/reply_scanner.h"

namespace herdgate::policy {
namespace {

// What Redis says and what the app must see.
struct Made {
  std::string physical;
  std::string logical;

  void Add(std::string_view both) {
    physical += both;
    logical += both;
  }
  void Add(const Made& made) {
    physical += made.physical;
    logical += made.logical;
  }
};

std::string Header(char type, std::size_t length) {
  return type + std::to_string(length) + "\r\n";
}

class CaseMaker {
 public:
  explicit CaseMaker(std::uint64_t seed) : random_(seed) {}

  base::Random& random() { return random_; }

  // One to four policies over the first letters of keys, some of them with versions.
  SnapshotPtr NewSnapshot() {
    static constexpr std::string_view kMatches[] = {"a*", "ab:*", "b*", "*", "v*"};
    std::vector<Policy> policies;
    std::vector<std::uint64_t> generations;
    for (std::size_t i = 1 + random_.Below(4); i > 0; --i) {
      Policy& policy = policies.emplace_back();
      policy.name = "p" + std::to_string(i);
      policy.match = {std::string(kMatches[random_.Below(5)])};
      if (random_.Below(2) == 0) policy.version.schema = random_.Below(3);
      policy.version.generation = random_.Below(3) == 0;
      policy.mode = random_.Below(5) == 0 ? Mode::kAudit : Mode::kEnforce;
      generations.push_back(policy.version.generation ? 100 + random_.Below(2) : 0);
    }
    snapshot_ = std::make_shared<const Snapshot>(std::make_shared<const PolicySet>(std::move(policies)), generations);
    return snapshot_;
  }

  std::string LogicalKey() {
    static constexpr std::string_view kFronts[] = {"a", "ab:", "b", "c", "", "x\r\n"};
    std::string key(kFronts[random_.Below(6)]);
    for (std::size_t left = random_.Below(8); left > 0; --left) key += "a1:\r\n*$"[random_.Below(7)];
    return key;
  }

  // A key that the app named.
  Made Key() {
    const std::string logical = LogicalKey();
    return Named(logical, snapshot_->Physical(logical));
  }

  Made Named(const std::string& logical, const std::string& physical) {
    Made made;
    made.physical = Header('$', physical.size()) + physical + "\r\n";
    made.logical = Header('$', logical.size()) + logical + "\r\n";
    return made;
  }

  // Any reply in which no key stands; the texts look like keys all the same.
  std::string Value(int depth) {
    switch (random_.Below(depth > 0 ? 12 : 8)) {
      case 0:
        return ":" + std::to_string(random_.Below(1000)) + "\r\n";
      case 1:
        return "_\r\n";
      case 2:
        return random_.Below(2) == 0 ? "$-1\r\n" : "*-1\r\n";
      case 3:
        return ",1.5\r\n";
      case 4:
        return "+v1:a\r\n";
      case 5:
        return "=10\r\ntxt:v1:abc\r\n";
      case 6:
      case 7: {
        const std::string text = snapshot_->Physical(LogicalKey());
        return Header('$', text.size()) + text + "\r\n";
      }
      default:
        return List("*~%*"[random_.Below(4)], depth);
    }
  }

  std::string List(char type, int depth) {
    const std::size_t count = random_.Below(4);
    const bool streamed = random_.Below(6) == 0;
    std::string list = streamed ? std::string(1, type) + "?\r\n" : Header(type, count);
    for (std::size_t left = type == '%' ? 2 * count : count; left > 0; --left) list += Value(depth - 1);
    return streamed ? list + ".\r\n" : list;
  }

  // An array of keys, some of which the app must not see.
  Made Listing(const std::string& attribute) {
    Made body;
    const std::size_t count = random_.Below(30);
    std::size_t visible = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string logical = LogicalKey();
      const std::string physical =
          random_.Below(3) == 0 ? "v" + std::to_string(random_.Below(3)) + ":" + logical : snapshot_->Physical(logical);
      const std::optional<std::string_view> shown = snapshot_->Visible(physical);
      const Made key = Named(std::string(shown.value_or("")), physical);
      body.physical += attribute + key.physical;
      if (!shown) continue;
      body.logical += attribute + key.logical;
      ++visible;
    }
    return {Header('*', count) + body.physical, Header('*', visible) + body.logical};
  }

  Made Streams() {
    const bool map = random_.Below(2) == 0;
    const std::size_t count = 1 + random_.Below(4);
    Made made;
    made.Add(Header(map ? '%' : '*', count));
    for (std::size_t left = count; left > 0; --left) {
      if (!map) made.Add("*2\r\n");
      made.Add(Key());
      made.Add(Value(3));
    }
    return made;
  }

  // A reply of a script, with names among other values, at any depth.
  Made Script(ReplyWork& work, int depth) {
    Made made;
    const std::size_t count = random_.Below(5);
    made.Add(Header("*~"[random_.Below(2)], count));
    for (std::size_t left = count; left > 0; --left) {
      const std::uint64_t choice = random_.Below(4);
      if (choice == 0 && depth > 0) {
        made.Add(Script(work, depth - 1));
      } else if (choice == 1) {
        made.Add(":" + std::to_string(random_.Below(100)) + "\r\n");
      } else if (choice == 2) {
        made.Add("$5\r\nw1:ab\r\n");
      } else {
        const std::string logical = LogicalKey();
        const std::string physical = snapshot_->Physical(logical);
        work.keys.emplace_back(physical, logical);
        made.Add(Named(logical, physical));
      }
    }
    return made;
  }

  // Names of whatever version, which nobody named, among other values.
  Made AnyNames(int depth) {
    Made made;
    const std::size_t count = random_.Below(4);
    made.Add(Header('*', count));
    for (std::size_t left = count; left > 0; --left) {
      const std::uint64_t choice = random_.Below(3);
      if (choice == 0 && depth > 0) {
        made.Add(AnyNames(depth - 1));
      } else if (choice == 1) {
        made.Add(":" + std::to_string(random_.Below(100)) + "\r\n");
      } else {
        const std::string physical = "v" + std::to_string(random_.Below(3)) + ":" + LogicalKey();
        made.Add(Named(std::string(snapshot_->Logical(physical)), physical));
      }
    }
    return made;
  }

  Made Case(ReplyWork& work) {
    Made made;
    work.snapshot = snapshot_;
    work.shape = static_cast<ReplyShape>(random_.Below(9));
    const std::string attribute = random_.Below(4) == 0 ? "|1\r\n+ttl\r\n*1\r\n:1\r\n" : "";
    switch (work.shape) {
      case ReplyShape::kPlain:
        made.Add(Value(4));
        break;
      case ReplyShape::kKeys:
        made = Listing(attribute);
        break;
      case ReplyShape::kScan:
        made.Add("*2\r\n" + attribute + "$2\r\n17\r\n");
        made.Add(Listing(attribute));
        break;
      case ReplyShape::kRandomKey:
        made = Key();
        break;
      case ReplyShape::kFirstIsKey:
        made.Add("*3\r\n" + attribute);
        made.Add(Key());
        made.Add(Value(3) + Value(2));
        break;
      case ReplyShape::kStreams:
        made = Streams();
        break;
      case ReplyShape::kNamedKeys:
        made = Script(work, 3);
        break;
      case ReplyShape::kAnyName:
        made = AnyNames(3);
        break;
      case ReplyShape::kExec:
        made = Exec(work);
        break;
    }
    return made;
  }

  Made Exec(ReplyWork& work) {
    Made made;
    const std::size_t count = random_.Below(4);
    made.Add(Header('*', count));
    for (std::size_t left = count; left > 0; --left) {
      ReplyWork& queued = work.queued.emplace_back();
      Made element = Case(queued);
      if (queued.shape == ReplyShape::kExec) {  // there is none inside another
        queued = ReplyWork();
        element = Made();
        element.Add("+OK\r\n");
      }
      made.Add(element);
    }
    return made;
  }

 private:
  base::Random random_;
  SnapshotPtr snapshot_;
};

// One whole reply and nothing behind it.
bool IsWhole(std::string_view bytes) {
  const resp::Limits limits;
  resp::ReplyScanner scanner(limits);
  const resp::ReplyScanner::Progress progress = scanner.Scan(bytes);
  return progress.complete && progress.bytes == bytes.size();
}

TEST(PolicyReplyPropertyTest, ReplyOfRenamedKeysComesBackLogical) {
  CaseMaker maker(31);
  int changed = 0;
  for (int round = 0; round < 20'000; ++round) {
    maker.NewSnapshot();
    ReplyWork work;
    const Made made = maker.Case(work);
    ASSERT_TRUE(IsWhole(made.physical)) << made.physical;
    const std::string shown = RewriteReply(work, made.physical);
    ASSERT_EQ(shown, made.logical) << "round " << round << ", shape " << static_cast<int>(work.shape);
    changed += made.physical != made.logical ? 1 : 0;
  }
  EXPECT_GT(changed, 5'000);
}

TEST(PolicyReplyPropertyTest, AnyShapeGivesAWholeReplyForAWholeReply) {
  CaseMaker maker(33);
  for (int round = 0; round < 20'000; ++round) {
    const SnapshotPtr snapshot = maker.NewSnapshot();
    ReplyWork other;
    const std::string reply = maker.Case(other).physical;
    ReplyWork work;
    maker.Case(work);  // for its names and queued replies
    ASSERT_TRUE(IsWhole(RewriteReply(work, reply))) << reply;
    const std::string push = RewritePush(*snapshot, reply);
    ASSERT_TRUE(push.empty() || IsWhole(push)) << reply;
  }
}

TEST(PolicyReplyPropertyTest, ABrokenReplyDoesNoHarm) {
  CaseMaker maker(34);
  base::Random& random = maker.random();
  for (int round = 0; round < 20'000; ++round) {
    const SnapshotPtr snapshot = maker.NewSnapshot();
    ReplyWork work;
    std::string reply = maker.Case(work).physical;
    for (std::size_t left = 1 + random.Below(3); left > 0 && !reply.empty(); --left) {
      reply[random.Below(reply.size())] = "+-:_#,($=!*~%>|;.?\r\n0123456789"[random.Below(30)];
    }
    reply.resize(reply.size() - random.Below(2) * random.Below(reply.size() + 1));
    const std::string shown = RewriteReply(work, reply);
    const std::string push = RewritePush(*snapshot, reply);
    if (IsWhole(reply)) {
      ASSERT_TRUE(IsWhole(shown)) << reply;
      ASSERT_TRUE(push.empty() || IsWhole(push)) << reply;
    }
  }
}

}  // namespace
}  // namespace herdgate::policy
