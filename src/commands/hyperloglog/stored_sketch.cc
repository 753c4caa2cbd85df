#include "stored_sketch.h"

#include <cstring>

namespace larder::commands {

using namespace engine;

StoredSketch find_sketch(Call& call, const keyspace::Key& key, keyspace::Look how) {
  const auto value = call.db.find<types::String>(key, how);
  if (value.wrong_type()) return {.error = errors::kWrongType};
  if (!value) return {};
  if (value->is_number()) return {.error = kNotAHyperLogLog};
  types::String::Scratch unused;
  const auto view = types::hll::View::of(value->text(unused));
  if (!view) return {.error = kNotAHyperLogLog};
  return {value.entry(), view, {}};
}

void store_sketch(Call& call, keyspace::Entry* entry, std::string_view bytes,
                  keyspace::Event event) {
  if (entry == nullptr) {
    std::memcpy(call.db.put_unwritten(call.key, bytes.size(), event), bytes.data(), bytes.size());
    return;
  }
  auto edit = call.db.edit<types::String>(call.key, entry, event);
  std::memcpy(edit.bytes(bytes.size()), bytes.data(), bytes.size());
}

}  // namespace larder::commands
