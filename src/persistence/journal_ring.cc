#include "journal_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "larder/memory/ledger.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kFileBytes = kHeadBytes + JournalRing::kBytes;
constexpr std::string_view kMagic = "LARDRING";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBootBytes = 64;

using Boot = std::array<char, kBootBytes>;

// Differs after each start of the system.
Boot current_boot() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Boot boot{};
  std::copy_n(text.begin(), std::min(text.size(), boot.size()), boot.begin());
  return boot;
}

base::Error system_error(const std::string& what, int reason) {
  return {what + ": " + std::strerror(reason)};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

}  // namespace

// In the mapping. A place is written to the slot that is not current, and becomes current with one
// store, so that it is whole whenever the process ends.
struct JournalRing::Head {
  std::array<char, 8> magic;
  std::uint32_t version;
  Boot boot;
  std::atomic<std::uint64_t> published;
  std::atomic<std::uint64_t> current;  // its last bit selects the slot
  std::array<RingPlace, 2> places;

  const RingPlace& place() const { return places[current.load(std::memory_order_acquire) & 1]; }
  void place(const RingPlace& next) {
    const std::uint64_t number = current.load(std::memory_order_relaxed) + 1;
    places[number & 1] = next;
    current.store(number, std::memory_order_release);
  }
};

base::Result<std::unique_ptr<JournalRing>> JournalRing::create(const std::string& path,
                                                               const RingPlace& place) {
  static_assert(sizeof(Head) <= kHeadBytes);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.number() < 0) return system_error("Can't open " + path, errno);
  if (const int failed = ::posix_fallocate(file.number(), 0, kFileBytes); failed != 0) {
    return system_error("Can't allocate " + path, failed);
  }
  void* const mapping = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_POPULATE, file.number(), 0);
  if (mapping == MAP_FAILED) return system_error("Can't map " + path, errno);
  std::memset(mapping, 0, kHeadBytes);
  auto* const head = new (mapping) Head{};
  std::unique_ptr<JournalRing> ring(new JournalRing(head));
  ring->end_ = place.position;
  ring->taken_ = place.position;
  ring->boundary_ = place.position;
  head->published = place.position;
  head->place(place);
  head->version = kVersion;
  head->boot = current_boot();
  std::atomic_thread_fence(std::memory_order_release);
  std::copy(kMagic.begin(), kMagic.end(), head->magic.begin());
  memory::charge_mapped(memory::Owner::journal, kFileBytes);
  return ring;
}

JournalRing::~JournalRing() {
  ::munmap(head_, kFileBytes);
  memory::charge_mapped(memory::Owner::journal, -static_cast<std::int64_t>(kFileBytes));
}

std::int64_t JournalRing::mapped_bytes() { return kFileBytes; }

char* JournalRing::bytes() const { return reinterpret_cast<char*>(head_) + kHeadBytes; }

void JournalRing::append(std::string_view text) {
  const std::size_t at = end_ % kBytes;
  const std::size_t first = std::min(text.size(), kBytes - at);
  std::memcpy(bytes() + at, text.data(), first);
  std::memcpy(bytes(), text.data() + first, text.size() - first);
  end_ += text.size();
}

void JournalRing::publish(std::uint64_t boundary) {
  boundary_.store(boundary, std::memory_order_release);
  head_->published.store(end_, std::memory_order_release);
}

// The boundary is stored before the end: a boundary behind the end is followed by its end at once.
JournalRing::Published JournalRing::published() const {
  for (;;) {
    const std::uint64_t boundary = boundary_.load(std::memory_order_acquire);
    const std::uint64_t end = head_->published.load(std::memory_order_acquire);
    if (boundary <= end) return {boundary, end};
  }
}

std::array<std::string_view, 2> JournalRing::between(std::uint64_t from, std::uint64_t to) const {
  const std::size_t at = from % kBytes;
  const auto size = static_cast<std::size_t>(to - from);
  const std::size_t first = std::min(size, kBytes - at);
  return {std::string_view(bytes() + at, first), std::string_view(bytes(), size - first)};
}

void JournalRing::take(const RingPlace& place) {
  head_->place(place);
  taken_.store(place.position, std::memory_order_release);
}

std::optional<JournalRing::Leftover> JournalRing::read_leftover(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found;
  if (file.number() < 0 || ::fstat(file.number(), &found) != 0) return std::nullopt;
  if (found.st_size != static_cast<off_t>(kFileBytes)) return std::nullopt;
  void* const mapping = ::mmap(nullptr, kFileBytes, PROT_READ, MAP_SHARED, file.number(), 0);
  if (mapping == MAP_FAILED) return std::nullopt;
  auto* const head = static_cast<Head*>(mapping);
  std::optional<Leftover> left;
  const std::uint64_t end = head->published.load(std::memory_order_acquire);
  const RingPlace place = head->place();
  if (std::string_view(head->magic.data(), head->magic.size()) == kMagic &&
      head->version == kVersion && head->boot == current_boot() && place.position <= end &&
      end - place.position <= kBytes) {
    const std::size_t at = place.position % kBytes;
    const auto size = static_cast<std::size_t>(end - place.position);
    const std::size_t first = std::min(size, kBytes - at);
    const char* const bytes = static_cast<const char*>(mapping) + kHeadBytes;
    left.emplace(Leftover{place, std::string(bytes + at, first)});
    left->bytes.append(bytes, size - first);
  }
  ::munmap(mapping, kFileBytes);
  return left;
}

}  // namespace larder::persistence
