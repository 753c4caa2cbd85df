#pragma once

// GEOSEARCH and the GEORADIUS family: one query, read from their arguments.

#include <optional>

#include "geo_arguments.h"
#include "geo_search.h"

namespace larder::commands::geo {

// The command whose arguments are parsed.
struct Reader {
  enum class Form : std::uint8_t { by_position, by_member, search };
  Form form = Form::search;
  bool stores = false;  // accepts STORE and STOREDIST; of GEOSEARCHSTORE, whose key is the first
};

enum class Sorting : std::uint8_t { none, nearest, farthest };

// The position of the key after the last STORE or STOREDIST among the options of a GEORADIUS, which
// begin at `first`; 0 if neither is given.
std::size_t target_position(std::span<const std::string_view> args, std::size_t first);

struct Query {
  Shape shape;
  double metres = 1;  // in the unit of the answer
  Sorting sorting = Sorting::none;
  std::size_t count = 0;  // 0: all
  bool any = false;
  bool with_distance = false;
  bool with_hash = false;
  bool with_position = false;
  std::optional<std::string_view> store;  // the key
  bool store_distance = false;

  // `set` is what is searched, or nothing where the key does not exist: then a member's position is
  // not looked for. Nothing if something is wrong; the error has been sent.
  static std::optional<Query> read(engine::Call& call, const keyspace::Found<types::SortedSet>& set,
                                   const Reader& reader);

  // The result of the query, sorted and limited as requested.
  Hits run(const types::SortedSet& set) const;
};

}  // namespace larder::commands::geo
