#pragma once

// The trim options of XADD and XTRIM: MAXLEN or MINID, `=` or `~`, LIMIT.

#include <optional>

#include "larder/engine/arg_reader.h"
#include "larder/types/settings.h"
#include "larder/types/stream.h"

namespace larder::commands {

class TrimOptions {
 public:
  // Takes the next option, if it is one of these.
  bool read(engine::ArgReader& reader);
  // After the last option: latches an error for incompatible options. An effect of Redis may have a
  // LIMIT without ~, whose trim was approximate where the command ran first.
  enum class From : std::uint8_t { client, effects };
  void check(engine::ArgReader& reader, bool required, const types::Settings& settings, From from);

  static From origin(const engine::Call& call) {
    return call.expired_until_ms() == call.now_ms() ? From::client : From::effects;
  }

  bool given() const { return given_; }
  bool approximate() const { return trim_.whole_nodes; }
  const types::Trim& trim() const { return trim_; }

  // An exact trim with the same result: "MAXLEN" or "MINID", "=", and the resulting
  // threshold.
  using Scratch = types::StreamIdScratch;
  std::string_view strategy() const;
  std::string_view threshold(const types::Stream& stream, Scratch& scratch) const;

 private:
  bool read_strategy(engine::ArgReader& reader);

  types::Trim trim_;
  bool given_ = false;
  std::optional<std::int64_t> limit_;
};

types::NodeLimits node_limits(const types::Settings& settings);

}  // namespace larder::commands
