#pragma once

// Whether databases may remove keys and fields of hashes by expiry and eviction. While there is a
// reason against it, expired ones stay in their tables and are hidden from readers, until the last
// reason ends or a command writes to them.

#include <cstdint>

namespace larder::keyspace {

// Reasons against removals.
enum class Hold : std::uint8_t {
  pause,    // CLIENT PAUSE
  loading,  // data is read from a file, which contains the removals
  replica,  // the primary decides, and sends its removals
  journal,  // it has no room for the removals
};

class Removals {
 public:
  void hold(Hold reason) { held_ = static_cast<std::uint8_t>(held_ | bit(reason)); }
  void release(Hold reason) { held_ = static_cast<std::uint8_t>(held_ & ~bit(reason)); }
  bool held() const { return held_ != 0 || repeats_; }
  bool held(Hold reason) const { return (held_ & bit(reason)) != 0; }
  // The same for eviction alone: a replica may have to keep within a limit of its own.
  bool eviction_held() const { return (held_ & ~evicting_) != 0 || repeats_; }
  void let_replica_evict(bool lets) { evicting_ = lets ? bit(Hold::replica) : 0; }

  // Another server or a file contains all removals: a deadline in the past that a command gives to
  // a key or field is stored, and does not remove it.
  bool are_received() const { return repeats_ || held(Hold::loading) || held(Hold::replica); }

  // Exists while commands of a primary or a journal are repeated. They find expired keys and fields
  // as if these had not expired, because they were not expired where the command ran first.
  class Repeating {
   public:
    explicit Repeating(Removals& removals) : removals_(removals), before_(removals.repeats_) {
      removals_.repeats_ = true;
    }
    ~Repeating() { removals_.repeats_ = before_; }
    Repeating(const Repeating&) = delete;
    Repeating& operator=(const Repeating&) = delete;

   private:
    Removals& removals_;
    const bool before_;
  };
  bool repeats() const { return repeats_; }

  // Commands of clients run in between.
  class Interrupted {
   public:
    explicit Interrupted(Removals& removals) : removals_(removals), before_(removals.repeats_) {
      removals_.repeats_ = false;
    }
    ~Interrupted() { removals_.repeats_ = before_; }
    Interrupted(const Interrupted&) = delete;
    Interrupted& operator=(const Interrupted&) = delete;

   private:
    Removals& removals_;
    const bool before_;
  };

 private:
  static constexpr std::uint8_t bit(Hold reason) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(reason));
  }

  std::uint8_t held_ = 0;
  std::uint8_t evicting_ = 0;  // the reasons that do not hold for eviction
  bool repeats_ = false;
};

}  // namespace larder::keyspace
