// A library for LD_PRELOAD: each fsync and fdatasync takes 2 ms more, as on a slow disk. Both
// servers are measured with it.

#include <dlfcn.h>
#include <time.h>

namespace {

using Sync = int (*)(int);

int slow(const char* name, int file) {
  constexpr timespec kMore{0, 2'000'000};
  ::nanosleep(&kMore, nullptr);
  return reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name))(file);
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] int fsync(int file) { return slow("fsync", file); }
[[gnu::visibility("default")]] int fdatasync(int file) { return slow("fdatasync", file); }
}
