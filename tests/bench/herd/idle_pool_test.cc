#include "tests/bench/herd/idle_pool.h"

#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

TEST(IdlePool, LifoGivesTheLastOneFirst) {
  IdlePool<int> pool(PoolOrder::kLifo);
  for (const int item : {1, 2, 3}) pool.Put(item);
  EXPECT_EQ(pool.Take(), 3);
  pool.Put(4);
  EXPECT_EQ(pool.Take(), 4);
  EXPECT_EQ(pool.Take(), 2);
}

TEST(IdlePool, FifoGivesTheLongestIdleOneFirst) {
  IdlePool<int> pool(PoolOrder::kFifo);
  for (const int item : {1, 2}) pool.Put(item);
  EXPECT_EQ(pool.Take(), 1);
  pool.Put(1);
  EXPECT_EQ(pool.Take(), 2);
  EXPECT_EQ(pool.Take(), 1);
}

TEST(IdlePool, AnEmptyPoolHasNothing) {
  IdlePool<int> pool(PoolOrder::kLifo);
  EXPECT_FALSE(pool.Take());
}

TEST(IdlePool, WhatIsRemovedIsNotGivenAgain) {
  IdlePool<int> pool(PoolOrder::kLifo);
  for (const int item : {1, 2, 3}) pool.Put(item);
  pool.Remove(3);
  pool.Remove(9);
  EXPECT_EQ(pool.Take(), 2);
  EXPECT_EQ(pool.size(), 1U);
}

}  // namespace
}  // namespace herdgate::bench
