#pragma once

// A snapshot in steps between the commands. It walks over the keys in the order of their hashes. A
// key that it has passed may change; before one that lies ahead changes, its old value is written
// (keyspace::BeforeChange), and the entry is marked, so that the walk leaves it out:
//
//     passed: free to change  | position |  ahead: written before the first change, then marked
//     ------------------------+----------+------------------------------------------------------
//
// Small values are written whole. A large one is written on a stack of its own (fiber.h), which
// pauses when the time of the turn is over or all blocks of the pipe are in use. Until it is
// written, elements of tables are copied before they change (element_overlay.h). Other large values
// must not change, nor elements when the copies take too much memory: commands that would do it
// wait, and if they cannot, the value is written at once. Records of small values that change
// meanwhile follow behind it, because a file cannot contain a value within another.

#include <optional>
#include <vector>

#include "fiber.h"
#include "larder/base/budget.h"
#include "larder/keyspace/before_change.h"
#include "snapshot_method.h"
#include "snapshot_pipe.h"
#include "unwritten_values.h"

namespace larder::persistence {

// The times of holds of one snapshot.
class HoldTimes {
 public:
  HoldTimes(const base::Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics) {}

  void begin();
  void end();
  std::int64_t lasts_ms() const;

 private:
  const base::Clock& clock_;
  Metrics& metrics_;
  std::optional<std::int64_t> since_us_;
};

class StepSnapshot final : public SnapshotMethod,
                           private keyspace::BeforeChange,
                           private engine::WriteHold,
                           private SnapshotPipe::Host,
                           private ElementOverlay::Host,
                           private Fiber::Body {
 public:
  // `mark` is one of the values of Entry::kSnapshotMarks. No other entry has it.
  StepSnapshot(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order,
               std::uint8_t mark);
  ~StepSnapshot() override;

  base::Result<void> start() override;
  bool run(std::int64_t us) override;
  std::int64_t wakes_us() const override { return wakes_us_; }
  void beat() override {}
  void cancel() override;
  bool abandon(std::int64_t us) override;
  void report_bytes(memory::Audit& audit) const override;

 private:
  enum class State : std::uint8_t {
    walking,
    finishing,  // all is written; the file is synced and renamed
    complete,
    stopping,  // the file is removed
  };
  // Keys that are prefetched together.
  struct Batch {
    struct Found {
      keyspace::Entry* entry;
      std::uint64_t next;  // the cursor behind its bucket
    };
    std::vector<Found, memory::Allocator<Found, memory::Owner::snapshot>> found;
    std::size_t in_first_bucket = 0;
    std::uint64_t next = 0;
  };
  static constexpr std::size_t kFewestFree = 4;  // blocks, for the end of a value or of the file
  // A stream of records, and the database that its last record belongs to.
  struct Records {
    RdbRecords writer;
    int db = -1;
  };

  // keyspace::BeforeChange
  void before_change(int db, std::uint64_t hash, keyspace::Entry& entry,
                     keyspace::Intent intent) override;
  void placed(int db, std::uint64_t hash, keyspace::Entry& entry,
              const keyspace::Entry* before) override;
  bool defers_expiry(int db, std::uint64_t hash, const keyspace::Entry& entry) override;
  bool defers_removals() override;
  void before_flush(int db) override;
  void before_swap(int a, int b) override;
  void before_arrival(int db) override;
  // engine::WriteHold
  bool holds(const engine::Command& command, std::uint32_t key_flags, int db,
             std::string_view name) override;
  // SnapshotPipe::Host
  void wait_for_block() override;
  void passed_on() override;
  // ElementOverlay::Host
  void finish_element() override;
  void pause() override;
  void pause_if_late() override;
  // Fiber::Body: writes the first unwritten value.
  void run() override;

  bool is_ahead(int db, std::uint64_t hash, const keyspace::Entry& entry) const;
  bool may_hold(const engine::Command& command, std::uint32_t key_flags) const;
  bool must_hold(const engine::Command& command, std::uint32_t key_flags, int db,
                 std::string_view name);
  bool must_hold_edit(UnwrittenValue& value);
  bool must_hold_large(keyspace::Entry& entry, int db, bool is_edited);
  // Whether elements of the value are copied before they change.
  bool copies_elements(types::Type type, const void* storage) const;
  // The copies of elements take all the memory that they may.
  bool is_overlay_full() const;
  // The values that are kept only for the snapshot take all the memory that they may.
  bool keeps_most() const;
  bool is_short_of_blocks() const;
  void relieve() const {
    if (outlet_ != nullptr) outlet_->relieve();
  }
  // There is no room for more of the first unwritten value.
  bool must_wait_for_worker();
  void write(const keyspace::Entry& entry, int db);
  void select(Records& records, int db);
  UnwrittenValue& add_unwritten(const keyspace::Entry& entry, int db);
  void open_elements(UnwrittenValue& value);
  void before_change_of_unwritten(UnwrittenValue& value, keyspace::Intent intent);
  void write_at_once(UnwrittenValue& value);
  void continue_value();
  std::uint64_t limit_bytes() const;

  bool work(base::Budget& budget);
  bool step();
  void walk();
  void skip_database();
  void collect();
  bool pass(keyspace::Entry& entry);
  static bool is_written_in_steps(const keyspace::Entry& entry);
  std::int64_t slice_us(std::int64_t most_us);
  bool is_paced() const;

  void stop(SnapshotResult::End end, std::string reason);
  void leave_keyspace();
  void end_when_idle();
  void resume_held();
  bool is_in_element();
  void note_bytes();
  std::uint64_t held_bytes() const;

  const BackgroundSnapshot::Parts parts_;
  const SnapshotSource source_;
  SnapshotOutlet* const outlet_;
  const std::uint8_t mark_;
  const std::int64_t now_ms_;
  SnapshotResult outcome_;
  SnapshotPipe pipe_;
  UnwrittenValues unwritten_;
  Fiber fiber_;
  Records now_;
  Records later_;
  struct Sizes {
    std::uint64_t keys;
    std::uint64_t deadlines;
    bool written = false;
  };
  std::vector<Sizes> sizes_;  // at the start, of each database
  HoldTimes holds_;

  State state_ = State::walking;
  bool in_keyspace_ = false;     // the hooks are registered
  bool without_pauses_ = false;  // the open value is written without pauses
  bool unwinds_ = false;         // the open value is given up
  std::size_t db_ = 0;           // the walk is in this database
  std::uint64_t position_ = 0;   // its cursor
  Batch batch_;
  base::Budget* slice_ = nullptr;
  std::int64_t ended_us_ = 0;  // the last run()
  std::int64_t busy_until_us_ = 0;
  std::int64_t wakes_us_ = 0;
  std::int64_t saved_us_ = 0;  // time for a later slice
  std::int64_t paced_until_us_ = 0;
  std::uint64_t delayed_ = 0;
  std::int64_t stood_still_us_ = 0;  // since the last run(), because a command needed a block
  bool removals_wait_ = false;       // eviction or expiry had to wait since there was room
  bool was_short_ = false;           // a command had to wait for blocks
  bool was_in_element_ = false;      // or for the end of a long element
  bool value_written_ = false;       // commands that wait for values may try again
};

}  // namespace larder::persistence
