#include "sidecar/stampede/bounded_map.h"

#include <gtest/gtest.h>

namespace herdgate::stampede {
namespace {

TEST(BoundedMapTest, TheOldestMakesRoom) {
  BoundedMap<int> map(2);
  map.Put(1, 10);
  map.Put(2, 20);
  map.Put(3, 30);
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_EQ(*map.Find(2), 20);
  EXPECT_EQ(map.Oldest().first, 2U);
}

TEST(BoundedMapTest, WhatIsPutAgainIsTheNewestAndDisplacesNobody) {
  BoundedMap<int> map(2);
  map.Put(1, 10);
  map.Put(2, 20);
  map.Put(1, 11);
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(*map.Find(1), 11);
  EXPECT_EQ(map.Oldest().first, 2U);
}

TEST(BoundedMapTest, EraseForgets) {
  BoundedMap<int> map(2);
  map.Put(1, 10);
  map.Erase(1);
  map.Erase(7);
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_EQ(map.size(), 0U);
}

}  // namespace
}  // namespace herdgate::stampede
