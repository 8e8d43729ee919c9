#include "sidecar/pipeline/near_work.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace herdgate::pipeline {
namespace {

// Every field other than as made.
NotePtr Used(NotePool& pool, int keys) {
  NotePtr note = pool.Take();
  note->kind = NearNote::Kind::kWrite;
  note->set_reply = NearNote::SetReply::kStoredIfOne;
  note->use = {.kind = stampede::KeyUse::Kind::kSet, .only_if_absent = true};
  note->refresh = true;
  note->slot = 7;
  note->parts = std::make_shared<const NearParts>();
  for (int i = 0; i < keys; ++i) {
    note->keys.Add() = {.name = "prefix:key-of-some-length:" + std::to_string(i),
                        .policy = 3,
                        .near = false,
                        .prefix = 7,
                        .argument = 1,
                        .value_argument = 2,
                        .written = true,
                        .use = stampede::KeyUse::Kind::kSet,
                        .fill = {.fill = 9, .is_fill = true, .tainted = true, .refresh = true},
                        .value = std::make_shared<const std::string>("value")};
  }
  return note;
}

void ExpectAsMade(const NearNote::Key& key) {
  const NearNote::Key made;
  EXPECT_EQ(key.name, made.name);
  EXPECT_EQ(key.policy, made.policy);
  EXPECT_EQ(key.near, made.near);
  EXPECT_EQ(key.prefix, made.prefix);
  EXPECT_EQ(key.argument, made.argument);
  EXPECT_EQ(key.value_argument, made.value_argument);
  EXPECT_EQ(key.written, made.written);
  EXPECT_EQ(key.use, made.use);
  EXPECT_EQ(key.fill.fill, made.fill.fill);
  EXPECT_FALSE(key.fill.is_fill || key.fill.tainted || key.fill.refresh);
  EXPECT_EQ(key.value, nullptr);
}

TEST(NotePoolTest, ANoteThatIsUsedAgainIsAsMade) {
  NotePool pool;
  NotePtr note = Used(pool, 1);
  const NearNote* const before = note.get();
  pool.Give(std::move(note));
  note = pool.Take();
  ASSERT_EQ(note.get(), before);
  EXPECT_EQ(note->kind, NearNote::Kind::kRead);
  EXPECT_EQ(note->set_reply, NearNote::SetReply::kNone);
  EXPECT_EQ(note->use.kind, stampede::KeyUse::Kind::kNothing);
  EXPECT_FALSE(note->use.only_if_absent);
  EXPECT_FALSE(note->refresh);
  EXPECT_EQ(note->slot, 0u);
  EXPECT_EQ(note->parts, nullptr);
  ASSERT_TRUE(note->keys.empty());
  EXPECT_FALSE(note->has_near());
  ExpectAsMade(note->keys.Add());
  ExpectAsMade(note->keys.Add());
  EXPECT_EQ(note->keys.size(), 2u);
}

TEST(NotePoolTest, WhatManyKeysOrALongNameNeededIsNotKept) {
  NotePool pool;
  NotePtr note = Used(pool, 1000);
  note->keys[0].name.assign(100'000, 'k');
  pool.Give(std::move(note));
  note = pool.Take();
  EXPECT_LT(note->keys.Add().name.capacity(), 1000u);
  const NearNote::Key* const first = note->keys.begin();
  note->keys.Add();
  EXPECT_NE(note->keys.begin(), first) << "room for many keys was kept";
}

TEST(NotePoolTest, ValuesAreLetGoAtOnce) {
  NotePool pool;
  NotePtr note = Used(pool, 1);
  const std::weak_ptr<const std::string> value = note->keys[0].value;
  const std::weak_ptr<const NearParts> parts = note->parts;
  pool.Give(std::move(note));
  EXPECT_TRUE(value.expired());
  EXPECT_TRUE(parts.expired());
}

}  // namespace
}  // namespace herdgate::pipeline
