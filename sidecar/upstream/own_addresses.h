// OwnAddresses: the local ends of this process's connections to the upstream, as the upstream's MONITOR names them.
//
// Threads: any. A leaf mutex, taken when a connection comes or goes and per line that MONITOR shows.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace herdgate::upstream {

class OwnAddresses {
 public:
  void Add(const std::string& address) {
    const std::lock_guard lock(mutex_);
    addresses_.insert(address);
  }
  void Remove(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (const auto found = addresses_.find(address); found != addresses_.end()) addresses_.erase(found);
  }
  bool Has(std::string_view address) const {
    const std::lock_guard lock(mutex_);
    return addresses_.contains(std::string(address));
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_multiset<std::string> addresses_;
};

}  // namespace herdgate::upstream
