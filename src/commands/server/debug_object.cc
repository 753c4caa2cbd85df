
#include "../shared_integers.h"
#include "larder/base/format.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/access_policy.h"
#include "larder/keyspace/entry.h"
#include "larder/persistence/settings.h"
#include "larder/persistence/value_codec.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

// Under an LFU policy: the time since the counter last decreased, in whole minutes.
std::int64_t idle_seconds(const keyspace::AccessPolicy& access, const keyspace::Entry& entry) {
  if (access.mode == keyspace::AccessMode::lru) return access.idle_ms(entry) / 1000;
  const auto minutes = static_cast<std::uint16_t>(access.clock.unix_ms() / 60'000);
  return static_cast<std::uint16_t>(minutes - (entry.access() >> 8)) * std::int64_t{60};
}

// The size of a value in an RDB file, without the type byte. Cost: that of DUMP.
std::size_t serialized_length(const keyspace::Entry& entry, std::int64_t now_ms,
                              persistence::Compression compression) {
  persistence::Bytes bytes;
  persistence::encode_value(entry, now_ms, compression, bytes);
  return bytes.size() - 1;
}

// The fields of a list of several nodes, with Redis's names.
void append_nodes(std::string& out, const keyspace::Entry& entry, const types::Settings& settings) {
  const auto list = entry.value<types::List>();
  const types::ListFigures figures = list->figures();
  base::append_print(
      out,
      " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d "
      "ql_uncompressed_size:%zu",
      figures.nodes, static_cast<double>(list->size()) / static_cast<double>(figures.nodes),
      types::ListLimits::of(settings).fill, figures.depth != 0 ? 1 : 0, figures.listpack_bytes);
}

void debug_object(Call& call, eviction::Settings& eviction, persistence::SnapshotSettings& snapshot,
                  types::Settings& nodes) {
  const auto key = keyspace::Key::of(call.arg(2));
  const keyspace::Entry* entry = call.db.look(key, keyspace::Look::untouched);
  if (entry == nullptr) return call.reply.error(errors::kNoSuchKey);
  const auto compression = snapshot.rdbcompression.value() ? persistence::Compression::on
                                                           : persistence::Compression::off;
  const std::string_view encoding = keyspace::encoding(*entry);
  std::string line = base::printed(
      "Value at:%p refcount:%lld encoding:%.*s serializedlength:%zu lru:%u lru_seconds_idle:%lld",
      static_cast<const void*>(entry), static_cast<long long>(references(*entry, eviction)),
      static_cast<int>(encoding.size()), encoding.data(),
      serialized_length(*entry, call.now_ms(), compression), entry->access(),
      static_cast<long long>(idle_seconds(call.db.access(), *entry)));
  if (encoding == "quicklist") append_nodes(line, *entry, nodes);
  call.reply.simple(line);
}

}  // namespace

std::span<const engine::Command> server_debug_object() {
  static constexpr Command kCommands[] = {
      {.name = "debug object",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_object>(),
       .since = "1.0.0",
       .summary = "Returns details of how a key's value is stored.",
       .complexity = "O(N) where N is the value's length",
       .arguments = "key:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
