#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "larder/memory/pages.h"
#include "larder/resp/reader.h"
#include "tests/harness/harness.h"

#ifdef LARDER_SYSTEM_MALLOC
// Offered by the sanitizers' runtime; not every compiler ships its header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(  // NOLINT(bugprone-reserved-identifier)
    void (*malloc_hook)(const volatile void*, std::size_t),
    void (*free_hook)(const volatile void*));
#endif

namespace larder::server {
namespace {

using harness::Harness;

#ifdef LARDER_SYSTEM_MALLOC
std::int64_t g_allocations = 0;

void count_allocation(const volatile void*, std::size_t) { ++g_allocations; }
void count_nothing(const volatile void*) {}

// Blocks taken from the allocator so far.
std::int64_t allocations() {
  [[maybe_unused]] static const int kHooks =
      __sanitizer_install_malloc_and_free_hooks(count_allocation, count_nothing);
  return g_allocations;
}
#else
// Bytes that this thread took from the allocator so far, before this call takes some itself.
std::int64_t allocations() {
  static const std::string kName = "thread.allocated";
  return *memory::read_control(kName);
}
#endif

std::string request(std::initializer_list<std::string_view> words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  }
  return bytes;
}

class WarmPath : public testing::Test {
 protected:
  // From the bytes of a batch to its replies and the end of the turn.
  void serve(const std::string& bytes) {
    batch.clear();
    reader.parse({bytes.data(), bytes.size()}, batch, {});
    auto& session = client->session();
    harness.core().executor.run(session, batch.requests(), std::numeric_limits<std::size_t>::max());
    session.reply.buffer().consume(session.reply.buffer().size());
    harness.core().end_turn();
  }
  // Warm means that the commands have run so often that their keys are recorded as hot keys. On a
  // busy machine commands could get into the slow log.
  std::int64_t allocated_by(const std::string& bytes) {
    EXPECT_TRUE(harness.configuration().registry.set({{"slowlog-log-slower-than", "-1"}}, {}));
    for (int i = 0; i < 5000; ++i) serve(bytes);
    const std::int64_t before = allocations();
    for (int i = 0; i < 10; ++i) serve(bytes);
    return allocations() - before;
  }

  Harness harness;
  std::unique_ptr<Harness::Client> client = harness.connect();
  resp::Reader reader;
  resp::Batch batch;
};

TEST_F(WarmPath, OfGetAllocatesNothing) {
  serve(request({"SET", "k", "v"}) + request({"SET", "number", "17"}) +
        request({"SET", "long", std::string(3000, 'x')}));
  std::string gets;
  for (int i = 0; i < 5; ++i) {
    gets += request({"GET", "k"}) + request({"GET", "number"}) + request({"GET", "long"}) +
            request({"GET", "none"});
  }
  EXPECT_EQ(allocated_by(gets), 0);
  EXPECT_EQ(allocated_by(request({"GET", "k"})), 0);
}

TEST_F(WarmPath, OfIncrAndSetInPlaceAllocatesNothing) {
  serve(request({"SET", "number", "1000000"}) + request({"SET", "k", "value"}));
  EXPECT_EQ(allocated_by(request({"INCR", "number"})), 0);
  EXPECT_EQ(allocated_by(request({"SET", "k", "eulav"})), 0);
}

TEST_F(WarmPath, AllocationOfANewKeyIsCounted) {
  serve(request({"SET", "k", "v"}));
  const std::int64_t before = allocations();
  serve(request({"SET", "another", std::string(100, 'x')}));
  EXPECT_GT(allocations(), before);
}

}  // namespace
}  // namespace larder::server
