#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/dump_payload.h"
#include "larder/persistence/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

// Written without a copy of the whole payload.
class Pieces final : public persistence::Spill {
 public:
  explicit Pieces(resp::Writer& reply) : reply_(reply) {}

  void take(persistence::Bytes& bytes) override {
    reply_.raw({bytes.data(), bytes.size()});
    size_ += bytes.size();
    bytes.clear();
  }
  std::uint64_t size() const { return size_; }

 private:
  resp::Writer& reply_;
  std::uint64_t size_ = 0;
};

void dump(Call& call, persistence::SnapshotSettings& snapshot) {
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::read);
  if (entry == nullptr) return call.reply.null();
  const auto compression = snapshot.rdbcompression.value() ? persistence::Compression::on
                                                           : persistence::Compression::off;
  const resp::Writer::Mark mark = call.reply.begin_bulk();
  Pieces payload(call.reply);
  persistence::write_payload(*entry, call.now_ms(), compression, payload);
  call.reply.end_bulk(mark, payload.size());
}

}  // namespace

std::span<const engine::Command> generic_dump() {
  static constexpr Command kCommands[] = {
      {.name = "dump",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<dump>(),
       .since = "2.6.0",
       .summary = "Returns a key's value as a payload for RESTORE.",
       .complexity = "O(N) where N is the size of the value",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
