#pragma once

// A transcript file, read into cases and steps; README.md describes the format.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/result.h"

namespace larder::transcripts {

// One line of an expected reply.
struct Expectation {
  enum class How : std::uint8_t {
    exactly,
    regex,      // the whole line matches
    unordered,  // adjacent lines of this kind may be in any order
  };
  How how = How::exactly;
  std::string text;
};
using Expected = std::vector<Expectation>;

struct Step {
  enum class What : std::uint8_t {
    command,  // send the words, read a reply
    raw,      // send bytes as they are, read nothing
    read,     // read a reply
    switch_connection,
    advance,
    configure,
  };
  What what = What::command;
  int line = 0;                    // in the file, from 1
  std::vector<std::string> words;  // command; configure: name and value
  std::string bytes;               // raw
  int number = 0;                  // connection, or milliseconds
  Expected expected;
  Expected expected3;  // for RESP3, if it differs
  int last_line = 0;   // of the step with its expectations

  bool reads() const { return what == What::command || what == What::read; }
};

struct Case {
  std::string title;
  int line = 0;
  bool resp2 = true;
  bool resp3 = true;
  bool larder_only = false;  // differs from the reference on purpose
  bool newer = false;        // the reply is that of Redis 7.2; an older reference differs
  bool jemalloc = false;     // only if that is the allocator
  std::vector<Step> steps;
};

struct Script {
  std::string path;
  std::vector<std::string> lines;
  std::vector<Case> cases;
};

base::Result<Script> read_script(const std::string& path);

}  // namespace larder::transcripts
