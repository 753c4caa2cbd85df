#include "geo_arguments.h"

namespace larder::commands::geo {
namespace {

void reply_number(resp::Writer& reply, double number) {
  char room[base::kLongDoubleChars];
  const std::string_view text = base::print_long_double(static_cast<long double>(number), room);
  if (!reply.resp3()) return reply.bulk(text);
  reply.raw(",");
  reply.raw(text);
  reply.raw("\r\n");
}

}  // namespace

void reply_position(resp::Writer& reply, const Position& position) {
  reply.array(2);
  reply_number(reply, position.longitude);
  reply_number(reply, position.latitude);
}

}  // namespace larder::commands::geo
