#include "sidecar/pipeline/remembered_deletes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/log.h"

namespace herdgate::pipeline {
namespace {

using Bump = RememberedDeletes::Bump;
using Batch = RememberedDeletes::Batch;
using Key = RememberedDeletes::Key;
using Names = std::vector<std::string>;

constexpr std::size_t kAll = 1000;

Remembered AddTo(RememberedDeletes& deletes, const Names& names, std::string_view policy = "p",
                 bool has_generation = false) {
  std::vector<Key> keys;
  for (const std::string& name : names) {
    keys.push_back({.physical = name, .policy = policy, .has_generation = has_generation});
  }
  return deletes.Add(keys);
}

Names Sorted(Batch batch) {
  std::ranges::sort(batch.keys);
  return batch.keys;
}

Names PoliciesOf(const std::vector<Bump>& bumps) {
  Names names;
  for (const Bump& bump : bumps) names.push_back(bump.policy + "=" + std::to_string(bump.deletes));
  return names;
}

std::uint64_t BytesFor(std::initializer_list<std::uint64_t> sizes) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t size : sizes) bytes += size + RememberedDeletes::kOverheadBytes;
  return bytes;
}

TEST(RememberedDeletes, DoesNotCloseWhenAnotherLoopOpenedItAfterTheSeal) {
  RememberedDeletes deletes;
  deletes.Seal();
  deletes.Open();
  EXPECT_FALSE(deletes.TryClose());
}

TEST(RememberedDeletesTest, NothingIsTakenUntilItIsOpen) {
  RememberedDeletes deletes;
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kNotNow);
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), Names{"a"});
}

TEST(RememberedDeletesTest, ItClosesOnlyWhenNothingIsLeft) {
  RememberedDeletes deletes;
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  EXPECT_FALSE(deletes.TryClose());
  const Batch batch = deletes.TakeBatch(kAll);
  EXPECT_FALSE(deletes.TryClose()) << "what is taken is not carried out yet";
  EXPECT_EQ(AddTo(deletes, {"b"}), Remembered::kTaken) << "a close that failed changes nothing";
  deletes.Done(batch);
  deletes.Done(deletes.TakeBatch(kAll));
  EXPECT_TRUE(deletes.TryClose());
  EXPECT_EQ(AddTo(deletes, {"c"}), Remembered::kNotNow);
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"c"}), Remembered::kTaken);
}

TEST(RememberedDeletesTest, ADuplicateCostsNothing) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = BytesFor({1, 1})});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "a", "b", "a"}), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"b", "a"}), Remembered::kTaken);
  EXPECT_EQ(deletes.GetStats().keys, 2U);
  EXPECT_EQ(deletes.GetStats().bytes, BytesFor({1, 1}));
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), (Names{"a", "b"}));
}

TEST(RememberedDeletesTest, BatchesAreBoundedAndDisjoint) {
  RememberedDeletes deletes;
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b", "c"}), Remembered::kTaken);
  const Batch first = deletes.TakeBatch(2);
  const Batch second = deletes.TakeBatch(2);
  EXPECT_EQ(first.keys.size(), 2U);
  EXPECT_EQ(second.keys.size(), 1U);
  std::set<std::string> all(first.keys.begin(), first.keys.end());
  all.insert(second.keys.begin(), second.keys.end());
  EXPECT_EQ(all.size(), 3U);
  EXPECT_TRUE(deletes.TakeBatch(2).keys.empty());
}

TEST(RememberedDeletesTest, WhatIsPutBackIsTakenAgain) {
  RememberedDeletes deletes;
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}), Remembered::kTaken);
  deletes.PutBack(deletes.TakeBatch(kAll));
  EXPECT_FALSE(deletes.TryClose());
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), (Names{"a", "b"}));
}

TEST(RememberedDeletesTest, AKeyDeletedAgainWhileItIsTakenIsCarriedOutOnceMore) {
  RememberedDeletes deletes;
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}), Remembered::kTaken);
  const Batch batch = deletes.TakeBatch(kAll);
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  deletes.Done(batch);
  EXPECT_FALSE(deletes.TryClose());
  const Batch again = deletes.TakeBatch(kAll);
  EXPECT_EQ(again.keys, Names{"a"});
  deletes.Done(again);
  EXPECT_TRUE(deletes.TryClose());
  EXPECT_EQ(deletes.GetStats().replayed, 3U);
}

TEST(RememberedDeletesTest, AKeyDeletedAgainIsNotDoubledByPuttingItBack) {
  RememberedDeletes deletes({.max_deletes = 1, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  const Batch batch = deletes.TakeBatch(kAll);
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  deletes.PutBack(batch);
  EXPECT_EQ(deletes.GetStats().keys, 1U);
  deletes.Done(deletes.TakeBatch(kAll));
  EXPECT_TRUE(deletes.TryClose());
}

TEST(RememberedDeletesTest, WithoutGenerationsWhatDoesNotFitIsRefusedWhole) {
  RememberedDeletes deletes({.max_deletes = 3, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"a", "c", "d"}), Remembered::kFull);
  EXPECT_EQ(deletes.GetStats().refused, 3U);
  EXPECT_EQ(AddTo(deletes, {"b", "c"}), Remembered::kTaken) << "the refused ones left no trace";
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), (Names{"a", "b", "c"}));
}

TEST(RememberedDeletesTest, WhatIsTakenStillCounts) {
  RememberedDeletes deletes({.max_deletes = 1, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}), Remembered::kTaken);
  const Batch batch = deletes.TakeBatch(kAll);
  EXPECT_EQ(AddTo(deletes, {"b"}), Remembered::kFull);
  deletes.Done(batch);
  EXPECT_EQ(AddTo(deletes, {"b"}), Remembered::kTaken);
}

TEST(RememberedDeletesTest, BytesBoundItToo) {
  RememberedDeletes deletes({.max_deletes = 100, .max_bytes = BytesFor({10, 20})});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {std::string(10, 'a')}), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {std::string(21, 'b')}), Remembered::kFull);
  EXPECT_EQ(AddTo(deletes, {std::string(20, 'b')}), Remembered::kTaken);
}

TEST(RememberedDeletesTest, AboveTheBoundThePolicyWithTheMostBytesBecomesABump) {
  RememberedDeletes deletes({.max_deletes = 100, .max_bytes = BytesFor({40, 1, 1, 1})});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {std::string(40, 'n')}, "none"), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"a"}, "small", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"b", "c"}, "large", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"d"}, "small", true), Remembered::kTaken);
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), (Names{"a", "d", std::string(40, 'n')}));
  EXPECT_EQ(PoliciesOf(deletes.TakeBumps()), Names{"large=2"});
}

TEST(RememberedDeletesTest, OneAddMayTakeSeveralBumps) {
  RememberedDeletes deletes({.max_deletes = 3, .max_bytes = 10000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}, "one", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"b", "c"}, "two", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"d", "e", "f"}, "none"), Remembered::kTaken);
  EXPECT_EQ(PoliciesOf(deletes.TakeBumps()), (Names{"one=1", "two=2"}));
  EXPECT_EQ(AddTo(deletes, {"g"}, "none"), Remembered::kFull);
  EXPECT_EQ(AddTo(deletes, {"h"}, "three", true), Remembered::kTaken) << "its own policy can give it up";
  EXPECT_EQ(PoliciesOf(deletes.TakeBumps()), Names{"three=1"});
}

TEST(RememberedDeletesTest, NoBumpIsMadeForWhatDoesNotFitEvenThen) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = 10000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}, "generation", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"b", "c", "d"}, "none"), Remembered::kFull);
  EXPECT_TRUE(deletes.TakeBumps().empty());
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), Names{"a"});
}

TEST(RememberedDeletesTest, KeysThatABumpWillHideAreNotKept) {
  RememberedDeletes deletes({.max_deletes = 1, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}, "g", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"c"}, "g", true), Remembered::kTaken);
  EXPECT_EQ(deletes.GetStats().keys, 0U);
  EXPECT_FALSE(deletes.TryClose());
  const std::vector<Bump> bumps = deletes.TakeBumps();
  EXPECT_EQ(PoliciesOf(bumps), Names{"g=3"});
  EXPECT_FALSE(deletes.TryClose());
  deletes.Done(bumps[0]);
  EXPECT_EQ(deletes.GetStats().bumped, 3U);
  EXPECT_TRUE(deletes.TryClose());
}

TEST(RememberedDeletesTest, KeysAddedWhileABumpIsBeingMadeAreKept) {
  RememberedDeletes deletes({.max_deletes = 1, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}, "g", true), Remembered::kTaken);
  const Bump bump = deletes.TakeBumps().at(0);
  // Their names may be of the new generation.
  EXPECT_EQ(AddTo(deletes, {"c"}, "g", true), Remembered::kTaken);
  deletes.Done(bump);
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), Names{"c"});
}

TEST(RememberedDeletesTest, ABumpThatIsPutBackTakesTheKeysAddedMeanwhile) {
  RememberedDeletes deletes({.max_deletes = 1, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}, "g", true), Remembered::kTaken);
  const Bump bump = deletes.TakeBumps().at(0);
  EXPECT_EQ(AddTo(deletes, {"c"}, "g", true), Remembered::kTaken);
  deletes.PutBack(bump);
  EXPECT_EQ(deletes.GetStats().keys, 0U);
  EXPECT_EQ(PoliciesOf(deletes.TakeBumps()), Names{"g=3"});
}

TEST(RememberedDeletesTest, ABatchThatABumpHasTakenOverIsDoneWithoutHarm) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}, "g", true), Remembered::kTaken);
  const Batch batch = deletes.TakeBatch(kAll);
  EXPECT_EQ(AddTo(deletes, {"c"}, "g", true), Remembered::kTaken);
  const Bump bump = deletes.TakeBumps().at(0);
  EXPECT_EQ(AddTo(deletes, {"a"}, "g", true), Remembered::kTaken);
  deletes.Done(batch);
  deletes.Done(bump);
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), Names{"a"}) << "deleted after the batch was taken";
}

TEST(RememberedDeletesTest, AKeyWhosePolicyHadNoGenerationsIsNotHiddenByABump) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a"}, "g", false), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"b"}, "g", true), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"c"}, "g", true), Remembered::kFull);
  EXPECT_EQ(Sorted(deletes.TakeBatch(kAll)), (Names{"a", "b"}));
}

TEST(RememberedDeletesTest, WhatIsLostIsCounted) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b", "c"}, "g", true), Remembered::kTaken);
  deletes.Lose(deletes.TakeBumps().at(0));
  EXPECT_EQ(deletes.GetStats().lost, 3U);
  EXPECT_TRUE(deletes.TryClose());
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}), Remembered::kTaken);
  const Batch batch = deletes.TakeBatch(1);
  EXPECT_EQ(deletes.LoseAll(), 2U);
  deletes.Done(batch);
  EXPECT_EQ(deletes.GetStats().lost, 5U);
  EXPECT_EQ(deletes.GetStats().replayed, 0U);
  EXPECT_TRUE(deletes.TryClose());
}

TEST(RememberedDeletesTest, AScrapeShowsWhatIsHeldAndWhatBecameOfTheRest) {
  RememberedDeletes deletes({.max_deletes = 2, .max_bytes = 1000});
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, {"a", "b"}), Remembered::kTaken);
  EXPECT_EQ(AddTo(deletes, {"c"}), Remembered::kFull);
  deletes.Done(deletes.TakeBatch(1));
  metrics::Registry registry;
  const auto registration = registry.Register([&](metrics::SampleSink& sink) { deletes.Collect(sink); });
  std::map<std::string, double> values;
  for (const metrics::FamilySamples& family : registry.Collect()) {
    for (const metrics::Series& series : family.series) {
      std::string name(family.family.name);
      for (const auto& label : series.labels) name += "{" + label.first + "=" + label.second + "}";
      values[name] = series.value;
    }
  }
  EXPECT_EQ(values["herdgate_remembered_deletes"], 1);
  EXPECT_EQ(values["herdgate_remembered_delete_bytes"], static_cast<double>(BytesFor({1})));
  EXPECT_EQ(values["herdgate_remembered_deletes_total{result=replayed}"], 1);
  EXPECT_EQ(values["herdgate_remembered_deletes_total{result=refused}"], 1);
  EXPECT_TRUE(values.contains("herdgate_remembered_deletes_total{result=bumped}"));
  EXPECT_TRUE(values.contains("herdgate_remembered_deletes_total{result=lost}"));
}

// Adds, replays and bumps in any order, some of which fail; whatever was told kTaken must have been carried out after
// that when it closes. Policies 0 and 1 have generations, 2 has none.
class Model {
 public:
  explicit Model(unsigned seed)
      : random_(seed), deletes_({.max_deletes = 12, .max_bytes = BytesFor({60, 60, 60, 60})}) {
    deletes_.Open();
  }

  void Step() {
    ++now_;
    switch (Below(8)) {
      case 0:
        TakeBatch();
        break;
      case 1:
        EndBatch();
        break;
      case 2:
        for (Bump& bump : deletes_.TakeBumps()) bumps_.push_back({now_, std::move(bump)});
        break;
      case 3:
        EndBump();
        break;
      case 4:
        Close();
        break;
      default:
        Add();
    }
    const auto stats = deletes_.GetStats();
    EXPECT_LE(stats.keys, 12U);
    EXPECT_LE(stats.bytes, BytesFor({60, 60, 60, 60}));
  }

  // All is carried out in the end.
  void Finish() {
    while (!batches_.empty()) EndBatch();
    while (!bumps_.empty()) EndBump();
    for (int round = 0; round < 100 && !deletes_.TryClose(); ++round) {
      ++now_;
      TakeBatch();
      for (Bump& bump : deletes_.TakeBumps()) bumps_.push_back({now_, std::move(bump)});
      while (!batches_.empty()) EndBatch();
      while (!bumps_.empty()) EndBump();
    }
    EXPECT_TRUE(deletes_.TryClose());
    EXPECT_TRUE(owed_.empty());
    const auto stats = deletes_.GetStats();
    EXPECT_EQ(stats.keys + stats.bytes + stats.bumps + stats.lost, 0U);
  }

  int fulls() const { return fulls_; }
  int closes() const { return closes_; }
  std::uint64_t bumped() const { return deletes_.GetStats().bumped; }

 private:
  unsigned Below(unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_); }

  void Add() {
    const unsigned policy = Below(3);
    const std::string name = "p" + std::to_string(policy);
    Names keys;
    for (unsigned i = 1 + Below(3); i > 0; --i) {
      const unsigned key = Below(9);
      keys.push_back(name + std::string(key * 4, 'k') + std::to_string(key));
    }
    const Remembered result = AddTo(deletes_, keys, name, policy < 2);
    if (result == Remembered::kTaken) {
      for (const std::string& key : keys) owed_[key] = now_;
    }
    if (result == Remembered::kFull) ++fulls_;
    EXPECT_TRUE(result != Remembered::kFull || policy == 2) << "a policy with generations always fits";
  }

  void TakeBatch() { batches_.push_back({now_, deletes_.TakeBatch(1 + Below(6))}); }

  void EndBatch() {
    if (batches_.empty()) return;
    std::swap(batches_.front(), batches_[Below(static_cast<unsigned>(batches_.size()))]);
    const auto [taken, batch] = std::move(batches_.front());
    batches_.pop_front();
    if (Below(3) == 0) return deletes_.PutBack(batch);
    for (const std::string& key : batch.keys) CarriedOut(key, taken);
    deletes_.Done(batch);
  }

  void EndBump() {
    if (bumps_.empty()) return;
    const auto [taken, bump] = std::move(bumps_.front());
    bumps_.pop_front();
    if (Below(3) == 0) return deletes_.PutBack(bump);
    const Names keys = [&] {
      Names names;
      for (const auto& [key, added] : owed_) names.push_back(key);
      return names;
    }();
    for (const std::string& key : keys) {
      if (key.starts_with(bump.policy)) CarriedOut(key, taken);
    }
    deletes_.Done(bump);
  }

  void CarriedOut(const std::string& key, std::uint64_t since) {
    const auto owed = owed_.find(key);
    if (owed != owed_.end() && owed->second < since) owed_.erase(owed);
  }

  void Close() {
    if (!deletes_.TryClose()) return;
    ++closes_;
    EXPECT_TRUE(owed_.empty()) << owed_.begin()->first;
    EXPECT_EQ(AddTo(deletes_, {"x"}), Remembered::kNotNow);
    deletes_.Open();
  }

  std::mt19937 random_;
  RememberedDeletes deletes_;
  std::uint64_t now_ = 0;
  std::map<std::string, std::uint64_t> owed_;  // told kTaken, and when last
  std::deque<std::pair<std::uint64_t, Batch>> batches_;
  std::deque<std::pair<std::uint64_t, Bump>> bumps_;
  int fulls_ = 0;
  int closes_ = 0;
};

TEST(RememberedDeletesTest, WhateverHappensNoDeleteIsForgotten) {
  base::ConfigureLog(base::LogFormat::kText, base::LogLevel::kError);
  int fulls = 0;
  int closes = 0;
  std::uint64_t bumped = 0;
  for (unsigned seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    for (int step = 0; step < 300; ++step) model.Step();
    model.Finish();
    fulls += model.fulls();
    closes += model.closes();
    bumped += model.bumped();
  }
  EXPECT_GT(fulls, 100);
  EXPECT_GT(closes, 100);
  EXPECT_GT(bumped, 100U);
  base::ConfigureLog(base::LogFormat::kText, base::LogLevel::kInfo);
}

TEST(RememberedDeletesTest, NoDeleteIsLostBetweenReplayAndClose) {
  constexpr int kKeys = 20000;
  RememberedDeletes deletes({.max_deletes = kKeys, .max_bytes = std::uint64_t{1} << 30U});
  deletes.Open();
  std::vector<std::atomic<bool>> taken(kKeys);
  std::vector<bool> deleted(kKeys);
  std::atomic<bool> ended = false;
  std::thread app([&] {
    for (int i = 0; i < kKeys; ++i) {
      const Remembered result = AddTo(deletes, {std::to_string(i)});
      EXPECT_NE(result, Remembered::kFull);
      if (result == Remembered::kTaken) taken[static_cast<std::size_t>(i)] = true;
    }
    ended = true;
  });
  int closes = 0;
  int forgotten = 0;
  for (bool last = false; !last;) {
    last = ended;
    do {
      const Batch batch = deletes.TakeBatch(7);
      for (const std::string& key : batch.keys) deleted[static_cast<std::size_t>(std::stoi(key))] = true;
      deletes.Done(batch);
    } while (!deletes.TryClose());
    ++closes;
    for (std::size_t i = 0; i < kKeys; ++i) forgotten += taken[i] && !deleted[i] ? 1 : 0;
    deletes.Open();
  }
  app.join();
  EXPECT_GT(closes, 0);
  EXPECT_EQ(forgotten, 0);
}

}  // namespace
}  // namespace herdgate::pipeline
