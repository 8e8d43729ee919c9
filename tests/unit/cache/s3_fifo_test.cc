#include "sidecar/cache/s3_fifo.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sidecar/cache/hashed_key.h"

namespace herdgate::cache {
namespace {

class S3FifoTest : public testing::Test {
 protected:
  ~S3FifoTest() override {
    for (const auto& [name, entry] : entries_) entry->Release();
  }
  Entry& Add(const std::string& name) {
    Entry*& entry = entries_[name];
    if (entry != nullptr) entry->Release();
    entry = Entry::Make(Hashed(name, 1), {.bytes = value_}, {}, 0);
    fifo_.Insert(*entry);
    return *entry;
  }
  std::string Evict() {
    const Entry* const entry = fifo_.Evict([this](const Entry& candidate) { return candidate.key() == dead_; });
    return entry == nullptr ? "" : std::string(entry->key());
  }

  const std::string value_ = std::string(100, 'v');
  std::string dead_;
  S3Fifo fifo_{100};  // less than one entry
  std::map<std::string, Entry*> entries_;
};

TEST_F(S3FifoTest, KeysThatNobodyAskedForTwiceLeaveInOrder) {
  for (const char* name : {"a", "b", "c"}) Add(name);
  entries_["b"]->Bump();
  EXPECT_EQ(Evict(), "a");
  EXPECT_EQ(Evict(), "b");
  EXPECT_EQ(Evict(), "c");
  EXPECT_EQ(Evict(), "");
}

TEST_F(S3FifoTest, AKeyHitTwiceMovesToTheMainQueue) {
  for (const char* name : {"a", "b"}) Add(name);
  for (int i = 0; i < 2; ++i) entries_["a"]->Bump();
  EXPECT_EQ(Evict(), "b");
  EXPECT_TRUE(entries_["a"]->in_main());
  EXPECT_EQ(fifo_.main_count(), 1U);
  EXPECT_EQ(fifo_.small_count(), 0U);
}

TEST_F(S3FifoTest, TheMainQueueGivesSecondChances) {
  for (const char* name : {"a", "b"}) Add(name);
  for (int i = 0; i < 2; ++i) {
    for (const char* name : {"a", "b"}) entries_[name]->Bump();
  }
  Add("pusher");
  EXPECT_EQ(Evict(), "pusher");
  ASSERT_EQ(fifo_.main_count(), 2U);
  entries_["a"]->Bump();
  EXPECT_EQ(Evict(), "b") << "older than a, but a was hit in the main queue";
  EXPECT_EQ(Evict(), "a");
}

TEST_F(S3FifoTest, AnEvictedKeyThatComesBackSoonGoesToTheMainQueue) {
  Add("a");
  Add("b");
  EXPECT_EQ(Evict(), "a");
  EXPECT_TRUE(Add("a").in_main());
  EXPECT_FALSE(Add("c").in_main());
}

TEST_F(S3FifoTest, AScanLeavesTheMainQueueAlone) {
  for (int i = 0; i < 20; ++i) {
    Entry& entry = Add("hot" + std::to_string(i));
    entry.Bump();
    entry.Bump();
  }
  Add("pusher");
  EXPECT_EQ(Evict(), "pusher");
  ASSERT_EQ(fifo_.main_count(), 20U);
  for (int i = 0; i < 1000; ++i) {
    Add("scan" + std::to_string(i));
    EXPECT_TRUE(Evict().starts_with("scan"));
  }
  EXPECT_EQ(fifo_.main_count(), 20U);
}

TEST_F(S3FifoTest, DeadEntriesGetNoSecondChance) {
  for (const char* name : {"a", "b"}) {
    Entry& entry = Add(name);
    for (int i = 0; i < 3; ++i) entry.Bump();
  }
  dead_ = "a";
  EXPECT_EQ(Evict(), "a");
}

TEST_F(S3FifoTest, ANewValueTakesTheOldOnesPlace) {
  for (const char* name : {"a", "b", "c"}) Add(name);
  entries_["b"]->Bump();
  entries_["b"]->Bump();
  Entry* const by = Entry::Make(Hashed("b", 1), {.bytes = "short"}, {}, 0);
  const std::size_t before = fifo_.entry_bytes();
  fifo_.Replace(*entries_["b"], *by);
  EXPECT_EQ(fifo_.entry_bytes(), before - entries_["b"]->allocated() + by->allocated());
  entries_["b"]->Release();
  entries_["b"] = by;
  EXPECT_EQ(by->frequency(), 2);
  EXPECT_EQ(Evict(), "a");
  EXPECT_EQ(Evict(), "c") << "b was hit twice";
  EXPECT_EQ(Evict(), "b");
}

TEST_F(S3FifoTest, AnInvalidatedKeyOfTheMainQueueComesBackToIt) {
  for (const char* name : {"a", "b"}) Add(name);
  entries_["a"]->Bump();
  entries_["a"]->Bump();
  EXPECT_EQ(Evict(), "b");
  ASSERT_TRUE(entries_["a"]->in_main());
  fifo_.Remove(*entries_["a"]);
  EXPECT_TRUE(Add("a").in_main());
}

TEST_F(S3FifoTest, BytesAreThoseOfTheEntriesInIt) {
  const std::size_t one = Add("a").allocated();
  Add("b");
  EXPECT_EQ(fifo_.entry_bytes(), 2 * one);
  fifo_.Remove(*entries_["a"]);
  EXPECT_EQ(fifo_.entry_bytes(), one);
  Evict();
  EXPECT_EQ(fifo_.entry_bytes(), 0U);
}

}  // namespace
}  // namespace herdgate::cache
