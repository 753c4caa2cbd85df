#pragma once

// Values as stored in an entry, and their contents as text.

#include <algorithm>
#include <string>
#include <vector>

#include "larder/base/assert.h"
#include "larder/config/registry.h"
#include "larder/keyspace/open_entry.h"
#include "larder/persistence/value_codec.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/stream.h"

namespace larder::persistence {

inline constexpr std::int64_t kNow = 1'700'000'000'000;

// An entry for a decoded value; takes the value's storage.
class Holder {
 public:
  explicit Holder(DecodedValue& value) {
    if (!value.has_storage()) {
      const std::string_view text = value.text();
      blob_ = types::Blob::create(memory::Owner::strings, text.size());
      std::copy(text.begin(), text.end(), blob_->data());
    }
    entry_ = keyspace::OpenEntry::create(
        {.key = "k", .type = value.type(), .form = keyspace::Form::storage});
    entry_.storage(blob_ != nullptr ? blob_ : value.take_storage());
  }
  ~Holder() {
    const types::TypeRow& row = types::row(entry_->type());
    base::Budget budget = base::Budget::unlimited();
    while (!row.destroy_some(entry_.storage(), row.owner, budget)) {
    }
    entry_.release(row.owner);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  const keyspace::Entry& entry() const { return *entry_; }

  std::string encode(Compression compression = Compression::on) const {
    Bytes bytes;
    encode_value(*entry_, kNow, compression, bytes);
    return {bytes.data(), bytes.size()};
  }

 private:
  types::Blob* blob_ = nullptr;
  keyspace::OpenEntry entry_;
};

inline std::string text_of(const types::String& value) {
  types::String::Scratch scratch;
  return std::string(value.text(scratch));
}

// The contents, independent of the encoding; sorted for hashes and sets.
inline std::vector<std::string> contents(const keyspace::Entry& entry) {
  std::vector<std::string> found;
  switch (entry.type()) {
    case types::Type::string:
      found.push_back(text_of(entry.string()));
      break;
    case types::Type::list: {
      const auto list = entry.value<types::List>();
      for (auto cursor = list->at(0); !cursor.done(); cursor.next()) {
        found.push_back(text_of(cursor.get()));
      }
      break;
    }
    case types::Type::set:
      entry.value<types::Set>()->for_each(
          [&](const types::String& member) { found.push_back(text_of(member)); });
      std::sort(found.begin(), found.end());
      break;
    case types::Type::sorted_set: {
      const auto set = entry.value<types::SortedSet>();
      for (auto cursor = set->at(0); cursor; cursor.next()) {
        found.push_back(text_of(cursor.member()) + " " + std::to_string(cursor.score()));
      }
      break;
    }
    case types::Type::hash: {
      const auto hash = entry.value<types::Hash>();
      hash->for_each(kNow, [&](const types::String& name, const types::String& value) {
        const auto deadline = hash->deadline(text_of(name), kNow);
        found.push_back(text_of(name) + " " + text_of(value) + " " +
                        std::to_string(deadline.value_or(0)));
      });
      std::sort(found.begin(), found.end());
      break;
    }
    case types::Type::stream: {
      const auto stream = entry.value<types::Stream>();
      types::StreamReader reader(*stream, types::StreamId::least(), types::StreamId::most());
      while (reader.next()) {
        types::StreamIdScratch scratch;
        std::string line(types::print(reader.id(), scratch));
        for (std::uint64_t i = 0; i < 2 * reader.fields(); ++i)
          line += " " + text_of(reader.text());
        found.push_back(line);
      }
      for (const types::Group* group : stream->groups()) {
        found.push_back(std::string(group->name()) + " " + std::to_string(group->pending.size()) +
                        " " + std::to_string(group->entries_read));
      }
      break;
    }
  }
  return found;
}

}  // namespace larder::persistence
