#include "tests/harness/harness.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

#include "larder/engine/transaction.h"

namespace larder::harness {
namespace {

constexpr std::int64_t kBeatMs = 100;

}  // namespace

Harness::Harness(const std::string& options) {
  log_.level(base::LogLevel::nothing);
  const auto loaded =
      configuration_.registry.load({{}, "enable-debug-command yes\nsave \"\"\n" + options, {}});
  if (!loaded) throw std::runtime_error(loaded.error().text);
  core_ = std::make_unique<server::Core>(configuration_, clock_, log_, end_);
  core_->auditor.add(*this);
}

Harness::~Harness() = default;

bool Harness::end_turn() {
  const bool left = core_->end_turn();
  for (std::size_t i = 0; i < unblocked_.size(); ++i) unblocked_[i]->run_requests();
  unblocked_.clear();
  for (Client* client : clients_) {
    if (client->is_closed()) client->session_.leave();
  }
  return left;
}

void Harness::report_bytes(memory::Audit& audit) const {
  for (const Client* client : clients_) {
    const engine::Transaction* transaction = engine::Transaction::of(client->session_);
    const std::size_t input = client->reader_.held_bytes() + client->batch_.held_bytes() +
                              client->session_.text_bytes() +
                              (transaction == nullptr ? 0 : transaction->bytes());
    audit.found(memory::Owner::client_input, static_cast<std::int64_t>(input));
    audit.found(memory::Owner::client_output,
                static_cast<std::int64_t>(client->output_.held_bytes() +
                                          client->session_.held_push_bytes()));
  }
  audit.found(memory::Owner::client_output, static_cast<std::int64_t>(chunks_.free_bytes()));
}

std::unique_ptr<Harness::Client> Harness::connect() { return std::make_unique<Client>(*this); }

void Harness::advance_ms(std::int64_t ms) {
  for (std::int64_t left = ms; left > 0; left -= kBeatMs) {
    clock_.advance_ms(std::min(left, kBeatMs));
    core_->beat();
    end_turn();
  }
}

Harness::Client::Client(Harness& harness)
    : harness_(harness),
      output_(harness.chunks_),
      session_(harness.core_->sessions, *this, output_, harness.clock_) {
  harness_.core_->acl.admit(session_);
  harness_.clients_.push_back(this);
}

Harness::Client::~Client() {
  for (auto* list : {&harness_.clients_, &harness_.unblocked_}) {
    list->erase(std::remove(list->begin(), list->end(), this), list->end());
  }
}

std::string Harness::Client::exchange(std::string_view bytes) {
  if (is_closed()) return {};
  input_ += bytes;
  run_requests();
  std::string replies = take_output();
  harness_.end_turn();
  return replies;
}

void Harness::Client::run_requests() {
  const auto most_bulk =
      static_cast<std::uint64_t>(harness_.configuration_.net.clients.proto_max_bulk_len.value());
  std::size_t done = 0;
  for (auto status = resp::Parsed::Status::full; status == resp::Parsed::Status::full &&
                                                 !is_closed() && !session_.is_parked() &&
                                                 !session_.is_held();) {
    batch_.clear();
    const resp::Parsed parsed =
        reader_.parse({input_.data() + done, input_.size() - done}, batch_,
                      {.max_bulk_bytes = most_bulk, .authenticated = session_.authenticated()});
    status = parsed.status;
    const auto requests = batch_.requests();
    const std::size_t ran = requests.empty()
                                ? 0
                                : harness_.core_->executor.run(
                                      session_, requests, std::numeric_limits<std::size_t>::max());
    if (session_.is_parked() || session_.is_held()) {
      for (std::size_t i = 0; i < ran; ++i) done += requests[i].bytes;
      reader_.reset();
      break;
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
  if (has_source_begun_ && output_.size() > 0) {
    output_.clear();
    source_->interrupted();
    return {};
  }
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
  take_source(replies);
  return replies;
}

void Harness::Client::take_source(std::string& output) {
  if (source_ == nullptr || !std::exchange(has_source_grown_, false)) return;
  while (source_ != nullptr && !is_closed()) {
    has_source_begun_ = true;
    const std::string_view bytes = source_->next();
    if (bytes.empty()) return;
    output += bytes;
    source_->sent(bytes.size());
  }
}

engine::Peer::Buffers Harness::Client::buffers() const {
  Buffers found;
  found.query = input_.size();
  found.query_free = input_.capacity() - input_.size();
  found.arguments = reader_.held_bytes();
  const resp::ReplyBuffer::First first = output_.first();
  found.reply_buffer = first.held;
  found.reply_bytes = first.unsent;
  found.reply_blocks = output_.chunks() - (first.held == 0 ? 0 : 1);
  found.reply_held = output_.held_bytes() - first.held + output_.shared_bytes();
  found.total = sizeof(Client) + input_.capacity() + reader_.held_bytes() + output_.held_bytes() +
                output_.shared_bytes() + session_.attached_bytes();
  return found;
}

}  // namespace larder::harness
