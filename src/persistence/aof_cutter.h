#pragma once

// Cuts the bytes of an append-only file into commands, which are arrays of bulk strings, and
// annotations, which are lines that begin with '#'. Larder writes behind each group of commands
//
//   #LC:<CRC-32C of the group, 8 hexadecimal digits>:<its bytes>:<where it begins in the file>:
//       <bytes of the file that were on disk then>\r\n
//
// in one line, without the last number in files of earlier versions; at the beginning of a new file
// that of an empty group (mark_increment()), and another one behind everything when the server ends
// (JournalFile::seal());
//
// and, with aof-timestamp-enabled, #TS:<Unix seconds>\r\n.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "larder/resp/request.h"

namespace larder::persistence {

struct GroupSum {
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;
  std::uint64_t synced = 0;  // before it was written; if it is not known when read, the most
};

// The longest line of an annotation that Redis reads.
inline constexpr std::size_t kMostAnnotation = 1024;
// Room for print_group_sum().
inline constexpr std::size_t kGroupSumChars = 96;

std::string_view print_group_sum(const GroupSum& sum, char* out);
// The sum of an empty group, with which increments begin. A file of so many bytes or fewer has no
// commands.
inline constexpr std::string_view kEmptyGroup = "#LC:00000000:0:0:0\r\n";
// Whether the line is such a sum, perhaps a damaged one.
bool is_group_sum(std::string_view line);
// Nothing if it is not, or damaged.
std::optional<GroupSum> read_group_sum(std::string_view line);

struct AofPiece {
  enum class Kind : std::uint8_t {
    command,
    annotation,  // the line, without its end
    more,        // the bytes end within a piece
    damaged,     // they are neither
  };
  Kind kind;
  std::size_t bytes = 0;       // of the piece
  std::string_view line = {};  // of an annotation
  // With `more`: bytes from the beginning of the piece that are needed at least.
  std::uint64_t wanted = 0;
};

// The piece at the beginning of `rest`. The words of a command are views of it, and are added to
// the batch if there is one, which must not be full.
AofPiece cut_piece(std::string_view rest, resp::Batch* batch);

}  // namespace larder::persistence
