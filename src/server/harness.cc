#include "larder/server/harness.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

namespace larder::server {
namespace {

constexpr std::int64_t kBeatMs = 100;

}  // namespace

Harness::Harness(const std::string& options) {
  log_.level(base::LogLevel::nothing);
  const auto loaded =
      configuration_.registry.load({{}, "enable-debug-command yes\n" + options, {}});
  if (!loaded) throw std::runtime_error(loaded.error().text);
  core_ = std::make_unique<Core>(configuration_, clock_, log_, end_);
}

Harness::~Harness() = default;

std::unique_ptr<Harness::Client> Harness::connect() { return std::make_unique<Client>(*this); }

void Harness::advance_ms(std::int64_t ms) {
  for (std::int64_t left = ms; left > 0; left -= kBeatMs) {
    clock_.advance_ms(std::min(left, kBeatMs));
    core_->beat();
    core_->end_turn();
  }
}

Harness::Client::Client(Harness& harness)
    : harness_(harness),
      output_(harness.chunks_),
      session_(harness.core_->sessions, *this, output_, harness.clock_) {
  session_.closed_gates = harness_.core_->credentials.closed_gates(*this);
}

std::string Harness::Client::exchange(std::string_view bytes) {
  if (is_closed()) return {};
  input_ += bytes;
  run_requests();
  std::string replies = take_output();
  harness_.core_->end_turn();
  return replies;
}

void Harness::Client::run_requests() {
  const auto most_bulk =
      static_cast<std::uint64_t>(harness_.configuration_.net.clients.proto_max_bulk_len.value());
  std::size_t done = 0;
  for (auto status = resp::Parsed::Status::full;
       status == resp::Parsed::Status::full && !is_closed();) {
    batch_.clear();
    const resp::Parsed parsed =
        reader_.parse({input_.data() + done, input_.size() - done}, batch_,
                      {.max_bulk_bytes = most_bulk, .authenticated = session_.authenticated()});
    status = parsed.status;
    if (!batch_.empty()) {
      harness_.core_->executor.run(session_, batch_.requests(),
                                   std::numeric_limits<std::size_t>::max());
    }
    done += parsed.consumed;
    if (status != resp::Parsed::Status::failed || is_closed()) continue;
    session_.reply.error(parsed.error);
    session_.close(engine::Closing::after_reply);
  }
  batch_.clear();
  input_.erase(0, done);
}

std::string Harness::Client::take_output() {
  std::string replies;
  std::array<iovec, 64> pieces;
  while (const std::size_t count = output_.gather(pieces.data(), pieces.size())) {
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
      replies.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      taken += pieces[i].iov_len;
    }
    if (taken == 0) break;
    output_.consume(taken);
  }
  return replies;
}

engine::Peer::Buffers Harness::Client::buffers() const {
  Buffers found;
  found.query = input_.size();
  found.query_free = input_.capacity() - input_.size();
  found.arguments = reader_.held_bytes();
  found.reply_bytes = output_.size();
  found.reply_held = output_.held_bytes();
  found.total = sizeof(Client) + input_.capacity() + reader_.held_bytes() + output_.held_bytes();
  return found;
}

}  // namespace larder::server
