#include "larder/replication/follower.h"

#include "file_reader.h"
#include "larder/base/log.h"
#include "larder/engine/command.h"
#include "larder/replication/replicas.h"
#include "sync_payload.h"

namespace larder::replication {

class Follower::Reading final : public FileReader::User {
 public:
  Reading(Follower& replica, FileReaders& readers)
      : replica_(replica), reader_(readers.make(*this)) {}
  ~Reading() { reader_.leave(); }
  void piece_arrived() override { replica_.wake(); }
  void read_failed(int) override { replica_.close(); }
  FileReader& reader() { return reader_; }

 private:
  Follower& replica_;
  FileReader& reader_;
};

Follower::Follower(Replicas& home, engine::Session& session)
    : home_(home), session_(session), peer_ip_(session.peer().address()) {
  peer_ip_.erase(std::min(peer_ip_.rfind(':'), peer_ip_.size()));
}

Follower::~Follower() = default;

FileReader& Follower::reader() {
  if (reading_ == nullptr) reading_ = std::make_unique<Reading>(*this, home_.readers());
  return reading_->reader();
}

void Follower::stop_reading() { reading_.reset(); }

std::string Follower::ip() const {
  return description.address.empty() ? peer_ip_ : description.address;
}

std::string Follower::name() const {
  const std::string port =
      description.port == 0 ? "<unknown-replica-port>" : std::to_string(description.port);
  return ip() + ":" + port;
}

void Follower::detach(engine::Session&) {
  if (state_ != State::handshake) session_.peer().send_from(nullptr);
  home_.remove(*this);
}

void Follower::wake() { session_.peer().source_grew(); }

void Follower::send_text(std::string_view text) {
  text_ += text;
  wake();
}

void Follower::send_newline() {
  if (text_.empty()) send_text("\n");
}

// The stages

void Follower::wait_for_start(bool by_psync) {
  state_ = State::waits_for_start;
  by_psync_ = by_psync;
  acked_ms_ = took_ms_ = waits_since_ms_ = home_.now_ms();
  session_.peer().send_from(this);
}

void Follower::snapshot_started(const std::shared_ptr<SyncPayload>& payload, std::string_view id,
                                std::int64_t offset) {
  state_ = State::waits_for_end;
  payload_ = payload;
  position_ = 0;
  next_offset_ = began_at_ = offset + 1;
  took_ms_ = home_.now_ms();
  if (!by_psync_) return;
  send_text("+FULLRESYNC " + std::string(id) + " " + std::to_string(offset) + "\r\n");
}

void Follower::begin_to_receive() {
  state_ = State::receives;
  took_ms_ = home_.now_ms();
  send_text(payload_->head());
}

// A snapshot of unknown length ends with a mark, which the replica looks for at the end of what it
// has read: nothing may follow before it says that it has found it.
void Follower::end_payload_if_sent() {
  if (state_ != State::receives || !text_.empty() || !payload_->ends_at(position_)) return;
  const std::string tail = payload_->tail();
  payload_.reset();
  reading_.reset();
  waits_for_ack_ = !tail.empty();
  state_ = description.only_data ? State::leaves : State::online;
  acked_ms_ = home_.now_ms();
  if (!tail.empty()) send_text(tail);
  home_.payload_sent(*this, waits_for_ack_);
}

void Follower::go_online(std::int64_t next_offset) {
  state_ = State::online;
  next_offset_ = began_at_ = next_offset;
  acked_ms_ = took_ms_ = home_.now_ms();
  session_.peer().send_from(this);
}

void Follower::acknowledge(std::int64_t offset, std::int64_t on_disk) {
  acked_ = std::max(acked_, offset);
  acked_on_disk_ = std::max(acked_on_disk_, on_disk);
  acked_ms_ = home_.now_ms();
  if (waits_for_ack_ && is_online()) {
    waits_for_ack_ = false;
    wake();
  }
}

std::int64_t Follower::behind_bytes() const {
  return home_.stream_offset() + 1 - std::min(next_offset_, first_unacked());
}

std::uint64_t Follower::spilled_bytes() const { return home_.spilled_bytes(); }

std::int64_t Follower::lag_s() const { return (home_.now_ms() - acked_ms_) / 1000; }

bool Follower::is_stuck() {
  return state_ == State::receives && !payload_->at(position_, reader()).empty();
}

bool Follower::is_behind_for_longer(bool is_behind, std::int64_t most_ms) {
  if (!is_behind) behind_since_ms_.reset();
  if (is_behind && !behind_since_ms_) behind_since_ms_ = home_.now_ms();
  return behind_since_ms_ && home_.now_ms() - *behind_since_ms_ > most_ms;
}

// engine::OutputSource

std::string_view Follower::next() {
  end_payload_if_sent();
  if (!text_.empty()) return text_;
  if (state_ == State::receives) return payload_->at(position_, reader());
  if (is_online() && !waits_for_ack_) return home_.stream_at(next_offset_, *this);
  return {};
}

void Follower::sent(std::size_t bytes) {
  home_.count_sent(bytes);
  took_ms_ = home_.now_ms();
  if (!text_.empty()) {
    text_.erase(0, bytes);
  } else if (state_ == State::receives) {
    position_ += bytes;
    home_.payload_advanced(*this);
  } else {
    next_offset_ += static_cast<std::int64_t>(bytes);
  }
  end_payload_if_sent();
  if (state_ == State::leaves && text_.empty()) close();
}

void Follower::interrupted() {
  const engine::Command* const command = session_.last_command;
  home_.log().warning("Replica generated a reply to command '" +
                      std::string(command == nullptr ? "<unknown>" : command->name) +
                      "', disconnecting it: " + name());
  close();
}

}  // namespace larder::replication
