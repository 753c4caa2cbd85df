#include "larder/keyspace/encoding.h"

namespace larder::keyspace {
namespace {

// Up to this size Redis stores a string in one block with its object, which it calls embstr.
constexpr std::size_t kMostEmbedded = 44;

}  // namespace

std::string_view encoding(const Entry& entry) {
  if (const auto named = types::row(entry.type()).encoding) return named(entry.storage());
  if (entry.form() == Form::integer) return "int";
  const bool fresh = !entry.was_edited();
  return fresh && entry.string().size() <= kMostEmbedded ? "embstr" : "raw";
}

}  // namespace larder::keyspace
