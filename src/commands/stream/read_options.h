#pragma once

// Shared by XREAD and XREADGROUP: options, reply and blocking.

#include <optional>

#include "larder/engine/call.h"
#include "larder/types/stream_id.h"

namespace larder::commands {

struct ReadOptions {
  std::optional<std::int64_t> block_ms;  // 0 for ever
  std::uint64_t count = 0;               // 0 for all
  bool no_ack = false;
  std::string_view group;
  std::string_view consumer;
  std::size_t first = 0;    // the first key's place among the arguments
  std::size_t streams = 0;  // number of keys, and of ids

  resp::Args keys(const engine::Call& call) const { return call.args.subspan(first, streams); }
  std::string_view id(const engine::Call& call, std::size_t stream) const {
    return call.arg(first + streams + stream);
  }
};

// The position of the first key of an XREAD or XREADGROUP; 0 without STREAMS.
std::size_t first_stream(std::span<const std::string_view> args);

enum class ReadKind : std::uint8_t { plain, group };

// Nothing if an error has been sent.
std::optional<ReadOptions> read_options(engine::Call& call, ReadKind kind);

// Writes the streams that have entries; starts with the first of them: a map in RESP3, an array of
// pairs in RESP2.
class StreamsReply {
 public:
  explicit StreamsReply(resp::Writer& reply) : reply_(reply) {}

  // The entries of the stream must follow.
  void start(std::string_view key);
  // False if there was no stream; no reply has been written then.
  bool end();

 private:
  resp::Writer& reply_;
  std::optional<resp::Writer::Mark> mark_;
  std::uint64_t streams_ = 0;
};

}  // namespace larder::commands
