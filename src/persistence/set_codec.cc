#include "larder/types/set.h"
#include "packed.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

// Repeated members are an error.
bool read_members(RdbReader& in, const types::SetLimits& limits, types::Set& set) {
  const std::size_t count = in.count();
  if (!in.may_take(count * kReservedBytes)) return false;
  RdbText member;
  for (std::size_t i = 0; i < count; ++i) {
    if (!in.text(member)) return false;
    if (i == 0) set.expect(member.view(), count, limits);
    if (!set.add(member.view(), limits)) return false;
  }
  return !in.failed();
}

bool read_packed(RdbReader& in, const types::SetLimits& limits, types::Set& set) {
  RdbText raw;
  return in.text(raw) &&
         for_each_element(in, Packing::listpack, raw.view(),
                          [&](const types::String& member) { return set.add(member, limits); });
}

bool read_integers(RdbReader& in, const types::SetLimits& limits, types::Set& set) {
  RdbText raw;
  if (!in.text(raw)) return false;
  in.block_checked();
  if (!types::IntsetView::valid(raw.view())) return false;
  const types::IntsetView integers(reinterpret_cast<const std::uint8_t*>(raw.view().data()));
  for (std::size_t i = 0; i < integers.size(); ++i) {
    if (!in.may_go_on() || !set.add(types::String(integers.at(i)), limits)) return false;
  }
  return true;
}

}  // namespace

int write_set(const void* storage, RdbWriter& out) {
  const types::ReadOnly<types::Set> set(storage);
  if (set->encoding() == types::Set::Encoding::intset) {
    out.type(RdbType::set_intset);
    out.text(set->intset().raw());
    return kPlainVersion;
  }
  // Readers of version 10 do not support sets in a listpack.
  out.type(RdbType::set);
  out.length(set->size());
  set->for_each([&](const types::String& member) { out.text(member); });
  return kPlainVersion;
}

bool read_set(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage) {
  const auto limits = types::SetLimits::of(settings);
  types::Set set;
  bool good = false;
  if (form == RdbType::set) good = read_members(in, limits, set);
  if (form == RdbType::set_listpack) good = read_packed(in, limits, set);
  if (form == RdbType::set_intset) good = read_integers(in, limits, set);
  storage = set.storage();
  return good;
}

}  // namespace larder::persistence
