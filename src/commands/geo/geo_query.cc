#include "geo_query.h"

#include <algorithm>
#include <string>

#include "larder/engine/arg_reader.h"

namespace larder::commands::geo {
namespace {

using namespace engine;
using FoundSet = keyspace::Found<types::SortedSet>;

// Reads the arguments from left to right and answers the first error.
class QueryReader {
 public:
  QueryReader(Call& call, const FoundSet& set, const Reader& reader, Query& query)
      : call_(call), set_(set), reader_(reader), query_(query) {}

  bool read() { return read_head() && read_options() && is_complete(); }

 private:
  std::size_t left() const { return call_.size() - next_; }
  bool is(std::string_view word, std::size_t arguments = 0) const {
    return left() > arguments && base::equals_ignoring_case(call_.arg(next_), word);
  }
  bool fail(std::string_view error) {
    call_.reply.error(error);
    return false;
  }

  // Parses the arguments at fixed positions.
  bool read_head() {
    switch (reader_.form) {
      case Reader::Form::by_position:
        first_option_ = next_ = 6;
        return read_position_at(2) && read_radius_at(4);
      case Reader::Form::by_member:
        first_option_ = next_ = 5;
        return !set_ || (read_member_at(2) && read_radius_at(3));
      case Reader::Form::search:
        first_option_ = next_ = reader_.stores ? 3 : 2;
        if (reader_.stores) query_.store = call_.arg(1);
        return true;
    }
    return false;
  }

  bool read_position_at(std::size_t index) {
    const auto position = read_position(call_, index);
    if (position) query_.shape.centre = *position;
    return position.has_value();
  }
  bool read_member_at(std::size_t index) {
    if (!set_) return true;
    const auto score = set_->score(call_.arg(index));
    if (!score) return fail("ERR could not decode requested zset member");
    query_.shape.centre = position_of(*score);
    return true;
  }
  bool read_unit_at(std::size_t index) {
    const auto metres = read_unit(call_, index);
    if (metres) query_.metres = *metres;
    return metres.has_value();
  }
  bool read_radius_at(std::size_t index) {
    const auto radius = base::parse_double(call_.arg(index));
    if (!radius) return fail("ERR need numeric radius");
    if (*radius < 0) return fail("ERR radius cannot be negative");
    if (!read_unit_at(index + 1)) return false;
    query_.shape.radius = *radius * query_.metres;
    return true;
  }
  bool read_box_at(std::size_t index) {
    const auto width = base::parse_double(call_.arg(index));
    if (!width) return fail("ERR need numeric width");
    const auto height = base::parse_double(call_.arg(index + 1));
    if (!height) return fail("ERR need numeric height");
    if (*width < 0 || *height < 0) return fail("ERR height or width cannot be negative");
    if (!read_unit_at(index + 2)) return false;
    query_.shape.kind = Shape::Kind::box;
    query_.shape.width = *width * query_.metres;
    query_.shape.height = *height * query_.metres;
    return true;
  }
  bool read_count_at(std::size_t index) {
    const auto count = base::parse_int64(call_.arg(index));
    if (!count) return fail(errors::kNotAnInteger);
    if (*count <= 0) return fail("ERR COUNT must be > 0");
    query_.count = static_cast<std::size_t>(*count);
    return true;
  }

  bool read_options() {
    while (left() > 0) {
      if (read_word()) {
        ++next_;
        continue;
      }
      if (is("COUNT", 1)) {
        if (!read_count_at(next_ + 1)) return false;
        next_ += 2;
        continue;
      }
      const bool known = reader_.form == Reader::Form::search ? read_area() : read_store();
      if (failed_) return false;
      if (!known) return fail(errors::kSyntax);
    }
    read_target();
    return true;
  }

  void read_target() {
    if (reader_.form == Reader::Form::search || !reader_.stores) return;
    const std::size_t at = target_position(call_.args, first_option_);
    if (at == 0) return;
    query_.store = call_.arg(at);
    query_.store_distance = base::equals_ignoring_case(call_.arg(at - 1), "STOREDIST");
  }

  // Options without arguments.
  bool read_word() {
    if (is("WITHDIST")) return query_.with_distance = true;
    if (is("WITHHASH")) return query_.with_hash = true;
    if (is("WITHCOORD")) return query_.with_position = true;
    if (is("ANY")) return query_.any = true;
    if (is("ASC")) return query_.sorting = Sorting::nearest, true;
    if (is("DESC")) return query_.sorting = Sorting::farthest, true;
    const bool search_stores = reader_.form == Reader::Form::search && reader_.stores;
    return search_stores && is("STOREDIST") && (query_.store_distance = true);
  }

  bool read_store() {
    if (!reader_.stores || !(is("STORE", 1) || is("STOREDIST", 1))) return false;
    next_ += 2;
    return true;
  }

  // FROM and BY. False if it is neither, or if it is wrong, in which case failed_ is set.
  bool read_area() {
    std::size_t words = 0;
    bool fine = false;
    if (!has_position_ && is("FROMMEMBER", 1)) {
      fine = read_member_at(next_ + 1);
      has_member_ = true;
      words = 2;
    } else if (!has_member_ && is("FROMLONLAT", 2)) {
      fine = read_position_at(next_ + 1);
      has_position_ = true;
      words = 3;
    } else if (!has_box_ && is("BYRADIUS", 2)) {
      fine = read_radius_at(next_ + 1);
      has_radius_ = true;
      words = 3;
    } else if (!has_radius_ && is("BYBOX", 3)) {
      fine = read_box_at(next_ + 1);
      has_box_ = true;
      words = 4;
    } else {
      return false;
    }
    failed_ = !fine;
    next_ += words;
    return fine;
  }

  bool is_complete() {
    if (query_.store && (query_.with_distance || query_.with_hash || query_.with_position)) {
      return fail(
          reader_.form == Reader::Form::search
              ? "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
              : "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and "
                "WITHCOORD options");
    }
    if (reader_.form == Reader::Form::search) {
      const std::string name(call_.arg(0));
      if (!has_member_ && !has_position_) {
        return fail("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name);
      }
      if (!has_radius_ && !has_box_) {
        return fail("ERR exactly one of BYRADIUS and BYBOX can be specified for " + name);
      }
    }
    if (query_.any && query_.count == 0) {
      return fail("ERR the ANY argument requires COUNT argument");
    }
    return true;
  }

  Call& call_;
  const FoundSet& set_;
  const Reader& reader_;
  Query& query_;
  std::size_t first_option_ = 0;
  std::size_t next_ = 0;
  bool failed_ = false;
  bool has_member_ = false;
  bool has_position_ = false;
  bool has_radius_ = false;
  bool has_box_ = false;
};

}  // namespace

std::size_t target_position(std::span<const std::string_view> args, std::size_t first) {
  std::size_t found = 0;
  for (std::size_t i = first; i + 1 < args.size(); ++i) {
    if (base::equals_ignoring_case(args[i], "COUNT")) {
      ++i;
    } else if (base::equals_ignoring_case(args[i], "STORE") ||
               base::equals_ignoring_case(args[i], "STOREDIST")) {
      found = ++i;
    }
  }
  return found;
}

std::optional<Query> Query::read(Call& call, const FoundSet& set, const Reader& reader) {
  Query query;
  if (!QueryReader(call, set, reader, query).read()) return std::nullopt;
  // Without an order, COUNT would select arbitrary members.
  if (query.count != 0 && query.sorting == Sorting::none && !query.any) {
    query.sorting = Sorting::nearest;
  }
  return query;
}

Hits Query::run(const types::SortedSet& set) const {
  Hits hits = search(set, shape, any ? count : 0);
  if (sorting == Sorting::nearest) {
    std::stable_sort(hits.begin(), hits.end(),
                     [](const Hit& a, const Hit& b) { return a.distance < b.distance; });
  } else if (sorting == Sorting::farthest) {
    std::stable_sort(hits.begin(), hits.end(),
                     [](const Hit& a, const Hit& b) { return a.distance > b.distance; });
  }
  if (count != 0 && hits.size() > count)
    hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(count), hits.end());
  return hits;
}

}  // namespace larder::commands::geo
