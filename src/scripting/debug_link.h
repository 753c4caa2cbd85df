#pragma once

// The connection of the debugger to its client: requests and lines, read from and written to the
// socket itself, while the loop stands still.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/resp/reader.h"
#include "larder/resp/request.h"

namespace larder::scripting {

using DebugWords = std::vector<std::string>;

class DebugLink {
 public:
  struct Descriptors {
    int socket;
    int stop = -1;  // becomes readable when the session is to end; -1: there is none
  };
  explicit DebugLink(const Descriptors& descriptors) : descriptors_(descriptors) {}
  DebugLink(const DebugLink&) = delete;
  DebugLink& operator=(const DebugLink&) = delete;

  // An array of these lines, whose ends of lines become blanks. A client that does not take it in 5
  // seconds is lost.
  void send(std::span<const std::string> lines);
  void send_bytes(std::string_view bytes);

  // Waits for the next request; `nothing` if the client is lost or the session is to end.
  enum class Received : std::uint8_t { words, malformed, nothing };
  Received read(DebugWords& words);

  // No more requests are read.
  void stop_reading() { reads_ = false; }
  bool reads() const { return reads_ && !is_lost_; }
  bool is_lost() const { return is_lost_; }

  // Of a request: its words, and the bytes of a word and of all of them.
  static constexpr std::size_t kMostWords = 1024;
  static constexpr std::size_t kMostWordBytes = 1024;
  static constexpr std::size_t kMostBytes = 1 << 20;

 private:
  bool is_readable() const;
  bool is_writable_in_time() const;
  void receive();
  Received take(DebugWords& words);

  const Descriptors descriptors_;
  bool is_lost_ = false;
  bool reads_ = true;
  std::string input_;
  resp::Reader reader_;
  resp::Batch batch_;
  std::size_t taken_ = 0;      // requests of the batch
  std::size_t processed_ = 0;  // bytes at the start of the input that are in the batch
};

}  // namespace larder::scripting
