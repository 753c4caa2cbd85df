#pragma once

// Values as the commands that make them, for a base of an append-only file that is no RDB file
// (aof-use-rdb-preamble no).

#include <initializer_list>
#include <string_view>

#include "larder/persistence/rdb_file_writer.h"
#include "rdb_writer.h"

namespace larder::persistence {

// Commands in the form in which clients send them.
class CommandWriter {
 public:
  explicit CommandWriter(const RdbRecords::Output& output)
      : out_(output, {.compression = Compression::off}) {}

  void command(std::initializer_list<std::string_view> words);
  // A command of this many words, which follow one by one.
  void begin(std::size_t words);
  void word(std::string_view text);
  void word(const types::String& text);
  void number(std::int64_t number);

 private:
  void head(char kind, std::size_t count);

  RdbWriter out_;
};

// The key's value, without fields of hashes that are past their deadline at `now_ms`, and
// deadlines. Collections have some elements in each command, as in Redis.
void write_commands(const RdbKeyHead& head, const types::String& value, CommandWriter& out);
void write_commands(const RdbKeyHead& head, const RdbStorage& value, std::int64_t now_ms,
                    CommandWriter& out);

}  // namespace larder::persistence
