// Preloaded into redis-server, so that two servers are equal in what is random at their start: the hash seed (the order
// of KEYS, SCAN, SMEMBERS), the generators behind SPOP and RANDOMKEY, the run id.
//
// Redis seeds from /dev/urandom, and from its first gettimeofday together with the three getpid calls that follow.
// After that the clock and the process id are the real ones. A server that seeds in another way is merely not equal,
// and the run without a proxy (--direct-direct) says so.
#include <dlfcn.h>
#include <sys/time.h>
#include <sys/types.h>

#include <cstdio>
#include <cstring>

namespace {

bool seed_time_given = false;
int seed_pids_given = 0;
constexpr int kSeedPids = 3;
constexpr unsigned kSeed = 42;

template <class Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

const char* Source(const char* path) {
  return std::strcmp(path, "/dev/urandom") == 0 ? "/dev/zero" : path;
}

}  // namespace

extern "C" {

FILE* fopen(const char* path, const char* mode) {
  return Next<FILE*(const char*, const char*)>("fopen")(Source(path), mode);
}

FILE* fopen64(const char* path, const char* mode) {
  return Next<FILE*(const char*, const char*)>("fopen64")(Source(path), mode);
}

int gettimeofday(struct timeval* time, void* zone) noexcept {
  if (seed_time_given) return Next<int(struct timeval*, void*)>("gettimeofday")(time, zone);
  seed_time_given = true;
  time->tv_sec = 1;
  time->tv_usec = 0;
  return 0;
}

pid_t getpid() noexcept {
  if (!seed_time_given || seed_pids_given == kSeedPids) return Next<pid_t()>("getpid")();
  ++seed_pids_given;
  return 1;
}

void srandom(unsigned /*seed*/) noexcept {
  Next<void(unsigned)>("srandom")(kSeed);
}

void srand(unsigned /*seed*/) noexcept {
  Next<void(unsigned)>("srand")(kSeed);
}

}  // extern "C"
