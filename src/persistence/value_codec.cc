#include "larder/persistence/value_codec.h"

#include <utility>

#include "larder/base/clock.h"
#include "larder/persistence/lzf.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/string.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

using types::Type;

// Between two calls of the pulse.
constexpr std::size_t kSlice = 256 << 10;
constexpr std::int64_t kStepUs = 500;

std::optional<Type> type_of(RdbType form) {
  switch (form) {
    case RdbType::string:
      return Type::string;
    case RdbType::list:
    case RdbType::list_ziplist:
    case RdbType::list_of_ziplists:
    case RdbType::list_of_listpacks:
      return Type::list;
    case RdbType::set:
    case RdbType::set_intset:
    case RdbType::set_listpack:
      return Type::set;
    case RdbType::sorted_set_text:
    case RdbType::sorted_set:
    case RdbType::sorted_set_ziplist:
    case RdbType::sorted_set_listpack:
      return Type::sorted_set;
    case RdbType::hash:
    case RdbType::hash_zipmap:
    case RdbType::hash_ziplist:
    case RdbType::hash_listpack:
    case RdbType::hash_with_deadlines:
    case RdbType::hash_listpack_with_deadlines:
      return Type::hash;
    case RdbType::stream_1:
    case RdbType::stream_2:
    case RdbType::stream_3:
      return Type::stream;
  }
  return std::nullopt;
}

// The pages of a large string are requested while it is written.
types::Blob* create_blob(std::size_t bytes) {
  return types::Blob::create(memory::Owner::strings, bytes,
                             bytes < types::Blob::kLarge ? bytes : 0);
}

// A large text is copied in slices.
bool read_plain(RdbReader& in, RdbText& text, void*& storage) {
  if (!in.text(text)) return false;
  const std::string_view all = text.view();
  if (in.pulse() == nullptr || all.size() < types::Blob::kLarge) return true;
  types::Blob* const blob = create_blob(all.size());
  storage = blob;
  for (std::size_t at = 0; at < all.size(); at += kSlice) {
    if (at != 0 && !in.pulse()->go_on()) return in.fail();
    all.copy(blob->data() + at, kSlice, at);
  }
  return true;
}

// A long text that is compressed becomes the storage of a string without a copy in between.
bool read_string(RdbReader& in, RdbText& text, void*& storage) {
  if (!in.is_packed_next()) return read_plain(in, text, storage);
  PackedText packed;
  RdbReader ahead = in;
  if (!ahead.packed_text(packed)) {
    in = ahead;
    return false;
  }
  if (packed.bytes <= keyspace::Entry::kMostInside) return in.text(text);
  types::Blob* const blob = create_blob(packed.bytes);
  storage = blob;
  in = ahead;
  return unpack_lzf(packed.packed, blob->data(), packed.bytes, in.pulse());
}

// After the pulse has returned false, the rest is freed at once.
void destroy(Type type, void* storage, Pulse* pulse) {
  const base::SystemClock clock;
  const types::TypeRow& row = types::row(type);
  for (;;) {
    base::Budget budget =
        pulse == nullptr ? base::Budget::unlimited() : base::Budget(clock, kStepUs);
    if (row.destroy_some(storage, row.owner, budget)) return;
    if (pulse != nullptr && !pulse->go_on()) pulse = nullptr;
  }
}

bool has_no_elements(Type type, void* storage) {
  switch (type) {
    case Type::list:
      return storage == nullptr || types::List(storage).empty();
    case Type::set:
      return types::Set(storage).empty();
    case Type::sorted_set:
      return storage == nullptr || types::SortedSet(storage).empty();
    case Type::hash:
      return storage == nullptr || types::Hash(storage).empty();
    case Type::string:
    case Type::stream:
      break;
  }
  return false;
}

}  // namespace

int encode_value(const keyspace::Entry& entry, std::int64_t now_ms, Compression compression,
                 Bytes& out) {
  RdbWriter writer(out, compression);
  return write_value(entry, now_ms, writer);
}

int write_storage(Type type, const void* storage, std::int64_t now_ms, RdbWriter& writer) {
  switch (type) {
    case Type::string:
      writer.type(RdbType::string);
      writer.text(static_cast<const types::Blob*>(storage)->view());
      return kPlainVersion;
    case Type::list:
      return write_list(storage, writer);
    case Type::set:
      return write_set(storage, writer);
    case Type::sorted_set:
      return write_sorted_set(storage, writer);
    case Type::hash:
      return write_hash(storage, now_ms, writer);
    case Type::stream:
      break;
  }
  return write_stream(storage, writer);
}

int write_value(const keyspace::Entry& entry, std::int64_t now_ms, RdbWriter& writer) {
  if (entry.type() != Type::string) {
    return write_storage(entry.type(), entry.storage(), now_ms, writer);
  }
  writer.type(RdbType::string);
  writer.text(entry.string());
  return kPlainVersion;
}

bool is_value_form(std::uint8_t form) { return type_of(static_cast<RdbType>(form)).has_value(); }

Room::~Room() {
  if (bytes_ != nullptr) memory::release(memory::Owner::snapshot, bytes_, size_);
}

char* Room::of(std::size_t bytes) {
  if (bytes <= size_) return bytes_;
  if (bytes_ != nullptr) memory::release(memory::Owner::snapshot, bytes_, size_);
  size_ = memory::size_class(bytes);
  bytes_ = static_cast<char*>(memory::allocate(memory::Owner::snapshot, size_));
  return bytes_;
}

DecodedValue::DecodedValue() = default;

std::string_view DecodedValue::text() const {
  return text_ == nullptr ? std::string_view() : text_->view();
}

DecodedValue::~DecodedValue() { clear(); }

void DecodedValue::clear(Pulse* pulse) {
  if (storage_ != nullptr) destroy(type_, std::exchange(storage_, nullptr), pulse);
}

void* DecodedValue::take_storage() {
  void* taken = storage_;
  storage_ = nullptr;
  return taken;
}

bool DecodedValue::read(std::string_view bytes, const types::Settings& settings,
                        std::int64_t now_ms, std::uint64_t most_growth) {
  RdbReader in(bytes);
  in.bound_growth(most_growth);
  const std::uint8_t form = in.byte();
  const bool good = !in.failed() && read_body(form, in, settings, now_ms);
  lacks_room_ = in.lacks_room();
  return good && !is_empty_ && in.left() == 0;
}

bool DecodedValue::read_body(std::uint8_t number, RdbReader& in, const types::Settings& settings,
                             std::int64_t now_ms) {
  clear(in.pulse());
  is_empty_ = false;
  const auto form = static_cast<RdbType>(number);
  const auto type = type_of(form);
  if (in.failed() || !type) return false;
  type_ = *type;
  const std::uint64_t checked_before = in.checked_blocks();
  bool good = false;
  switch (type_) {
    case Type::string:
      if (text_ == nullptr) text_ = std::make_unique<RdbText>();
      good = read_string(in, *text_, storage_);
      break;
    case Type::list:
      good = read_list(form, in, settings, storage_);
      break;
    case Type::set:
      good = read_set(form, in, settings, storage_);
      break;
    case Type::sorted_set:
      good = read_sorted_set(form, in, settings, storage_);
      break;
    case Type::hash:
      good = read_hash(form, in, settings, now_ms, storage_, left_out_fields_);
      break;
    case Type::stream:
      good = read_stream(form, in, storage_);
      break;
  }
  checked_blocks_ = in.checked_blocks() - checked_before;
  if (!good || in.failed()) return false;
  is_empty_ = has_no_elements(type_, storage_);
  if (is_empty_) clear();
  return true;
}

}  // namespace larder::persistence
