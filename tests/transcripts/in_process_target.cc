#include "in_process_target.h"

#include <stdexcept>
#include <utility>

namespace larder::transcripts {

namespace {

// Around each step of a transcript, where there is a check.
class Checked {
 public:
  explicit Checked(ChangeCheck* check) : check_(check) {
    if (check_ != nullptr) check_->begin();
  }
  ~Checked() {
    if (check_ != nullptr) check_->end();
  }
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;

 private:
  ChangeCheck* const check_;
};

class InProcessConnection final : public Connection {
 public:
  InProcessConnection(std::unique_ptr<harness::Harness::Client> client, ChangeCheck* check)
      : client_(std::move(client)), check_(check) {}

  void send(std::string_view bytes) override { exchange(bytes); }
  std::string receive(int /*wait_ms*/) override {
    exchange({});
    return std::exchange(received_, {});
  }
  bool is_closed() override { return client_->is_closed() && received_.empty(); }

 private:
  void exchange(std::string_view bytes) {
    const Checked checked(check_);
    received_ += client_->exchange(bytes);
  }

  std::unique_ptr<harness::Harness::Client> client_;
  ChangeCheck* const check_;
  std::string received_;
};

}  // namespace

std::unique_ptr<Connection> InProcessTarget::connect() {
  return std::make_unique<InProcessConnection>(harness_->connect(), check_.get());
}

InProcessTarget::InProcessTarget(Check check) : checks_(check) { begin(); }

void InProcessTarget::begin() {
  harness_ = std::make_unique<harness::Harness>("enable-protected-configs yes\n");
  harness_->core().evacuator.test(checks_ == Check::moving);
  if (checks_ != Check::before_change) return;
  check_ = std::make_unique<ChangeCheck>(harness_->core().keyspace);
}

void InProcessTarget::restart() {
  if (check_ != nullptr) changes_ += check_->changes();
  moves_ += moves();
  check_.reset();
  harness_.reset();
  begin();
}

void InProcessTarget::advance_ms(int ms) {
  const Checked checked(check_.get());
  harness_->advance_ms(ms);
}

std::string InProcessTarget::trouble() {
  return check_ == nullptr ? std::string() : check_->take_trouble();
}

std::string InProcessTarget::summary() {
  if (checks_ == Check::moving) return std::to_string(moves_ + moves()) + " blocks moved";
  if (check_ == nullptr) return {};
  return std::to_string(changes_ + check_->changes()) + " changes of keys, each asked about before";
}

std::uint64_t InProcessTarget::moves() const {
  return harness_->core().memory_metrics.active_defrag_hits.value();
}

void InProcessTarget::settle() {
  while (harness_->end_turn()) {
  }
}

void InProcessTarget::clear() {
  harness_->core().keyspace.flush_all();
  settle();
}

std::string InProcessTarget::configure(const std::string& name, const std::string& value) {
  return configure(*harness_, name, value);
}

std::string InProcessTarget::configure(harness::Harness& harness, const std::string& name,
                                       const std::string& value) {
  config::Registry& registry = harness.configuration().registry;
  const config::Directive* directive = registry.find(name);
  if (directive == nullptr) throw std::runtime_error("no directive " + name);
  std::string old = directive->print();
  const base::Result<void> set = registry.set({{name, value}}, {.protected_allowed = true});
  if (!set) throw std::runtime_error(name + ": " + set.error().text);
  return old;
}

bool InProcessTarget::has_jemalloc() {
  return harness_->core().reporter.value("mem_allocator").starts_with("jemalloc");
}

std::string InProcessTarget::audit() {
  settle();
  const memory::Audit audit = harness_->core().auditor.run();
  return audit.balanced() ? std::string() : audit.text();
}

}  // namespace larder::transcripts
