#pragma once

// The end of a connection's output that must not be sent yet, because it shows effects that the
// journal has not made durable. Effects have positions, which increase. What is written behind such
// output is sent after it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace larder::net {

class HeldOutput {
 public:
  bool empty() const { return marks_ == 0; }

  // The output, of which `unsent` bytes are not sent yet, shows effects up to this position.
  void hold(std::uint64_t unsent, std::uint64_t position) {
    if (marks_ == 0) free_ = 0;
    const bool adds = marks_ == 0 || (marks_ < kMarks && last().position < position);
    if (adds) ++marks_;
    last() = {unsent, std::max(position, adds ? std::uint64_t{0} : last().position)};
  }

  // How many of the unsent bytes may be sent if the effects up to `released` are durable.
  std::uint64_t sendable(std::uint64_t unsent, std::uint64_t released) {
    while (marks_ > 0 && mark_[0].position <= released) {
      free_ = mark_[0].end;
      mark_[0] = mark_[1];
      --marks_;
    }
    return marks_ == 0 ? unsent : free_;
  }
  // So many bytes were sent.
  void sent(std::uint64_t bytes) {
    free_ -= std::min(free_, bytes);
    for (Mark& mark : mark_) mark.end -= std::min(mark.end, bytes);
  }

 private:
  // While the journal syncs, effects are either in this sync or will be in the next.
  static constexpr std::size_t kMarks = 2;

  // Bytes up to `end`, from the first unsent one, show effects up to this position.
  struct Mark {
    std::uint64_t end = 0;
    std::uint64_t position = 0;
  };
  Mark& last() { return mark_[marks_ - 1]; }

  std::array<Mark, kMarks> mark_{};
  std::size_t marks_ = 0;
  std::uint64_t free_ = 0;  // may be sent; only with a mark
};

}  // namespace larder::net
