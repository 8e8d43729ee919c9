// A policy of a few words, read as the file is.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sidecar/config/loader.h"

namespace herdgate::config {

// Every problem of `text`, one a line.
inline std::string Problems(const std::string& text) {
  std::string out;
  for (const Problem& problem : LoadText(text, "c").problems) out += problem.ToString() + "\n";
  return out;
}

// One policy 'p' that matches p:* and has `more`, which begins at column 36.
inline std::string With(const std::string& more) {
  return "policies: [{name: p, match: 'p:*', " + more + "}]";
}

inline policy::Policy Only(const std::string& more) {
  EXPECT_EQ(Problems(With(more)), "");
  const std::vector<policy::Policy> policies = LoadText(With(more), "c").options.policies;
  EXPECT_EQ(policies.size(), 1U);
  return policies.empty() ? policy::Policy{} : policies[0];
}

}  // namespace herdgate::config
