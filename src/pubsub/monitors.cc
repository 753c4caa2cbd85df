#include "larder/pubsub/monitors.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/base/format.h"
#include "larder/base/text.h"
#include "larder/memory/heap.h"

namespace larder::pubsub {
namespace {

constexpr auto kOwner = memory::Owner::client_input;
constexpr std::uint32_t kGate = engine::bit(engine::Gate::monitoring);
constexpr std::int64_t kSecondUs = 1'000'000;
// A line longer than this is not kept for the next.
constexpr std::size_t kKeptLine = 4096;

// "+1339518083.107412 [0 127.0.0.1:60866]"
void begin_line(std::string& line, std::int64_t now_us, const engine::Session& session) {
  line.clear();
  base::append_print(line, "+%lld.%06lld [%d ", static_cast<long long>(now_us / kSecondUs),
                     static_cast<long long>(now_us % kSecondUs), session.db);
  std::string address = session.peer().address();
  if (session.peer().is_unix_socket()) {
    address.erase(std::min(address.rfind(':'), address.size()));
    line += "unix:";
  }
  line += address;
  line += ']';
}

}  // namespace

class Monitors::MonitoringSession final : public engine::Attachment {
 public:
  MonitoringSession(Monitors& home_, engine::Session& session_)
      : home(home_), session(session_), next(home_.first_) {
    if (next != nullptr) next->previous = this;
    home.first_ = this;
  }

  void detach(engine::Session&) override {
    session.closed_gates &= ~kGate;
    (previous == nullptr ? home.first_ : previous->next) = next;
    if (next != nullptr) next->previous = previous;
    if (home.first_ == nullptr) home.executor_.remove(home);
    memory::destroy(kOwner, this);
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(MonitoringSession)); }

  Monitors& home;
  engine::Session& session;
  MonitoringSession* previous = nullptr;
  MonitoringSession* next;
};

Monitors::~Monitors() { LARDER_ASSERT(first_ == nullptr); }

bool Monitors::add(engine::Session& session) {
  if (is_monitor(session)) return false;
  if (first_ == nullptr) executor_.add(*this);
  session.closed_gates |= kGate;
  session.attach(engine::Attached::monitor,
                 *memory::make<MonitoringSession>(kOwner, *this, session));
  return true;
}

void Monitors::ran(const engine::Session& session, const engine::BoundCommand& command,
                   resp::Args words) {
  begin_line(line_, clock_.unix_us(), session);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool hides = command.row->is_secret != nullptr && command.row->is_secret(words, i);
    line_ += ' ';
    line_ += hides ? "\"(redacted)\"" : base::quoted(words[i]);
  }
  line_ += "\r\n";
  resp::SharedText& text = texts_.make(line_.size());
  std::copy(line_.begin(), line_.end(), text.bytes());
  for (MonitoringSession* monitor = first_; monitor != nullptr; monitor = monitor->next)
    monitor->session.push(text);
  text.release();
  if (line_.capacity() > kKeptLine) line_ = {};
}

void Monitors::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const MonitoringSession* monitor = first_; monitor != nullptr; monitor = monitor->next)
    bytes += monitor->bytes();
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
  texts_.report_bytes(audit);
}

}  // namespace larder::pubsub
