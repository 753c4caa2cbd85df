#pragma once

// Feeds a stream to a reader the way a connection does, in pieces of any size.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/resp/reader.h"

namespace larder::resp {

using Words = std::vector<std::string>;

struct Outcome {
  std::vector<Words> requests;
  // Not compared: whether empty lines before a request count depends on how the stream was split.
  std::vector<std::uint64_t> bytes;
  std::string error;
  std::uint64_t examined = 0;
  std::uint64_t consumed = 0;
  std::size_t most_held = 0;

  bool operator==(const Outcome& other) const {
    return requests == other.requests && error == other.error &&
           (!error.empty() || consumed == other.consumed);
  }
};

class Feeder {
 public:
  explicit Feeder(Limits limits = {}) : limits_(limits) {}

  // The stream's next bytes. False after a protocol error.
  bool feed(std::string_view piece) {
    if (!outcome_.error.empty()) return false;
    tail_.append(piece);
    std::size_t begin = 0;
    for (;;) {
      const auto input = std::string_view(tail_).substr(begin);
      const Parsed parsed = reader_.parse(input, batch_, limits_);
      keep(parsed);
      begin += parsed.consumed;
      batch_.clear();
      if (parsed.status != Parsed::Status::full) break;
    }
    tail_.erase(0, begin);
    return outcome_.error.empty();
  }

  const Outcome& outcome() const { return outcome_; }
  const Reader& reader() const { return reader_; }
  std::uint64_t wanted() const { return wanted_; }

 private:
  void keep(const Parsed& parsed) {
    for (const Request& request : batch_.requests()) {
      outcome_.requests.emplace_back(request.args.begin(), request.args.end());
      outcome_.bytes.push_back(request.bytes);
    }
    outcome_.error = parsed.error;
    outcome_.examined += parsed.examined;
    outcome_.consumed += parsed.consumed;
    outcome_.most_held = std::max(outcome_.most_held, reader_.held_bytes());
    wanted_ = parsed.wanted;
  }

  Limits limits_;
  Reader reader_;
  Batch batch_;
  std::string tail_;
  std::uint64_t wanted_ = 0;
  Outcome outcome_;
};

inline Outcome parse_whole(std::string_view stream, Limits limits = {}) {
  Feeder feeder(limits);
  feeder.feed(stream);
  return feeder.outcome();
}

inline Outcome parse_in_pieces(std::string_view stream, std::size_t piece, Limits limits = {}) {
  Feeder feeder(limits);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (!feeder.feed(stream.substr(at, piece))) break;
  }
  return feeder.outcome();
}

inline std::string encode(const Words& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

}  // namespace larder::resp
