#include "mirrored_target.h"

#include <stdexcept>

#include "dataset_text.h"
#include "larder/base/text.h"

namespace larder::transcripts {
namespace {

// Finds an error line among replies that contain no user text.
bool has_error(const std::string& replies) {
  return replies.starts_with('-') || replies.find("\r\n-") != std::string::npos;
}

}  // namespace

class MirroredTarget::Mirror final : public engine::EffectSink, public engine::CommandSink {
 public:
  explicit Mirror(harness::Harness& original)
      : original_(original),
        copy_(std::make_unique<harness::Harness>("enable-protected-configs yes\n")),
        feed_(copy_->connect()) {
    copy().keyspace.removals().hold(keyspace::Hold::replica);
    // The original has checked them, as DEBUG SET-SKIP-CHECKSUM-VALIDATION demands.
    copy().checksums.skipped = true;
    original_.core().executor.follow(*this);
    original_.core().executor.add(*this);
  }
  ~Mirror() override {
    original_.core().executor.remove(*this);
    original_.core().executor.unfollow(*this);
  }

  void take(const engine::Effect& effect) override {
    if (effect.db != db_) {
      db_ = effect.db;
      effects_ += "SELECT " + std::to_string(db_) + "\r\n";
    }
    effects_ += effect.request;
    taken_.append(effect.request).append("\n");
  }

  void over(engine::Session&, const engine::BoundCommand* command, resp::Args) override {
    if (command == nullptr) return;
    for (const NotReplicated& row : kNotReplicated) {
      if (command->full_name() == row.command) omitted_.insert(row.fact);
    }
  }

  // Runs the effects taken, and compares; empty if the data are equal.
  std::string difference() {
    const std::string replies = repeat(std::exchange(effects_, {}));
    const std::string taken = std::exchange(taken_, {});
    if (has_error(replies)) return "    the mirror refused:\n" + taken + replies;
    const std::string text = transcripts::difference(describe(original_.core().keyspace, omitted_),
                                                     describe(copy().keyspace, omitted_));
    return text.empty() ? text : text + "    after these effects:\n" + taken;
  }

  void clear() {
    omitted_.clear();
    copy().keyspace.flush_all();
    while (copy_->end_turn()) {
    }
  }
  harness::Harness& harness() { return *copy_; }
  server::Core& copy() { return copy_->core(); }

 private:
  std::string repeat(const std::string& effects) {
    const keyspace::Removals::Repeating repeating(copy().keyspace.removals());
    return feed_->exchange(effects);
  }

  harness::Harness& original_;
  std::unique_ptr<harness::Harness> copy_;
  std::unique_ptr<harness::Harness::Client> feed_;
  int db_ = 0;
  std::string effects_;
  std::string taken_;  // the same, for messages
  Omitted omitted_;
};

MirroredTarget::MirroredTarget()
    : InProcessTarget(Check::none), mirror_(std::make_unique<Mirror>(harness())) {
  connect()->send("DEBUG POPULATE 1\r\n");
  if (step_trouble().empty()) throw std::runtime_error("The mirror notices no difference.");
  restart();
}
MirroredTarget::~MirroredTarget() = default;

void MirroredTarget::restart() {
  mirror_.reset();
  InProcessTarget::restart();
  mirror_ = std::make_unique<Mirror>(harness());
}

// The second server first, so that it would remove what is due before it gets the effects.
void MirroredTarget::advance_ms(int ms) {
  mirror_->harness().advance_ms(ms);
  InProcessTarget::advance_ms(ms);
}

// The flush of the first server reaches the second one with its next step.
void MirroredTarget::clear() {
  InProcessTarget::clear();
  mirror_->difference();
  mirror_->clear();
}

std::string MirroredTarget::configure(const std::string& name, const std::string& value) {
  InProcessTarget::configure(mirror_->harness(), name, value);
  return InProcessTarget::configure(name, value);
}

// Both servers share one ledger, so that it balances with neither; the audit runs without a mirror.
std::string MirroredTarget::audit() { return {}; }

std::string MirroredTarget::step_trouble() { return mirror_->difference(); }

std::string MirroredTarget::reason_to_skip(const std::vector<std::string>& words) {
  if (words.size() < 2) return {};
  const std::string name = words[0] + "|" + words[1];
  for (const NotReplicated& row : kNotReplicated) {
    if (row.fact == Fact::keys && base::equals_ignoring_case(name, row.command)) {
      return std::string(row.command) + " is not replicated";
    }
  }
  return {};
}

std::string MirroredTarget::summary() {
  std::string out = "not replicated, and so not compared:";
  for (const NotReplicated& row : kNotReplicated) {
    out.append("\n  ").append(row.command).append(": ").append(row.what);
  }
  return out;
}

}  // namespace larder::transcripts
