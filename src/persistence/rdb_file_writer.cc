#include "larder/persistence/rdb_file_writer.h"

#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "larder/engine/identity.h"
#include "larder/persistence/crc64.h"
#include "rdb_format.h"
#include "rdb_writer.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kBuffer = 64 << 10;

RdbEncoding encoding_of(const RdbFileWriter::Options& options) {
  return {options.compression,
          {.field_deadlines = options.version >= kFieldDeadlineVersion,
           .active_time = options.version >= kActiveTimeVersion}};
}

std::uint8_t number_of(RdbOpcode opcode) { return static_cast<std::uint8_t>(opcode); }

}  // namespace

RdbFileWriter::RdbFileWriter(RdbSink& sink, const keyspace::AccessPolicy& access,
                             const Options& options)
    : sink_(sink), access_(access), options_(options) {
  buffer_.reserve(2 * kBuffer);
}

void RdbFileWriter::take(Bytes& bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  if (!failure_) {
    if (options_.checksum) crc_ = crc64(crc_, text);
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

void RdbFileWriter::opcode(std::uint8_t number) { buffer_.push_back(static_cast<char>(number)); }

void RdbFileWriter::aux(std::string_view name, std::string_view value) {
  RdbWriter out(buffer_, options_.compression);
  out.byte(number_of(RdbOpcode::aux));
  out.text(name);
  out.text(value);
}

base::Result<void> RdbFileWriter::begin(std::int64_t now_ms, std::uint64_t used_bytes) {
  const std::string head = base::printed("REDIS%04d", options_.version);
  buffer_.insert(buffer_.end(), head.begin(), head.end());
  aux("redis-ver", engine::kCompatibleVersion);
  aux("redis-bits", "64");
  aux("ctime", std::to_string(now_ms / 1000));
  aux("used-mem", std::to_string(used_bytes));
  aux("aof-base", "0");
  return state();
}

base::Result<void> RdbFileWriter::function(std::string_view library) {
  RdbWriter out(buffer_, encoding_of(options_), *this, kBuffer);
  out.byte(number_of(RdbOpcode::function));
  out.text(library);
  return state();
}

base::Result<void> RdbFileWriter::select(int database, std::uint64_t keys,
                                         std::uint64_t deadlines) {
  RdbWriter out(buffer_, options_.compression);
  out.byte(number_of(RdbOpcode::database));
  out.length(static_cast<std::uint64_t>(database));
  out.byte(number_of(RdbOpcode::sizes));
  out.length(keys);
  out.length(deadlines);
  return state();
}

void RdbFileWriter::write_use(const keyspace::Entry& entry) {
  RdbWriter out(buffer_, options_.compression);
  if (options_.uses == Uses::idle) {
    out.byte(number_of(RdbOpcode::idle));
    out.length(static_cast<std::uint64_t>(access_.idle_ms(entry) / 1000));
  } else if (options_.uses == Uses::frequency) {
    out.byte(number_of(RdbOpcode::frequency));
    out.byte(access_.frequency(entry));
  }
}

base::Result<void> RdbFileWriter::key(const keyspace::Entry& entry, std::int64_t now_ms) {
  if (entry.type() == types::Type::hash && entry.next_element_deadline() <= now_ms &&
      !has_live_fields(entry.storage(), now_ms)) {
    return state();
  }
  RdbWriter out(buffer_, encoding_of(options_), *this, kBuffer);
  if (entry.has_deadline()) {
    out.byte(number_of(RdbOpcode::deadline_ms));
    out.word(static_cast<std::uint64_t>(entry.deadline_ms()));
  }
  if (options_.uses != Uses::none) write_use(entry);
  out.key_before_value(entry.key());
  write_value(entry, now_ms, out);
  return state();
}

base::Result<void> RdbFileWriter::end() {
  opcode(number_of(RdbOpcode::end));
  const std::uint64_t sum = options_.checksum ? crc64(crc_, {buffer_.data(), buffer_.size()}) : 0;
  RdbWriter out(buffer_, options_.compression);
  out.word(sum);
  take(buffer_);
  return state();
}

}  // namespace larder::persistence
