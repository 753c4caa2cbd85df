#include "common_subsequence.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/host.h"

namespace larder::commands {
namespace {

using namespace engine;

struct LcsOptions {
  bool length = false;
  bool ranges = false;
  bool with_match_length = false;
  std::int64_t least_match = 0;
};

// False if an option is wrong; the error has been sent.
bool read_lcs_options(Call& call, LcsOptions& options) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (reader.word("IDX")) {
      options.ranges = true;
    } else if (reader.word("LEN")) {
      options.length = true;
    } else if (reader.word("WITHMATCHLEN")) {
      options.with_match_length = true;
    } else if (reader.option("MINMATCHLEN")) {
      options.least_match = reader.integer();
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  if (options.ranges && options.length) {
    reader.fail("ERR If you want both the length and indexes, please just use IDX.");
  }
  return !reader.failed();
}

// The sizes that Redis rejects because of its table of four bytes for each pair of positions.
bool admitted(Call& call, const Limits& limits, std::size_t a, std::size_t b) {
  if (a >= UINT32_MAX - 1 || b >= UINT32_MAX - 1) {
    call.reply.error("ERR String too long for LCS");
  } else if (!limits.admits_string((std::uint64_t{a} + 1) * (b + 1) * sizeof(std::uint32_t))) {
    call.reply.error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  } else {
    return true;
  }
  return false;
}

void reply_text(Call& call, std::string_view a, const CommonSubsequence& common) {
  std::vector<char, memory::Allocator<char, memory::Owner::runtime>> text(common.length());
  std::size_t at = text.size();
  common.walk_back([&](std::size_t i, std::size_t) { text[--at] = a[i]; });
  call.reply.bulk({text.data(), text.size()});
}

// Matches that touch in both texts, collected from their ends.
class Ranges {
 public:
  Ranges(Call& call, const LcsOptions& options) : call_(call), options_(options) {}

  void add(std::size_t i, std::size_t j) {
    if (size_ != 0 && i + 1 == first_ && j + 1 == second_) {
      ++size_;
    } else {
      finish();
      size_ = 1;
    }
    first_ = i;
    second_ = j;
  }

  // Writes the range at hand; returns how many were written.
  std::uint64_t finish() {
    if (size_ != 0 && static_cast<std::int64_t>(size_) >= options_.least_match) write();
    size_ = 0;
    return written_;
  }

 private:
  void write() {
    call_.reply.array(options_.with_match_length ? 3 : 2);
    for (const std::size_t start : {first_, second_}) {
      call_.reply.array(2);
      call_.reply.integer(static_cast<std::int64_t>(start));
      call_.reply.integer(static_cast<std::int64_t>(start + size_ - 1));
    }
    if (options_.with_match_length) call_.reply.integer(static_cast<std::int64_t>(size_));
    ++written_;
  }

  Call& call_;
  const LcsOptions& options_;
  std::size_t first_ = 0;
  std::size_t second_ = 0;
  std::size_t size_ = 0;
  std::uint64_t written_ = 0;
};

void reply_ranges(Call& call, const CommonSubsequence& common, const LcsOptions& options) {
  call.reply.map(2);
  call.reply.bulk("matches");
  const auto mark = call.reply.begin_array();
  Ranges ranges(call, options);
  common.walk_back([&ranges](std::size_t i, std::size_t j) { ranges.add(i, j); });
  call.reply.end_array(mark, ranges.finish());
  call.reply.bulk("len");
  call.reply.integer(common.length());
}

void lcs(Call& call, Limits& limits) {
  const auto first = call.db.find<types::String>(call.key);
  const auto second = call.db.find<types::String>(keyspace::Key::of(call.arg(2)));
  if (first.wrong_type() || second.wrong_type()) {
    return call.reply.error("ERR The specified keys must contain string values");
  }
  LcsOptions options;
  if (!read_lcs_options(call, options)) return;
  types::String::Scratch scratch_a;
  types::String::Scratch scratch_b;
  const std::string_view a = first ? first->text(scratch_a) : std::string_view();
  const std::string_view b = second ? second->text(scratch_b) : std::string_view();
  if (!admitted(call, limits, a.size(), b.size())) return;

  if (options.length) return call.reply.integer(common_length(a, b));
  const CommonSubsequence common(a, b);
  options.ranges ? reply_ranges(call, common, options) : reply_text(call, a, common);
}

}  // namespace

std::span<const engine::Command> string_lcs() {
  static constexpr Command kCommands[] = {
      {.name = "lcs",
       .family = Family::string,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::range(1, 1, 1, kRO | kAccess)},
       .handler = Handler::of<lcs>(),
       .since = "7.0.0",
       .summary = "Finds the longest sequence of bytes that two strings have in the same order.",
       .complexity = "O(N*M) for strings of N and M bytes",
       .arguments = "key1:key#0 key2:key#0 len:pure-token@LEN? idx:pure-token@IDX? "
                    "min-match-len:integer@MINMATCHLEN? withmatchlen:pure-token@WITHMATCHLEN?"},
  };
  return kCommands;
}

}  // namespace larder::commands
