#include "larder/server/page_purge.h"

#include "larder/memory/pages.h"

namespace larder::server {
namespace {

// What needs no thread: it takes a tenth of a millisecond.
constexpr std::uint64_t kAtOnceBytes = 2 << 20;

}  // namespace

// The free blocks that the calling thread keeps hold pages too.
void PagePurge::start() {
  if (at_work_) return;
  memory::flush_thread_cache();
  if (memory::read_pages().unused() <= kAtOnceBytes) return work();
  at_work_ = true;
  worker_.post(*this);
}

bool PagePurge::wait(std::int64_t us) {
  if (at_work_ && worker_.wait(us)) worker_.deliver();
  return !at_work_;
}

void PagePurge::work() { result_ = memory::purge_beside_data(); }

}  // namespace larder::server
