#include "in_process_target.h"

#include <stdexcept>
#include <utility>

namespace larder::transcripts {

namespace {

class InProcessConnection final : public Connection {
 public:
  explicit InProcessConnection(std::unique_ptr<server::Harness::Client> client)
      : client_(std::move(client)) {}

  void send(std::string_view bytes) override { received_ += client_->exchange(bytes); }
  std::string receive(int /*wait_ms*/) override {
    received_ += client_->exchange({});
    return std::exchange(received_, {});
  }
  bool is_closed() override { return client_->is_closed() && received_.empty(); }

 private:
  std::unique_ptr<server::Harness::Client> client_;
  std::string received_;
};

}  // namespace

std::unique_ptr<Connection> InProcessTarget::connect() {
  return std::make_unique<InProcessConnection>(harness_->connect());
}

std::unique_ptr<server::Harness> InProcessTarget::make_harness() {
  return std::make_unique<server::Harness>("enable-protected-configs yes\n");
}

void InProcessTarget::restart() {
  harness_.reset();
  harness_ = make_harness();
}

void InProcessTarget::advance_ms(int ms) { harness_->advance_ms(ms); }

void InProcessTarget::settle() {
  while (harness_->end_turn()) {
  }
}

void InProcessTarget::clear() {
  harness_->core().keyspace.flush_all();
  settle();
}

std::string InProcessTarget::configure(const std::string& name, const std::string& value) {
  config::Registry& registry = harness_->configuration().registry;
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
