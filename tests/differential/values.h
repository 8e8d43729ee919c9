// Values: random keys, members, numbers and the like, by the name that a template uses for them (%key, %member, ...).
//
// Small pools, so that commands meet; each pool has its odd ones: empty, binary, huge. Only absolute expiries far in
// the future and the one relative kLongTtl are drawn, since others would make replies depend on time. Threads: one
// owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/random.h"
#include "tests/differential/script.h"

namespace herdgate::differential {

class Values {
 public:
  // `large_one_in`: of so many values one is 20 KB to 100 KB, or rarer up to 2 MB. 0: none.
  Values(base::Random& random, uint64_t large_one_in) : random_(random), large_one_in_(large_one_in) {}

  // No script that makes up key names; expiries of other lengths.
  void set_policies(bool versions, bool ttls) {
    versions_ = versions;
    ttls_ = ttls;
  }

  // REQUIRES: Knows(name)
  Arg Draw(std::string_view name);
  static bool Knows(std::string_view name);

  // Any argument at all, for a command that is spoiled on purpose.
  Arg Anything();

  // The parts of the table in values.cc.
  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  std::string Numbered(std::string_view prefix, uint64_t count);
  std::string Key(char type);
  std::string AnyKey();
  std::string Member();
  std::string Integer();
  std::string StreamId();
  std::string NextStreamId();
  std::string Restorable();
  std::string Decimal(double range);
  std::string Script();
  int64_t TtlSeconds();
  Arg Value();
  Arg Large();

 private:
  base::Random& random_;
  uint64_t large_one_in_;
  bool versions_ = false;
  bool ttls_ = false;
  uint64_t stream_id_ = 0;
};

}  // namespace herdgate::differential
