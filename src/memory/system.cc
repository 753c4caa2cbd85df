// What the operating system reports about the process and the machine.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "larder/memory/pages.h"

namespace larder::memory {

namespace {

// Headers of libraries older than Linux 5.14 do not name it; older systems refuse it.
constexpr int kPopulateForWriting = 23;

std::uint64_t page_bytes() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

// The whole pages between two addresses.
struct PageRange {
  PageRange(std::uintptr_t begin, std::uintptr_t end) {
    const std::uintptr_t mask = page_bytes() - 1;
    first = (begin + mask) & ~mask;
    last = end & ~mask;
  }
  // False if there is no page, or if the system refuses it.
  bool advise(int advice) const {
    return first < last && ::madvise(reinterpret_cast<void*>(first), last - first, advice) == 0;
  }

  std::uintptr_t first;
  std::uintptr_t last;
};

// From here on returning pages costs less than writing them.
constexpr std::size_t kManyZeros = 1 << 20;

}  // namespace

std::uint64_t resident_set_bytes() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 128> text;
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  if (size <= 0) return 0;
  const std::string_view fields(text.data(), static_cast<std::size_t>(size));
  const std::size_t second = fields.find(' ') + 1;
  std::uint64_t pages = 0;
  std::from_chars(fields.data() + second, fields.data() + fields.size(), pages);
  return pages * page_bytes();
}

std::uint64_t private_dirty_bytes() {
  const int file = ::open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 2048> text;
  const ssize_t size = ::read(file, text.data(), text.size());
  ::close(file);
  if (size <= 0) return 0;
  constexpr std::string_view kField = "Private_Dirty:";
  const std::string_view fields(text.data(), static_cast<std::size_t>(size));
  const std::size_t found = fields.find(kField);
  if (found == std::string_view::npos) return 0;
  const std::size_t digits = fields.find_first_not_of(' ', found + kField.size());
  if (digits == std::string_view::npos) return 0;
  std::uint64_t kilobytes = 0;
  std::from_chars(fields.data() + digits, fields.data() + fields.size(), kilobytes);
  return kilobytes << 10;
}

void discard_pages(std::uintptr_t begin, std::uintptr_t end) {
  // Locked pages stay until their block is freed.
  PageRange(begin, end).advise(MADV_DONTNEED);
}

void write_zeros(char* begin, std::size_t bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const PageRange pages(first, first + bytes);
  // Locked pages are not returned.
  if (bytes < kManyZeros || !pages.advise(MADV_DONTNEED)) {
    std::memset(begin, 0, bytes);
    return;
  }
  std::memset(begin, 0, pages.first - first);
  std::memset(reinterpret_cast<void*>(pages.last), 0, first + bytes - pages.last);
}

void populate_pages(std::uintptr_t begin, std::uintptr_t end) {
  PageRange(begin, end).advise(kPopulateForWriting);
}

std::uint64_t system_memory_bytes() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes();
}

}  // namespace larder::memory
