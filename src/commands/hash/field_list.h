#pragma once

// "FIELDS numfields field [field ...]", as the commands on single fields take it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/engine/call.h"

namespace larder::commands {

// The positions of the fields among the arguments.
struct FieldList {
  std::size_t first;
  std::size_t end;
  std::size_t size() const { return end - first; }
};

// What the commands on deadlines reply for a field.
enum FieldReply : std::int64_t {
  kNoField = -2,
  kNoDeadline = -1,
  kNotMet = 0,
  kSet = 1,
  kRemoved = 2
};

// Redis has two error texts for an invalid count.
inline constexpr std::string_view kFieldCountNotPositive =
    "ERR Number of fields must be a positive integer";
inline constexpr std::string_view kNumFieldsNotPositive =
    "ERR Parameter `numFields` should be greater than 0";

// The list whose word FIELDS is at `position`, and after which no arguments may follow; nothing if
// it is wrong, in which case the error has been sent.
std::optional<FieldList> read_fields(engine::Call& call, std::size_t position,
                                     std::string_view bad_count = kFieldCountNotPositive);

}  // namespace larder::commands
