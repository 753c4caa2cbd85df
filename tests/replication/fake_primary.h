#pragma once

// A primary whose bytes the test chooses: it plays the other end of the link of a harness.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "larder/persistence/crc64.h"
#include "larder/persistence/snapshots.h"
#include "larder/replication/replica.h"
#include "larder/replication/wire.h"

namespace larder::replication {

inline const std::string kPrimaryId(40, 'a');
inline const std::string kMark(40, 'm');

// The whole connection: what the primary has sent, and what this server has.
class FakePrimary final : public Dialer {
 public:
  std::unique_ptr<Wire> dial(const Destination& destination, WireUser& user) override;

  // Answers the connection.
  void accept() { user_->on_connected(); }
  void refuse() { user_->on_failed("Connection refused"); }
  void send(std::string_view bytes) {
    to_replica_ += bytes;
    if (user_ != nullptr && reads_) user_->on_readable();
  }
  void end() {
    ended_ = true;
    if (user_ != nullptr && reads_) user_->on_readable();
  }
  std::string take_received() { return std::exchange(from_replica_, {}); }
  bool is_dialed() const { return user_ != nullptr; }
  int dialed() const { return dialed_; }
  const Destination& destination() const { return destination_; }

 private:
  class End;

  WireUser* user_ = nullptr;
  Destination destination_;
  std::string to_replica_;
  std::string from_replica_;
  bool ended_ = false;
  bool reads_ = true;
  int dialed_ = 0;
};

class FakePrimary::End final : public Wire {
 public:
  explicit End(FakePrimary& primary) : primary_(primary) {}
  ~End() override { primary_.user_ = nullptr; }

  std::ptrdiff_t receive(std::span<char> room) override {
    std::string& bytes = primary_.to_replica_;
    if (bytes.empty()) return primary_.ended_ ? -1 : 0;
    const std::size_t taken = std::min(bytes.size(), room.size());
    std::memcpy(room.data(), bytes.data(), taken);
    bytes.erase(0, taken);
    return static_cast<std::ptrdiff_t>(taken);
  }
  void send(std::string_view bytes) override { primary_.from_replica_ += bytes; }
  void pause() override { primary_.reads_ = false; }
  void resume() override { primary_.reads_ = true; }
  std::string address() const override { return "10.0.0.1:6379"; }
  std::string local_address() const override { return "10.0.0.2:4000"; }
  int descriptor() const override { return -1; }

 private:
  FakePrimary& primary_;
};

inline std::unique_ptr<Wire> FakePrimary::dial(const Destination& destination, WireUser& user) {
  destination_ = destination;
  user_ = &user;
  to_replica_.clear();
  from_replica_.clear();
  ended_ = false;
  reads_ = true;
  ++dialed_;
  return std::make_unique<End>(*this);
}

struct FakePlace final : OwnPlace {
  int port() const override { return 7000; }
  std::string source() const override { return {}; }
  bool uses_tls() const override { return false; }
};

// Nobody has to be served.
struct NobodyServed final : persistence::LoadingHost {
  bool serve() override { return true; }
};

// A file with one key, "k", in database 0.
inline std::string copy_with(const std::string& value) {
  std::string file = "REDIS0010";
  file += '\xfe';
  file += '\0';
  file += '\0';
  file += "\x01k";
  file += static_cast<char>(value.size());
  file += value;
  file += '\xff';
  const std::uint64_t sum = persistence::crc64(0, file);
  file.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  return file;
}

}  // namespace larder::replication
