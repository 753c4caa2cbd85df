#include <algorithm>

#include "../room.h"
#include "bit_arguments.h"
#include "field_arithmetic.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "writable_bits.h"

namespace larder::commands {
namespace {

using namespace engine;

struct FieldOperation {
  enum class Kind : std::uint8_t { get, set, add };
  Kind kind = Kind::get;
  Overflow overflow = Overflow::wrap;
  FieldType type;
  std::uint64_t offset = 0;
  std::int64_t number = 0;

  std::uint64_t last_bit() const { return offset + type.width - 1; }
};

// Parses the operations one after another. They are parsed twice, to compute what they need and to
// perform them, which is cheaper than to store them.
class FieldOperations {
 public:
  FieldOperations(Call& call, const Limits& limits) : args_(call, 2), limits_(limits) {}

  // The next operation; nothing at the end and after an error.
  std::optional<FieldOperation> next() {
    while (args_.more()) {
      if (args_.left() > 1 && args_.word("OVERFLOW")) {
        read_overflow();
      } else {
        return read();
      }
    }
    return std::nullopt;
  }
  // True if something was wrong; the error has been sent.
  bool failed() { return args_.failed(); }

 private:
  using Kind = FieldOperation::Kind;

  void read_overflow() {
    if (args_.word("WRAP")) {
      overflow_ = Overflow::wrap;
    } else if (args_.word("SAT")) {
      overflow_ = Overflow::saturate;
    } else if (args_.word("FAIL")) {
      overflow_ = Overflow::fail;
    } else {
      args_.fail("ERR Invalid OVERFLOW type specified");
    }
  }

  std::optional<FieldOperation> read() {
    FieldOperation operation{.overflow = overflow_};
    if (args_.left() > 2 && args_.word("GET")) {
      operation.kind = Kind::get;
    } else if (args_.left() > 3 && args_.word("SET")) {
      operation.kind = Kind::set;
    } else if (args_.left() > 3 && args_.word("INCRBY")) {
      operation.kind = Kind::add;
    } else {
      args_.fail(errors::kSyntax);
      return std::nullopt;
    }
    if (!read_place(operation)) return std::nullopt;
    if (operation.kind != Kind::get) {
      const auto number = base::parse_int64(args_.text());
      if (!number) return args_.fail(errors::kNotAnInteger), std::nullopt;
      operation.number = *number;
    }
    return operation;
  }

  bool read_place(FieldOperation& operation) {
    const auto type = FieldType::parse(args_.text());
    if (!type) {
      args_.fail(
          "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported "
          "but i64 is.");
      return false;
    }
    operation.type = *type;
    std::string_view text = args_.text();
    const bool in_fields = text.starts_with('#');
    if (in_fields) text.remove_prefix(1);
    const auto offset = parse_bit_offset(text, limits_, in_fields ? type->width : 1);
    if (!offset) return args_.fail(kBadBitOffset), false;
    operation.offset = *offset;
    return true;
  }

  ArgReader args_;
  const Limits& limits_;
  Overflow overflow_ = Overflow::wrap;
};

// The result of the operations of a call.
struct Needs {
  std::uint64_t operations = 0;
  std::uint64_t written_bytes = 0;  // up to the last byte that is written; 0 for none
};

// Nothing if there was an error; the error has been sent.
std::optional<Needs> survey(Call& call, const Limits& limits) {
  FieldOperations operations(call, limits);
  Needs needs;
  while (const auto operation = operations.next()) {
    ++needs.operations;
    if (operation->kind == FieldOperation::Kind::get) continue;
    needs.written_bytes = std::max(needs.written_bytes, operation->last_bit() / 8 + 1);
  }
  if (operations.failed()) return std::nullopt;
  return needs;
}

std::int64_t read_field(std::string_view bytes, const FieldOperation& operation) {
  return operation.type.decode(types::bits::field(bytes, operation.offset, operation.type.width));
}

void read_all(Call& call, const Limits& limits, const Needs& needs) {
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  types::String::Scratch scratch;
  const std::string_view bytes = value ? value->text(scratch) : std::string_view();
  call.reply.array(needs.operations);
  FieldOperations operations(call, limits);
  while (const auto operation = operations.next()) {
    call.reply.integer(read_field(bytes, *operation));
  }
}

// Performs one operation and answers it; true when bits changed.
bool perform(resp::Writer& reply, WritableBits& bits, const FieldOperation& operation) {
  const std::int64_t before = read_field(bits.view(), operation);
  if (operation.kind == FieldOperation::Kind::get) return reply.integer(before), false;
  const bool adds = operation.kind == FieldOperation::Kind::add;
  const auto after =
      adds ? add_to_field(operation.type, before, operation.number, operation.overflow)
           : fit_field(operation.type, operation.number, operation.overflow);
  if (!after) return reply.null(), false;
  types::bits::set_field(bits.data(), bits.size(), operation.offset, operation.type.width,
                         static_cast<std::uint64_t>(*after));
  reply.integer(adds ? *after : before);
  return *after != before;
}

void write_all(Call& call, const Limits& limits, const Needs& needs, eviction::Evictor& evictor) {
  auto value = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::size_t size = value ? value->size() : 0;
  if (grows_much(size, needs.written_bytes)) {
    if (!has_room_for_string(call, evictor, size, needs.written_bytes)) return;
    value = call.db.find<types::String>(call.key, keyspace::Look::write);
  }
  WritableBits bits(call, value, needs.written_bytes);
  call.reply.array(needs.operations);
  std::size_t changes = 0;
  FieldOperations operations(call, limits);
  while (const auto operation = operations.next()) {
    if (perform(call.reply, bits, *operation)) ++changes;
  }
  changes == 0 ? bits.discard() : call.db.count_changes(changes);
}

void bitfield(Call& call, Limits& limits, eviction::Evictor& evictor) {
  const auto needs = survey(call, limits);
  if (!needs) return;
  if (needs->written_bytes == 0) return read_all(call, limits, *needs);
  write_all(call, limits, *needs, evictor);
}

void bitfield_ro(Call& call, Limits& limits) {
  const auto needs = survey(call, limits);
  if (!needs) return;
  if (needs->written_bytes != 0) {
    return call.reply.error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  read_all(call, limits, *needs);
}

// If no operation writes and all are valid, the key is only read.
std::uint32_t key_flags(std::span<const std::string_view> args) {
  for (std::size_t i = 2; i < args.size();) {
    const std::size_t behind = args.size() - i - 1;
    if (behind >= 2 && base::equals_ignoring_case(args[i], "GET")) {
      i += 3;
    } else if (behind >= 1 && base::equals_ignoring_case(args[i], "OVERFLOW")) {
      i += 2;
    } else {
      return kRW | kAccess | kUpdate;
    }
  }
  return kRO | kAccess;
}

}  // namespace

std::span<const engine::Command> bitmap_bitfield() {
  static constexpr Command kCommands[] = {
      {.name = "bitfield",
       .family = Family::bitmap,
       .arity = at_least(2),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate | kVariableFlags)},
       .key_flags = key_flags,
       .handler = Handler::of<bitfield>(),
       .since = "3.2.0",
       .summary = "Reads, writes and adds to integers of any width among the bits of a string.",
       .complexity = "O(1) for each operation",
       .arguments = "key:key#0 operation:oneof?*(get-block:block@GET(encoding:string "
                    "offset:integer) write:block(overflow-block:oneof@OVERFLOW?("
                    "wrap:pure-token@WRAP sat:pure-token@SAT fail:pure-token@FAIL) "
                    "write-operation:oneof(set-block:block@SET(encoding:string offset:integer "
                    "value:integer) increment-block:block@INCRBY(encoding:string offset:integer "
                    "increment:integer))))"},
      {.name = "bitfield_ro",
       .family = Family::bitmap,
       .arity = at_least(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<bitfield_ro>(),
       .since = "6.0.0",
       .summary = "Reads integers of any width among the bits of a string.",
       .complexity = "O(1) for each operation",
       .arguments = "key:key#0 get-block:block@GET?*+(encoding:string offset:integer)"},
  };
  return kCommands;
}

}  // namespace larder::commands
