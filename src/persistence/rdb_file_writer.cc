#include "larder/persistence/rdb_file_writer.h"

#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/engine/identity.h"
#include "larder/persistence/crc64.h"
#include "rdb_format.h"
#include "rdb_writer.h"
#include "type_codecs.h"
#include "value_commands.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kBuffer = 64 << 10;

RdbEncoding encoding_of(const RdbOptions& options) {
  return {options.compression,
          {.field_deadlines = options.version >= kFieldDeadlineVersion,
           .active_time = options.version >= kActiveTimeVersion}};
}

std::uint8_t number_of(RdbOpcode opcode) { return static_cast<std::uint8_t>(opcode); }

bool is_written(const RdbStorage& value, std::int64_t now_ms) {
  return value.type != types::Type::hash ||
         types::row(value.type).next_deadline(value.storage) > now_ms ||
         has_live_fields(value.storage, now_ms);
}

}  // namespace

void RdbRecords::aux(std::string_view name, std::string_view value) {
  RdbWriter out(output_.bytes, Compression::off);
  out.byte(number_of(RdbOpcode::aux));
  out.text(name);
  out.text(value);
}

void RdbRecords::begin(std::int64_t now_ms, std::uint64_t used_bytes) {
  if (writes_commands()) return;
  const std::string head = base::printed("REDIS%04d", options_.version);
  output_.bytes.insert(output_.bytes.end(), head.begin(), head.end());
  aux("redis-ver", engine::kCompatibleVersion);
  aux("redis-bits", "64");
  aux("ctime", std::to_string(now_ms / 1000));
  aux("used-mem", std::to_string(used_bytes));
  if (options_.stream) {
    aux("repl-stream-db", std::to_string(options_.stream->db));
    aux("repl-id", options_.stream->id);
    aux("repl-offset", std::to_string(options_.stream->offset));
  }
  aux("aof-base", options_.purpose == RdbPurpose::aof_base ? "1" : "0");
}

void RdbRecords::function(std::string_view library) {
  if (writes_commands()) return CommandWriter(output_).command({"FUNCTION", "LOAD", library});
  RdbWriter out(output_, encoding_of(options_));
  out.byte(number_of(RdbOpcode::function));
  out.text(library);
}

void RdbRecords::select_again(int database) {
  if (writes_commands()) {
    return CommandWriter(output_).command({"SELECT", std::to_string(database)});
  }
  RdbWriter out(output_.bytes, Compression::off);
  out.byte(number_of(RdbOpcode::database));
  out.length(static_cast<std::uint64_t>(database));
}

void RdbRecords::select(int database, std::uint64_t keys, std::uint64_t deadlines) {
  select_again(database);
  if (writes_commands()) return;
  RdbWriter out(output_.bytes, Compression::off);
  out.byte(number_of(RdbOpcode::sizes));
  out.length(keys);
  out.length(deadlines);
}

std::uint64_t RdbRecords::use_of(const keyspace::Entry& entry) const {
  switch (options_.uses) {
    case RdbUses::idle:
      return static_cast<std::uint64_t>(access_.idle_ms(entry) / 1000);
    case RdbUses::frequency:
      return access_.frequency(entry);
    case RdbUses::none:
      break;
  }
  return 0;
}

void RdbRecords::write_head(RdbWriter& out, const RdbKeyHead& head) {
  if (head.deadline_ms) {
    out.byte(number_of(RdbOpcode::deadline_ms));
    out.word(static_cast<std::uint64_t>(*head.deadline_ms));
  }
  if (options_.uses == RdbUses::idle) {
    out.byte(number_of(RdbOpcode::idle));
    out.length(head.use);
  } else if (options_.uses == RdbUses::frequency) {
    out.byte(number_of(RdbOpcode::frequency));
    out.byte(static_cast<std::uint8_t>(head.use));
  }
  out.key_before_value(head.name);
}

void RdbRecords::key(const keyspace::Entry& entry, std::int64_t now_ms) {
  if (entry.form() == keyspace::Form::storage &&
      !is_written({entry.type(), entry.storage()}, now_ms)) {
    return;
  }
  if (writes_commands()) return commands(entry, now_ms);
  RdbWriter out(output_, encoding_of(options_));
  write_head(out, {entry.key(), entry.deadline(), use_of(entry)});
  write_value(entry, now_ms, out);
}

void RdbRecords::key(const RdbKeyHead& head, const RdbStorage& value, std::int64_t now_ms) {
  if (!is_written(value, now_ms)) return;
  if (writes_commands()) {
    CommandWriter out(output_);
    return write_commands(head, value, now_ms, out);
  }
  RdbWriter out(output_, encoding_of(options_));
  write_head(out, head);
  write_storage(value.type, value.storage, now_ms, out);
}

void RdbRecords::commands(const keyspace::Entry& entry, std::int64_t now_ms) {
  CommandWriter out(output_);
  const RdbKeyHead head{entry.key(), entry.deadline()};
  if (entry.type() == types::Type::string) return write_commands(head, entry.string(), out);
  write_commands(head, {entry.type(), entry.storage()}, now_ms, out);
}

void RdbRecords::key(const RdbKeyHead& head, RdbBody& value) {
  RdbWriter out(output_, encoding_of(options_));
  write_head(out, head);
  value.write(out);
}

void RdbRecords::end() {
  if (writes_commands()) return;
  RdbWriter(output_.bytes, Compression::off).byte(number_of(RdbOpcode::end));
}

RdbFileWriter::RdbFileWriter(RdbSink& sink, const keyspace::AccessPolicy& access,
                             const Options& options)
    : sink_(sink),
      purpose_(options.purpose),
      checksum_(options.checksum),
      records_({.bytes = buffer_, .spill = *this, .most = kBuffer}, access, options) {
  buffer_.reserve(2 * kBuffer);
}

void RdbFileWriter::take(Bytes& bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  if (!failure_) {
    if (checksum_) crc_ = crc64(crc_, text);
    const auto done = sink_.append(text);
    if (!done) failure_ = done.error();
    bytes_ += text.size();
  }
  bytes.clear();
}

base::Result<void> RdbFileWriter::state() const {
  if (failure_) return *failure_;
  return {};
}

base::Result<void> RdbFileWriter::begin(std::int64_t now_ms, std::uint64_t used_bytes) {
  records_.begin(now_ms, used_bytes);
  return state();
}

base::Result<void> RdbFileWriter::function(std::string_view library) {
  records_.function(library);
  return state();
}

base::Result<void> RdbFileWriter::select(int database, std::uint64_t keys,
                                         std::uint64_t deadlines) {
  records_.select(database, keys, deadlines);
  return state();
}

base::Result<void> RdbFileWriter::key(const keyspace::Entry& entry, std::int64_t now_ms) {
  records_.key(entry, now_ms);
  return state();
}

base::Result<void> RdbFileWriter::end() {
  records_.end();
  if (purpose_ == RdbPurpose::aof_commands) {
    take(buffer_);
    return state();
  }
  const std::uint64_t sum = checksum_ ? crc64(crc_, {buffer_.data(), buffer_.size()}) : 0;
  RdbWriter(buffer_, Compression::off).word(sum);
  take(buffer_);
  return state();
}

}  // namespace larder::persistence
