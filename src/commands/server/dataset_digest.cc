#include "dataset_digest.h"

#include <openssl/sha.h>

#include <limits>

#include "larder/base/format.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/stream.h"

namespace larder::commands {
namespace {

using Hash = std::array<std::uint8_t, SHA_DIGEST_LENGTH>;

// The old functions of libcrypto: the newer ones allocate on their first use, which would disturb
// the memory audit.
Hash sha1(const void* bytes, std::size_t size) {
  SHA_CTX context;
  Hash hash;
  SHA1_Init(&context);
  SHA1_Update(&context, bytes, size);
  SHA1_Final(hash.data(), &context);
  return hash;
}

Digest digest_key(const keyspace::Entry& entry) {
  Digest digest;
  digest.mix(entry.key());
  return digest;
}

void mix_string(Digest& digest, const keyspace::Entry& entry) {
  types::String::Scratch scratch;
  digest.mix(entry.string().text(scratch));
}

void mix_list(Digest& digest, const keyspace::Entry& entry) {
  const auto list = entry.value<types::List>();
  types::String::Scratch scratch;
  for (auto cursor = list->at(0); !cursor.done(); cursor.next()) {
    digest.mix(cursor.get().text(scratch));
  }
}

// The fields in no order, each with its value; those past their deadline count until they are
// freed.
void mix_hash(Digest& digest, const keyspace::Entry& entry) {
  constexpr std::int64_t kStoredAtAll = std::numeric_limits<std::int64_t>::min();
  entry.value<types::Hash>()->for_each(
      kStoredAtAll, [&digest](const types::String& name, const types::String& value) {
        types::String::Scratch digits;
        Digest field;
        field.mix(name.text(digits));
        field.mix(value.text(digits));
        digest.fold(field);
      });
}

void mix_set(Digest& digest, const keyspace::Entry& entry) {
  entry.value<types::Set>()->for_each([&digest](const types::String& member) {
    types::String::Scratch scratch;
    digest.fold(member.text(scratch));
  });
}

void mix_sorted_set(Digest& digest, const keyspace::Entry& entry) {
  const auto set = entry.value<types::SortedSet>();
  types::String::Scratch scratch;
  for (auto at = set->at(0); at; at.next()) {
    char score[32];
    Digest item;
    item.mix(at.member().text(scratch));
    item.mix(base::print_into(score, "%.17g", at.score()));
    digest.fold(item);
  }
}

// Each entry's id as "ms.seq", its fields and values.
void mix_stream(Digest& digest, const keyspace::Entry& entry) {
  const auto stream = entry.value<types::Stream>();
  types::StreamReader reader(*stream, types::StreamId::least(), types::StreamId::most());
  types::String::Scratch scratch;
  while (reader.next()) {
    types::StreamIdScratch id;
    std::string text(types::print(reader.id(), id));
    text[text.find('-')] = '.';
    digest.mix(text);
    for (std::uint64_t left = 2 * reader.fields(); left > 0; --left) {
      digest.mix(reader.text().text(scratch));
    }
  }
}

// In the order of types::Type.
using Mix = void (*)(Digest&, const keyspace::Entry&);
constexpr std::array<Mix, types::kTypes> kMixes = {
    mix_string, mix_list, mix_set, mix_sorted_set, mix_hash, mix_stream,
};

// The types' numbers in the digest; 5 belongs to modules.
constexpr std::array<std::uint32_t, types::kTypes> kNumbers = {0, 1, 2, 3, 4, 6};

void mix_value(Digest& digest, const keyspace::Entry& entry) {
  digest.mix_number(kNumbers[static_cast<std::size_t>(entry.type())]);
  kMixes[static_cast<std::size_t>(entry.type())](digest, entry);
  if (entry.has_deadline()) digest.fold("!!expire!!");
}

}  // namespace

void Digest::fold(std::string_view bytes) {
  const Hash hash = sha1(bytes.data(), bytes.size());
  for (std::size_t i = 0; i < hash.size(); ++i) bytes_[i] ^= hash[i];
}

void Digest::fold(const Digest& digest) {
  fold(std::string_view(reinterpret_cast<const char*>(digest.bytes_.data()), digest.bytes_.size()));
}

void Digest::mix(std::string_view bytes) {
  fold(bytes);
  bytes_ = sha1(bytes_.data(), bytes_.size());
}

void Digest::mix_number(std::uint32_t number) {
  const char bytes[4] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                         static_cast<char>(number >> 8), static_cast<char>(number)};
  mix({bytes, sizeof bytes});
}

std::string Digest::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes_) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Digest digest_value(const keyspace::Entry& entry) {
  Digest digest;
  mix_value(digest, entry);
  return digest;
}

Digest digest_dataset(const keyspace::Keyspace& keyspace) {
  const std::int64_t now_ms = keyspace.clock().unix_ms();
  Digest all;
  for (std::size_t i = 0; i < keyspace.databases(); ++i) {
    const keyspace::Database& db = keyspace.db(i);
    if (db.size() == 0) continue;
    all.mix_number(static_cast<std::uint32_t>(i));
    db.entries().for_each([&all, now_ms](const keyspace::Entry* entry) {
      if (entry->expired(now_ms)) return;
      Digest one = digest_key(*entry);
      mix_value(one, *entry);
      all.fold(one);
    });
  }
  return all;
}

}  // namespace larder::commands
