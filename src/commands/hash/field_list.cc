#include "field_list.h"

#include "larder/base/numbers.h"
#include "larder/base/text.h"

namespace larder::commands {

std::optional<FieldList> read_fields(engine::Call& call, std::size_t position,
                                     std::string_view bad_count) {
  if (position >= call.size() || !base::equals_ignoring_case(call.arg(position), "FIELDS")) {
    call.reply.error("ERR Mandatory argument FIELDS is missing or not at the right position");
    return std::nullopt;
  }
  const auto count =
      position + 1 < call.size() ? base::parse_int64(call.arg(position + 1)) : std::nullopt;
  if (!count || *count < 1) {
    call.reply.error(bad_count);
    return std::nullopt;
  }
  const FieldList list{position + 2, call.size()};
  if (static_cast<std::uint64_t>(*count) != list.size()) {
    call.reply.error("ERR The `numfields` parameter must match the number of arguments");
    return std::nullopt;
  }
  return list;
}

}  // namespace larder::commands
