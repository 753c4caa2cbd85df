#pragma once

// What the engine counts: commands, and errors by code.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/info/info.h"

namespace larder::engine {

// Error replies by their code ("ERR", "WRONGTYPE"). Bounded: after kMostCodes codes, further ones
// are counted only in the total.
class ErrorCounts {
 public:
  static constexpr std::size_t kMostCodes = 128;
  void count(std::string_view code);
  void clear() { codes_.clear(); }
  const std::vector<std::pair<std::string, std::uint64_t>>& codes() const { return codes_; }

 private:
  std::vector<std::pair<std::string, std::uint64_t>> codes_;
};

struct Metrics : info::Group {
  using Group::Group;
  info::Counter commands_processed{
      *this, "stats", "total_commands_processed", {.help = "Commands that ran."}};
  info::Counter error_replies{*this, "stats", "total_error_replies", {.help = "Error replies."}};
  info::Counter unexpected_error_replies{*this,
                                         "stats",
                                         "unexpected_error_replies",
                                         {.help = "Errors of commands that a primary sent."}};
  ErrorCounts errors;
};

}  // namespace larder::engine
