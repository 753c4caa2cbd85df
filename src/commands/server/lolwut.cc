#include <algorithm>
#include <array>
#include <string>

#include "larder/base/rng.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/identity.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr int kRows = 4;  // of text between two boards
constexpr std::size_t kWidth = 46;

// What stands on a shelf, from its top row down to the board.
struct Thing {
  std::size_t width;
  std::array<std::string_view, kRows> rows;
};

constexpr Thing kThings[] = {
    {5, {" ___ ", "|===|", "|   |", "|___|"}},
    {5, {" ___ ", "(___)", "|~~~|", "(___)"}},
    {3, {" _ ", "| |", "/ \\", "|_|"}},
    {6, {"      ", " ____ ", "/    \\", "\\____/"}},
    {8, {"        ", "        ", " _.--._ ", "(______)"}},
    {4, {"    ", " ,,", "(oo)", "(__)"}},
    {5, {"     ", " .-. ", "( @ )", " `-' "}},
    {6, {" .--. ", "[____]", "|rice|", "|____|"}},
    {6, {" .--. ", "[____]", "|peas|", "|____|"}},
    {6, {"      ", "      ", "+----+", "|jam_|"}},
};

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size()), ' ');
  return out;
}

// One shelf with things drawn at random, left to right.
void add_shelf(std::string& art, base::Rng& rng) {
  std::array<std::string, kRows> rows;
  for (;;) {
    const Thing& thing = kThings[rng.below(std::size(kThings))];
    const std::size_t gap = 1 + rng.below(3);
    if (rows[0].size() + gap + thing.width >= kWidth) break;
    for (int i = 0; i < kRows; ++i) {
      const auto row = static_cast<std::size_t>(i);
      rows[row] += std::string(gap, ' ') + padded(thing.rows[row], thing.width);
    }
  }
  for (const std::string& row : rows) art += "||" + padded(row, kWidth) + "||\n";
  art += "||" + std::string(kWidth, '=') + "||\n";
}

std::string larder_art(base::Rng& rng) {
  constexpr int kShelves = 3;
  std::string art = " " + std::string(kWidth + 2, '_') + "\n";
  for (int i = 0; i < kShelves; ++i) add_shelf(art, rng);
  return art + "\n";
}

// There is one picture so far, drawn when no version is asked for or the first one is.
void lolwut(Call& call, base::Rng& rng) {
  constexpr int kFirstPicture = 1;
  ArgReader options(call, 1);
  int version = kFirstPicture;
  if (options.option("VERSION")) version = options.small_integer();
  if (options.more()) options.fail(errors::kSyntax);
  if (options.failed()) return;
  std::string text = version == kFirstPicture ? larder_art(rng) : std::string();
  text += "Larder ver. " + std::string(kLarderVersion) + "\n";
  call.reply.verbatim("txt", text);
}

}  // namespace

std::span<const engine::Command> server_lolwut() {
  static constexpr Command kCommands[] = {
      {.name = "lolwut",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kReads | kFast,
       .handler = Handler::of<lolwut>(),
       .since = "5.0.0",
       .summary = "Draws a larder and tells Larder's version.",
       .complexity = "O(1)",
       .arguments = "version:integer@VERSION?"},
  };
  return kCommands;
}

}  // namespace larder::commands
