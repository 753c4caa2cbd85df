#include "larder/types/hash.h"

#include <algorithm>

namespace larder::types {
namespace {

constexpr memory::Owner kOwner = memory::Owner::hashes;

}  // namespace

std::size_t Hash::size() const {
  if (is_table()) return table()->size();
  return storage_ == 0 ? 0 : pack().size() / 2;
}

std::size_t Hash::live_size(std::int64_t now_ms) const {
  if (!stale(now_ms)) return size();
  std::size_t live = 0;
  for_each(now_ms, [&live](const String&, const String&) { ++live; });
  return live;
}

std::optional<String> Hash::get(std::string_view name, std::int64_t now_ms) const {
  if (is_table()) {
    const HashField* field = table()->find(name, now_ms);
    return field == nullptr ? std::nullopt : std::optional(field->value());
  }
  if (storage_ == 0) return std::nullopt;
  const auto place = place_of(name);
  if (place == ListpackView::kEnd) return std::nullopt;
  return pack().get(pack().next(place));
}

bool Hash::contains(std::string_view name, std::int64_t now_ms) const {
  if (is_table()) return table()->find(name, now_ms) != nullptr;
  return storage_ != 0 && place_of(name) != ListpackView::kEnd;
}

std::optional<std::pair<String, String>> Hash::random(base::Rng& rng, std::int64_t now_ms) const {
  if (storage_ == 0) return std::nullopt;
  if (!is_table()) {
    const ListpackView view = pack();
    const auto place = view.at(static_cast<std::int64_t>(2 * rng.below(size())));
    return std::pair(view.get(place), view.get(view.next(place)));
  }
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const HashField* field = table()->fields().random(rng);
    if (field != nullptr && field->live(now_ms)) {
      return std::pair(String(field->name()), field->value());
    }
  }
  // Nearly all are past their deadline: walk, keeping the n-th of those left with 1 in n.
  std::optional<std::pair<String, String>> kept;
  std::uint64_t seen = 0;
  for_each(now_ms, [&](const String& name, const String& value) {
    if (rng.below(++seen) == 0) kept.emplace(name, value);
  });
  return kept;
}

bool Hash::set(std::string_view name, std::string_view value, const HashLimits& limits,
               std::int64_t now_ms, FieldDeadline deadline) {
  if (!is_table() && (name.size() > limits.value || value.size() > limits.value)) become_table();
  if (is_table()) return table()->set(name, value, now_ms, deadline);
  const bool created = set_in_pack(name, value);
  if (created && size() > limits.entries) become_table();
  return created;
}

bool Hash::set_in_pack(std::string_view name, std::string_view value) {
  Listpack pack = storage_ == 0 ? Listpack::create(kOwner) : this->pack();
  const auto place = pack.find(name, pack.first(), 1);
  if (place == ListpackView::kEnd) {
    pack.append(kOwner, name);
    pack.append(kOwner, value);
  } else {
    pack.replace(kOwner, pack.next(place), value);
  }
  hold(pack);
  return place == ListpackView::kEnd;
}

void Hash::become_table(std::size_t fields) {
  if (is_table()) return;
  HashTable* table = HashTable::create();
  table->reserve(std::max(fields, size()));
  for_each(0, [table](const String& name, const String& value) {
    String::Scratch name_digits;
    String::Scratch value_digits;
    table->add(name.text(name_digits), value.text(value_digits));
  });
  if (storage_ != 0) pack().destroy(kOwner);
  *this = over(table);
}

bool Hash::erase(std::string_view name, std::int64_t now_ms) {
  if (is_table()) return table()->erase(name, now_ms);
  if (storage_ == 0) return false;
  const auto place = place_of(name);
  if (place == ListpackView::kEnd) return false;
  Listpack pack = this->pack();
  pack.erase(kOwner, place, 2);
  hold(pack);
  return true;
}

std::optional<std::int64_t> Hash::deadline(std::string_view name, std::int64_t now_ms) const {
  if (!is_table()) return std::nullopt;
  const HashField* field = table()->find(name, now_ms);
  return field == nullptr ? std::nullopt : field->deadline();
}

bool Hash::set_deadline(std::string_view name, std::optional<std::int64_t> deadline_ms,
                        std::int64_t now_ms) {
  if (!is_table()) {
    if (!contains(name, now_ms)) return false;
    if (!deadline_ms) return true;
    become_table();
  }
  return table()->set_deadline(name, deadline_ms, now_ms);
}

}  // namespace larder::types
