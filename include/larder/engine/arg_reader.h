#pragma once

// Reads a command's options from left to right. The first error is latched; the handler checks for
// it once, at the end:
//
//   ArgReader options(call, 3);
//   while (options.more()) {
//     if (options.word("EX")) seconds = options.integer();
//     else options.fail(errors::kSyntax);
//   }
//   if (options.failed()) return;   // the error has been answered

#include <cstdint>
#include <string_view>

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"

namespace larder::engine {

class ArgReader {
 public:
  ArgReader(Call& call, std::size_t first) : call_(call), next_(first) {}

  // There are arguments left and no error occurred.
  bool more() const { return error_.empty() && next_ < call_.size(); }
  std::size_t left() const { return call_.size() - next_; }

  // Takes the next argument if it is this word, in any letter case.
  bool word(std::string_view expected) {
    if (next_ >= call_.size() || !base::equals_ignoring_case(call_.arg(next_), expected))
      return false;
    ++next_;
    return true;
  }
  // As word(), where an argument must follow: SET's "EX" as the last argument is a syntax error.
  bool option(std::string_view expected) { return left() > 1 && word(expected); }

  std::string_view text() {
    if (next_ >= call_.size()) return fail(errors::kSyntax), std::string_view{};
    return call_.arg(next_++);
  }
  std::int64_t integer(std::string_view error = errors::kNotAnInteger) {
    const auto value = base::parse_int64(text());
    if (!value) fail(error);
    return value.value_or(0);
  }

  // A number that must fit 32 bits.
  int small_integer() {
    const std::int64_t value = integer();
    if (value == static_cast<int>(value)) return static_cast<int>(value);
    fail("ERR value is out of range, value must between -2147483648 and 2147483647");
    return 0;
  }

  // Latches the error; later ones are ignored.
  void fail(std::string_view error) {
    if (error_.empty()) error_ = error;
  }
  // True if there was an error, after replying with it.
  bool failed() {
    if (error_.empty()) return false;
    call_.reply.error(error_);
    return true;
  }

 private:
  Call& call_;
  std::size_t next_;
  std::string_view error_;
};

}  // namespace larder::engine
