#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
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

// The things on a shelf, from its top row down to the board.
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

struct Size {
  std::size_t width = 46;
  std::size_t things = SIZE_MAX;  // on a shelf, at most
  std::size_t shelves = 3;
};

// One shelf with things drawn at random, left to right.
void add_shelf(std::string& art, const Size& size, base::Rng& rng) {
  std::array<std::string, kRows> rows;
  for (std::size_t things = 0; things < size.things; ++things) {
    const Thing& thing = kThings[rng.below(std::size(kThings))];
    const std::size_t gap = 1 + rng.below(3);
    if (rows[0].size() + gap + thing.width >= size.width) break;
    for (int i = 0; i < kRows; ++i) {
      const auto row = static_cast<std::size_t>(i);
      rows[row] += std::string(gap, ' ') + padded(thing.rows[row], thing.width);
    }
  }
  for (const std::string& row : rows) art += "||" + padded(row, size.width) + "||\n";
  art += "||" + std::string(size.width, '=') + "||\n";
}

std::string larder_art(const Size& size, base::Rng& rng) {
  std::string art = " " + std::string(size.width + 2, '_') + "\n";
  for (std::size_t i = 0; i < size.shelves; ++i) add_shelf(art, size, rng);
  return art + "\n";
}

// The next argument, if there is one, as a size from 1 to `most`.
void read_size(ArgReader& options, std::int64_t most, std::size_t& size) {
  if (!options.more()) return;
  size = static_cast<std::size_t>(std::clamp<std::int64_t>(options.integer(), 1, most));
}

// The pictures of versions 5 and 6 have the size arguments of Redis: columns, squares in a row and
// rows of squares; columns and rows. Of the other versions only the latest has a picture.
void lolwut(Call& call) {
  constexpr std::int64_t kMostColumns = 1000;
  constexpr std::int64_t kMostThings = 200;
  ArgReader options(call, 1);
  std::optional<std::int64_t> version;
  if (options.option("VERSION")) version = options.integer();
  Size size;
  if (version == 5 || version == 6) read_size(options, kMostColumns, size.width);
  if (version == 5) read_size(options, kMostThings, size.things);
  if (version == 5 || version == 6) read_size(options, kMostThings, size.shelves);
  if (options.failed()) return;
  const bool draws = !version || version == 5 || version == 6;
  std::string text = draws ? larder_art(size, call.rng()) : std::string();
  text.append("Larder ver. ").append(kLarderVersion);
  text.append(", Redis ver. ").append(kCompatibleVersion).append("\n");
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
       .summary = "Draws a larder and returns Larder's version.",
       .complexity = "O(1)",
       .arguments = "version:integer@VERSION?"},
  };
  return kCommands;
}

}  // namespace larder::commands
