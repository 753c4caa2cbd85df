#include <algorithm>
#include <optional>

#include "larder/types/hash.h"
#include "packed.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

using types::Hash;

// Redis rejects later ones.
constexpr std::int64_t kLatestDeadline = (std::int64_t{1} << 48) - 1;

// Adds fields that must not be there yet. One whose deadline has passed is left out.
class Builder {
 public:
  Builder(const types::Settings& settings, std::int64_t now_ms)
      : limits_(types::HashLimits::of(settings)), now_ms_(now_ms) {}

  // So many fields are going to be added.
  void expect(std::size_t fields) {
    hash_.expect(fields, limits_);
    if (types::HashTable* table = hash_.table()) fill_.emplace(*table, fields);
  }
  bool add(std::string_view name, std::string_view value, std::int64_t deadline_ms = 0) {
    if (deadline_ms < 0 || deadline_ms > kLatestDeadline) return false;
    if (deadline_ms != 0 && deadline_ms <= now_ms_) {
      left_out_ = true;
      return true;
    }
    if (fill_) {
      deadline_ms == 0 ? fill_->add(name, value) : fill_->add(name, value, deadline_ms);
      return true;
    }
    if (!hash_.set(name, value, limits_, now_ms_)) return false;
    if (deadline_ms != 0) hash_.set_deadline(name, deadline_ms, now_ms_);
    return true;
  }
  bool add(const types::String& name, const types::String& value, std::int64_t deadline_ms = 0) {
    types::String::Scratch name_scratch, value_scratch;
    return add(name.text(name_scratch), value.text(value_scratch), deadline_ms);
  }
  // False if a name was repeated.
  bool finish() { return !fill_ || fill_->finish(); }
  void* storage() { return hash_.storage(); }
  bool left_out() const { return left_out_; }

 private:
  const types::HashLimits limits_;
  const std::int64_t now_ms_;
  Hash hash_{nullptr};
  bool left_out_ = false;
  std::optional<types::HashTable::Fill> fill_;  // of a table whose size is known
};

bool read_fields(RdbReader& in, Builder& hash) {
  RdbText name, value;
  const std::size_t count = in.count(2);
  if (count == 0) return !in.failed();
  if (!in.may_take(count * kReservedBytes)) return false;
  hash.expect(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!in.text(name) || !in.text(value) || !hash.add(name.view(), value.view())) return false;
  }
  return true;
}

// Deadlines count from one less than the earliest; 0 is none.
bool read_fields_with_deadlines(RdbReader& in, Builder& hash) {
  RdbText name, value;
  const auto earliest = static_cast<std::int64_t>(in.word());
  const std::size_t count = in.count(3);
  if (count == 0) return !in.failed();
  if (!in.may_take(count * kReservedBytes)) return false;
  hash.expect(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t after = in.length();
    std::int64_t deadline = 0;
    if (after != 0 &&
        (after > INT64_MAX ||
         __builtin_add_overflow(earliest, static_cast<std::int64_t>(after) - 1, &deadline) ||
         deadline <= 0)) {
      return false;
    }
    if (!in.text(name) || !in.text(value) || !hash.add(name.view(), value.view(), deadline)) {
      return false;
    }
  }
  return true;
}

bool read_packed(Packing packing, RdbReader& in, Builder& hash) {
  RdbText raw;
  return in.text(raw) && for_each_pair(in, packing, raw.view(),
                                       [&](const types::String& name, const types::String& value) {
                                         return hash.add(name, value);
                                       });
}

// Elements by three: name, value, deadline or 0.
bool read_packed_with_deadlines(RdbReader& in, Builder& hash) {
  RdbText raw;
  in.word();
  if (!in.text(raw)) return false;
  std::optional<types::String> name, value;
  const bool good = for_each_element(in, Packing::listpack, raw.view(), [&](types::String element) {
    if (!name) {
      name = element;
    } else if (!value) {
      value = element;
    } else {
      const types::String of_name = *name, of_value = *value;
      name.reset();
      value.reset();
      return element.is_number() && hash.add(of_name, of_value, element.number());
    }
    return true;
  });
  return good && !name;
}

bool read_zipmap(RdbReader& in, Builder& hash) {
  RdbText raw;
  if (!in.text(raw)) return false;
  in.block_checked();
  ZipmapReader reader(raw.view());
  for (std::string_view name, value; reader.next(name, value);) {
    if (!in.may_go_on() || !hash.add(name, value)) return false;
  }
  return reader.was_valid();
}

struct Contents {
  std::size_t fields = 0;
  std::int64_t earliest_ms = Hash::kNever;
};

Contents contents_of(const types::HashTable& table, std::int64_t now_ms) {
  Contents contents;
  table.fields().for_each([&](const types::HashField* field) {
    if (!field->live(now_ms)) return;
    ++contents.fields;
    if (field->has_deadline()) {
      contents.earliest_ms = std::min(contents.earliest_ms, field->deadline_ms());
    }
  });
  return contents;
}

}  // namespace

bool has_live_fields(const void* storage, std::int64_t now_ms) {
  const types::HashTable* table = types::ReadOnly<types::Hash>(storage)->table();
  return table == nullptr || contents_of(*table, now_ms).fields > 0;
}

int write_hash(const void* storage, std::int64_t now_ms, RdbWriter& out) {
  const types::ReadOnly<types::Hash> hash(storage);
  const types::HashTable* table = hash->table();
  if (table == nullptr) {
    out.type(RdbType::hash_listpack);
    out.text(hash->pack().raw());
    return kPlainVersion;
  }
  const Contents contents = contents_of(*table, now_ms);
  const bool has_deadlines = out.features().field_deadlines && contents.earliest_ms != Hash::kNever;
  out.type(has_deadlines ? RdbType::hash_with_deadlines : RdbType::hash);
  if (has_deadlines) out.word(static_cast<std::uint64_t>(contents.earliest_ms));
  out.length(contents.fields);
  table->fields().for_each([&](const types::HashField* field) {
    if (!field->live(now_ms)) return;
    if (has_deadlines) {
      out.length(field->has_deadline()
                     ? static_cast<std::uint64_t>(field->deadline_ms() - contents.earliest_ms) + 1
                     : 0);
    }
    out.text(field->name());
    out.text(field->value());
  });
  return has_deadlines ? kFieldDeadlineVersion : kPlainVersion;
}

bool read_hash(RdbType form, RdbReader& in, const types::Settings& settings, std::int64_t now_ms,
               void*& storage, bool& left_out) {
  Builder hash(settings, now_ms);
  bool good = false;
  if (form == RdbType::hash) good = read_fields(in, hash);
  if (form == RdbType::hash_with_deadlines) good = read_fields_with_deadlines(in, hash);
  if (form == RdbType::hash_zipmap) good = read_zipmap(in, hash);
  if (form == RdbType::hash_ziplist) good = read_packed(Packing::ziplist, in, hash);
  if (form == RdbType::hash_listpack) good = read_packed(Packing::listpack, in, hash);
  if (form == RdbType::hash_listpack_with_deadlines) good = read_packed_with_deadlines(in, hash);
  good = hash.finish() && good;
  storage = hash.storage();
  left_out = hash.left_out();
  return good;
}

}  // namespace larder::persistence
