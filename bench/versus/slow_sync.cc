// A library for LD_PRELOAD: each fsync and fdatasync takes 2 ms at least, as on a slow disk. Both
// servers are measured with it.

#include <dlfcn.h>
#include <time.h>

namespace {

using Sync = int (*)(int);

int slow(const char* name, int file) {
  constexpr long kLeastNs = 2'000'000;
  constexpr long kSecondNs = 1'000'000'000;
  timespec end{};
  ::clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_nsec += kLeastNs;
  if (end.tv_nsec >= kSecondNs) {
    end.tv_nsec -= kSecondNs;
    end.tv_sec += 1;
  }
  const int done = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name))(file);
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr);
  return done;
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] int fsync(int file) { return slow("fsync", file); }
[[gnu::visibility("default")]] int fdatasync(int file) { return slow("fdatasync", file); }
}
