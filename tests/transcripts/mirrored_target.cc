#include "mirrored_target.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "dataset_text.h"
#include "larder/base/text.h"

namespace larder::transcripts {
namespace {

// Commands that are not replicated, so that the data of the two servers differ afterwards.
struct Exempt {
  std::string_view command;
  std::string_view subcommand;
  const char* reason;
};
constexpr std::array kExempt = {
    Exempt{"debug", "populate", "DEBUG POPULATE is not passed on"},
};

// Finds an error line among replies that contain no user text.
bool has_error(const std::string& replies) {
  return replies.starts_with('-') || replies.find("\r\n-") != std::string::npos;
}

}  // namespace

class MirroredTarget::Mirror final : public engine::EffectSink {
 public:
  explicit Mirror(harness::Harness& original)
      : original_(original),
        copy_(std::make_unique<harness::Harness>("enable-protected-configs yes\n")),
        feed_(copy_->connect()) {
    original_.core().executor.follow(*this);
  }
  ~Mirror() override { original_.core().executor.unfollow(*this); }

  void take(const engine::Effect& effect) override {
    if (effect.db != db_) {
      db_ = effect.db;
      effects_ += "SELECT " + std::to_string(db_) + "\r\n";
    }
    effects_ += effect.request;
    taken_.append(effect.request).append("\n");
  }

  // Runs the effects taken, and compares; empty if the data are equal.
  std::string difference() {
    if (effects_.empty() && original_.core().keyspace.log().changes() == compared_) return {};
    compared_ = original_.core().keyspace.log().changes();
    const std::string replies = feed_->exchange(std::exchange(effects_, {}));
    const std::string taken = std::exchange(taken_, {});
    if (has_error(replies)) return "    the mirror refused:\n" + taken + replies;
    const std::string text =
        transcripts::difference(describe(original_.core().keyspace), describe(copy().keyspace));
    return text.empty() ? text : text + "    after these effects:\n" + taken;
  }

  void clear() {
    copy().keyspace.flush_all();
    while (copy_->end_turn()) {
    }
  }
  harness::Harness& harness() { return *copy_; }
  server::Core& copy() { return copy_->core(); }

 private:
  harness::Harness& original_;
  std::unique_ptr<harness::Harness> copy_;
  std::unique_ptr<harness::Harness::Client> feed_;
  int db_ = 0;
  std::string effects_;
  std::string taken_;  // the same, for messages
  std::uint64_t compared_ = 0;
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
  const auto found = std::find_if(kExempt.begin(), kExempt.end(), [&words](const Exempt& exempt) {
    return base::equals_ignoring_case(words[0], exempt.command) &&
           base::equals_ignoring_case(words[1], exempt.subcommand);
  });
  return found == kExempt.end() ? std::string() : found->reason;
}

}  // namespace larder::transcripts
