#include "larder/memory/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "larder/base/numbers.h"
#include "larder/memory/heap.h"

namespace larder::memory {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class MemoryInfo : public testing::Test {
 protected:
  std::int64_t number(std::string_view name) {
    return base::parse_int64(reporter_.value(name)).value_or(-1);
  }
  info::Reporter reporter_;
  Metrics metrics_{reporter_};
};

TEST_F(MemoryInfo, SplitsUsedMemoryIntoDatasetAndOverhead) {
  metrics_.note_startup();
  void* value = allocate(Owner::strings, 64 * 1024);
  void* table = allocate(Owner::table, 1024);
  EXPECT_EQ(number("used_memory_dataset"), 64 * 1024);
  EXPECT_EQ(number("used_memory"), number("used_memory_dataset") + number("used_memory_overhead"));
  EXPECT_GE(number("used_memory"), number("used_memory_startup") + 65 * 1024);
  EXPECT_THAT(reporter_.value("used_memory_dataset_perc"), MatchesRegex("[0-9]+\\.[0-9][0-9]%"));
  release(Owner::strings, value, 64 * 1024);
  release(Owner::table, table, 1024);
  EXPECT_EQ(number("used_memory_dataset"), 0);
}

TEST_F(MemoryInfo, KeepsThePeakWhenStatisticsAreReset) {
  void* block = allocate(Owner::strings, 1 << 20);
  metrics_.note_peak();
  release(Owner::strings, block, 1 << 20);
  EXPECT_GE(number("used_memory_peak"), number("used_memory") + (1 << 20) - 64 * 1024);
  ++metrics_.lazyfreed_objects;
  EXPECT_EQ(number("lazyfreed_objects"), 1);
  reporter_.reset();
  EXPECT_GE(number("used_memory_peak"), number("used_memory") + (1 << 20) - 64 * 1024);
  EXPECT_EQ(number("lazyfreed_objects"), 0);
}

TEST_F(MemoryInfo, ShowsBuffersByTheirOwners) {
  charge(Owner::client_input, 10);
  charge(Owner::client_output, 20);
  charge(Owner::replicas, 300);
  charge(Owner::backlog, 4000);
  charge(Owner::journal, 50000);
  EXPECT_EQ(number("mem_clients_normal"), 30);
  EXPECT_EQ(number("mem_clients_slaves"), 300);
  EXPECT_EQ(number("mem_replication_backlog"), 4000);
  EXPECT_EQ(number("mem_total_replication_buffers"), 4300);
  EXPECT_EQ(number("mem_aof_buffer"), 50000);
  charge(Owner::client_input, -10);
  charge(Owner::client_output, -20);
  charge(Owner::replicas, -300);
  charge(Owner::backlog, -4000);
  charge(Owner::journal, -50000);
}

TEST_F(MemoryInfo, DistinguishesInterpreterAndScripts) {
  charge(Owner::scripts, 1000);
  metrics_.used_memory_scripts_eval = 100;
  metrics_.used_memory_functions = 200;
  metrics_.used_memory_vm_functions = 300;
  EXPECT_EQ(number("used_memory_vm_eval"), 400);
  EXPECT_EQ(number("used_memory_vm_total"), 700);
  EXPECT_EQ(number("used_memory_scripts"), 300);
  charge(Owner::scripts, -1000);
}

TEST_F(MemoryInfo, HasAllFieldsOfRedis) {
  const std::string text = reporter_.render({"memory"});
  for (const char* name :
       {"used_memory_human", "used_memory_rss_human", "used_memory_peak_perc", "allocator_active",
        "total_system_memory_human", "used_memory_lua_human", "number_of_cached_scripts",
        "number_of_libraries", "used_memory_vm_total_human", "used_memory_scripts_human",
        "allocator_rss_bytes", "rss_overhead_ratio", "mem_fragmentation_ratio", "mem_cluster_links",
        "mem_allocator", "active_defrag_running", "lazyfree_pending_objects",
        "lazyfreed_objects"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + ":")) << name;
  }
  EXPECT_LT(text.find("used_memory_vm_eval:"), text.find("number_of_cached_scripts:"));
  EXPECT_LT(text.find("number_of_cached_scripts:"), text.find("mem_allocator:"));
}

TEST(ResidentSet, IsPartOfTheMachine) {
  EXPECT_GT(resident_set_bytes(), 1u << 20);
  EXPECT_LT(resident_set_bytes(), system_memory_bytes());
}

#ifndef LARDER_SYSTEM_MALLOC

TEST_F(MemoryInfo, ReadsThePagesWhenSampled) {
  void* block = allocate(Owner::strings, 8 << 20);
  metrics_.sample();
  EXPECT_GE(number("allocator_allocated"), 8 << 20);
  EXPECT_GE(number("allocator_active"), number("allocator_allocated"));
  EXPECT_GE(number("allocator_resident"), number("allocator_active"));
  EXPECT_GT(number("used_memory_rss"), 1 << 20);
  release(Owner::strings, block, 8 << 20);
  EXPECT_THAT(reporter_.value("mem_allocator"),
              MatchesRegex(kHasPageStore ? "jemalloc-[0-9]+\\.[0-9]+\\.[0-9]+\\+pages"
                                         : "jemalloc-[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(Pages, AreReturnedToTheSystemWhenPurged) {
  for (const Owner owner : {Owner::strings, Owner::pubsub}) {
    std::vector<void*> blocks(4000);
    for (void*& block : blocks) block = allocate(owner, 4096);
    for (void* block : blocks) static_cast<char*>(block)[0] = 1;
    const auto full = read_pages().resident;
    for (void* block : blocks) release(owner, block, 4096);
    ASSERT_TRUE(purge());
    EXPECT_LT(read_pages().resident, full - 4000 * 3000);
  }
}

TEST(Pages, AreReturnedByCallersUnlessABackgroundThreadIsOn) {
  EXPECT_EQ(page_return(), PageReturn::by_caller);
  ASSERT_TRUE(set_page_return(PageReturn::by_thread));
  EXPECT_EQ(page_return(), PageReturn::by_thread);
  ASSERT_TRUE(set_page_return(PageReturn::by_caller));
  EXPECT_EQ(page_return(), PageReturn::by_caller);
}

TEST(Controls, AreReadAndWrittenByName) {
  EXPECT_EQ(read_control("arenas.page").value(), 4096);
  EXPECT_EQ(read_control("opt.background_thread").value(), 0);
  EXPECT_EQ(read_control("opt.narenas").value(), 1);
  EXPECT_EQ(write_control("arenas.muzzy_decay_ms", 7).value(), 0);
  EXPECT_EQ(write_control("arenas.muzzy_decay_ms", 0).value(), 7);
  EXPECT_EQ(read_control("nosuch").error().text, "No such file or directory");
  EXPECT_EQ(write_control("arenas.page", 1).error().text, "Operation not permitted");
  EXPECT_EQ(read_text_control("arena.0.dss").value(), "secondary");
  EXPECT_TRUE(write_text_control("arena.0.dss", "primary"));
  EXPECT_EQ(read_text_control("arena.0.dss").value(), "primary");
  EXPECT_TRUE(write_text_control("arena.0.dss", "secondary"));
  EXPECT_EQ(write_text_control("version", "6").error().text, "Operation not permitted");
  EXPECT_EQ(read_text_control("arenas.page").error().text, "Invalid argument");
}

TEST(AllocatorReport, IsTheOneOfTheAllocator) {
  EXPECT_THAT(allocator_report(), HasSubstr("jemalloc statistics"));
}

#endif

}  // namespace
}  // namespace larder::memory
