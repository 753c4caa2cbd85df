#include "larder/engine/propagation.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/resp/request_text.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::journal;

// Its value is known when the command is over.
constexpr int kOfTheCommand = -1;

// The text keeps at most this capacity for the next effects.
constexpr std::size_t kLeastText = 4096;
constexpr std::size_t kMostKeptText = 256 * 1024;
// The list of effects that are not propagated yet keeps at most room for so many.
constexpr std::size_t kMostKeptEffects = 1024;

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

}  // namespace

Propagation::~Propagation() {
  if (text_ != nullptr) memory::release(kOwner, text_, capacity_);
}

void Propagation::remove(EffectSink& sink) {
  std::erase(sinks_, &sink);
  if (!listened()) forget_all();
}

char* Propagation::room(std::size_t bytes) {
  if (capacity_ - used_ < bytes) {
    const std::size_t wanted =
        memory::size_class(std::max({kLeastText, 2 * capacity_, used_ + bytes}));
    text_ =
        static_cast<char*>(text_ == nullptr ? memory::allocate(kOwner, wanted)
                                            : memory::reallocate(kOwner, text_, capacity_, wanted));
    capacity_ = wanted;
  }
  return text_ + used_;
}

Propagation::Kept Propagation::write(int db, std::span<const std::string_view> words, Reach reach) {
  const std::size_t begin = used_;
  char* const out = room(resp::most_request_bytes(words));
  used_ += static_cast<std::size_t>(resp::print_request(out, words) - out);
  return {begin, used_, db, reach};
}

void Propagation::drop_text() {
  used_ = 0;
  if (capacity_ <= kMostKeptText) return;
  memory::release(kOwner, text_, capacity_);
  text_ = nullptr;
  capacity_ = 0;
}

void Propagation::emit(const Effect& effect) {
  for (EffectSink* sink : sinks_) sink->take(effect);
}

void Propagation::emit(const Kept& kept) {
  emit({kept.db, kept.reach, {text_ + kept.begin, kept.end - kept.begin}});
}

void Propagation::emit_all() {
  if (kept_.size() > 1) {
    const bool all_for_replicas = std::all_of(
        kept_.begin(), kept_.end(), [](const Kept& kept) { return kept.reach == Reach::replicas; });
    const Reach reach = all_for_replicas ? Reach::replicas : Reach::everybody;
    emit({kept_.front().db, reach, kMulti});
    for (const Kept& kept : kept_) emit(kept);
    emit({kept_.back().db, reach, kExec});
  } else if (!kept_.empty()) {
    emit(kept_.front());
  }
  forget_all();
}

void Propagation::forget_all() {
  kept_.clear();
  if (kept_.capacity() > kMostKeptEffects) decltype(kept_)().swap(kept_);
  drop_text();
}

void Propagation::propagate_removal(OwnEffects& own, int db,
                                    std::initializer_list<std::string_view> words) {
  if (!listened()) return;
  if (groups_ > 0) return prepend(own, db, words);
  const Kept alone = write(db, {words.begin(), words.size()}, Reach::everybody);
  emit(alone);
  used_ = alone.begin;
  if (kept_.empty()) drop_text();
}

void Propagation::prepend(OwnEffects& own, int db, std::initializer_list<std::string_view> words) {
  if (!listened()) return;
  const Kept kept = write(db, {words.begin(), words.size()}, Reach::everybody);
  kept_.insert(kept_.begin() + static_cast<std::ptrdiff_t>(own.begin + own.ahead++), kept);
}

void Propagation::replace(std::span<const std::string_view> words, Reach reach) {
  if (listened()) kept_.push_back(write(kOfTheCommand, words, reach));
}

void Propagation::settle(OwnEffects& own, int db, std::span<const std::string_view> words,
                         bool changed) {
  if (!listened()) return;
  if (kept_.empty() && groups_ == 0) return settle_alone(own, db, words, changed);
  if (kept_.size() == 1 && groups_ == 0 && own.ahead == 0 && !own.only_removals) {
    return settle_replaced(own, db);
  }
  const std::size_t first = own.begin + own.ahead;
  if (own.only_removals) {
    own.suppressed = true;
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(first), kept_.end());
  }
  if (kept_.size() == first && changed && !own.suppressed && !words.empty()) {
    kept_.push_back(write(db, words, Reach::everybody));
  }
  for (std::size_t i = first; i < kept_.size(); ++i) {
    if (kept_[i].db == kOfTheCommand) kept_[i].db = db;
  }
  if (groups_ == 0) emit_all();
  own = begin_command();
}

// The usual case: the command's own words, and nothing else.
void Propagation::settle_alone(OwnEffects& own, int db, std::span<const std::string_view> words,
                               bool changed) {
  if (changed && !own.suppressed && !words.empty()) {
    emit(write(db, words, Reach::everybody));
    drop_text();
  }
  own.suppressed = false;
}

// The handler has replaced the words by others, once.
void Propagation::settle_replaced(OwnEffects& own, int db) {
  const Kept& only = kept_.front();
  emit({only.db == kOfTheCommand ? db : only.db,
        only.reach,
        {text_ + only.begin, only.end - only.begin}});
  kept_.clear();
  drop_text();
  own.suppressed = false;
}

void Propagation::report_bytes(memory::Audit& audit) const {
  const std::size_t list_bytes = kept_.capacity() * sizeof(Kept);
  const std::size_t bytes = capacity_ + (list_bytes == 0 ? 0 : memory::size_class(list_bytes));
  if (bytes != 0) audit.found(kOwner, static_cast<std::int64_t>(bytes));
}

void Propagation::end_group() {
  LARDER_ASSERT(groups_ > 0);
  if (--groups_ == 0) emit_all();
}

}  // namespace larder::engine
