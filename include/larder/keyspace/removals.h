#pragma once

// Whether databases may remove keys by themselves. While any reason holds removals back, nothing is
// expired or evicted, and no field of a hash: what has expired stays where it is and is hidden from
// readers, until the last reason ends or a command that writes comes upon it.

#include <cstdint>

namespace larder::keyspace {

// Why removals are held back.
enum class Hold : std::uint8_t {
  pause,    // CLIENT PAUSE
  loading,  // data is read from a file, which says itself what is removed
  replica,  // the primary decides, and sends what it removes
};

class Removals {
 public:
  void hold(Hold reason) { held_ = static_cast<std::uint8_t>(held_ | bit(reason)); }
  void release(Hold reason) { held_ = static_cast<std::uint8_t>(held_ & ~bit(reason)); }
  bool held() const { return held_ != 0; }
  bool held(Hold reason) const { return (held_ & bit(reason)) != 0; }

  // While one lives, commands of a primary or a journal are repeated. They find expired keys as if
  // these had not expired: the key was live where the command ran first.
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

 private:
  static constexpr std::uint8_t bit(Hold reason) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(reason));
  }

  std::uint8_t held_ = 0;
  bool repeats_ = false;
};

}  // namespace larder::keyspace
