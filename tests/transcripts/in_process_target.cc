#include "in_process_target.h"

#include <sys/uio.h>

#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

#include "larder/resp/reader.h"

namespace larder::transcripts {

namespace {

class InProcessConnection final : public Connection, public engine::Peer {
 public:
  explicit InProcessConnection(World& world)
      : world_(world), output_(world.chunks), session_(world.sessions, *this, output_, world.clock) {
    session_.closed_gates = world.credentials.closed_gates(*this);
  }

  void send(std::string_view bytes) override {
    if (is_closing()) return;
    input_ += bytes;
    std::size_t done = 0;
    while (!is_closing() && run_batch(done)) {
    }
    input_.erase(0, done);
    while (world_.executor().end_turn()) {
    }
  }

  std::string receive(int /*wait_ms*/) override {
    std::string out;
    std::array<iovec, 64> pieces;
    while (!output_.empty()) {
      const std::size_t count = output_.gather(pieces.data(), pieces.size());
      std::uint64_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        out.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        bytes += pieces[i].iov_len;
      }
      output_.consume(bytes);
    }
    return out;
  }

  bool is_closed() override { return is_closing() && output_.empty(); }

  std::string address() const override { return "127.0.0.1:50000"; }
  std::string local_address() const override { return "127.0.0.1:6379"; }
  int descriptor() const override { return 8; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  Buffers buffers() const override {
    Buffers found;
    found.query = input_.size();
    found.reply_bytes = output_.held_bytes();
    found.total = input_.capacity() + reader_.held_bytes() + output_.held_bytes();
    return found;
  }
  void closing() override {}

 private:
  bool is_closing() const { return session_.closing != engine::Closing::no; }

  // Cuts and runs what one batch holds; false when no whole request is left.
  bool run_batch(std::size_t& done) {
    batch_.clear();
    const resp::Parsed parsed = reader_.parse(
        {input_.data() + done, input_.size() - done}, batch_,
        {.max_bulk_bytes = static_cast<std::uint64_t>(world_.limits.longest_string.value()),
         .authenticated = session_.authenticated()});
    done += static_cast<std::size_t>(parsed.consumed);
    if (!batch_.empty()) {
      world_.executor().run(session_, batch_.requests(), std::numeric_limits<std::size_t>::max());
    }
    if (parsed.status == resp::Parsed::Status::failed && !is_closing()) {
      session_.reply.error(parsed.error);
      session_.close(engine::Closing::after_reply);
    }
    return parsed.status == resp::Parsed::Status::full;
  }

  World& world_;
  std::string input_;
  resp::Reader reader_;
  resp::Batch batch_;
  resp::ReplyBuffer output_;
  engine::Session session_;
};

}  // namespace

std::unique_ptr<Connection> InProcessTarget::connect() {
  return std::make_unique<InProcessConnection>(world_);
}

bool InProcessTarget::advance_ms(int ms) {
  world_.clock.advance_ms(ms);
  while (world_.executor().end_turn()) {
  }
  return true;
}

void InProcessTarget::clear() {
  world_.keyspace.flush_all();
  while (world_.executor().end_turn()) {
  }
}

std::string InProcessTarget::configure(const std::string& name, const std::string& value) {
  const config::Directive* directive = world_.registry.find(name);
  if (directive == nullptr) throw std::runtime_error("no directive " + name);
  std::string old = directive->print();
  const base::Result<void> set = world_.registry.set({{name, value}}, {.protected_allowed = true});
  if (!set) throw std::runtime_error(name + ": " + set.error().text);
  return old;
}

std::string InProcessTarget::audit() {
  const memory::Audit audit = world_.auditor.run();
  return audit.balanced() ? std::string() : audit.text();
}

}  // namespace larder::transcripts
