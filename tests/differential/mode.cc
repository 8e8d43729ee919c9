#include "tests/differential/mode.h"

#include <algorithm>
#include <iterator>

namespace herdgate::differential {
namespace {

constexpr SceneWeights kAll{};
constexpr SceneWeights kAllAndHello{.hello = 8};
constexpr SceneWeights kTransactions{.pipeline = 20, .transaction = 50, .watch = 20, .pubsub = 0, .hello = 2};
constexpr SceneWeights kPubSub{.pipeline = 20, .transaction = 4, .pubsub = 50, .hello = 4};
constexpr SceneWeights kBlocking{.pipeline = 20, .transaction = 6, .pubsub = 4, .blocking = 12, .wake = 40};
constexpr SceneWeights kMalformed{.pipeline = 2,
                                  .connection = 0,
                                  .transaction = 0,
                                  .watch = 0,
                                  .pubsub = 0,
                                  .blocking = 0,
                                  .wake = 0,
                                  .reply = 0,
                                  .tracking = 0,
                                  .user = 0,
                                  .close = 0,
                                  .malformed = 98};

constexpr Mode kModes[] = {
    {"resp2", 2, 3000, kAll},         {"resp3", 3, 3000, kAll},
    {"mixed", 0, 3000, kAllAndHello}, {"transactions", 0, 5000, kTransactions},
    {"pubsub", 0, 2000, kPubSub},     {"blocking", 0, 5000, kBlocking},
    {"large", 0, 40, kAll},           {"malformed", 2, 0, kMalformed},
};

}  // namespace

std::span<const Mode> Modes() {
  return kModes;
}

const Mode* FindMode(std::string_view name) {
  const auto* mode =
      std::find_if(std::begin(kModes), std::end(kModes), [name](const Mode& one) { return one.name == name; });
  return mode == std::end(kModes) ? nullptr : mode;
}

}  // namespace herdgate::differential
