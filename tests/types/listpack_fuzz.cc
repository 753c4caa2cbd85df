// Any bytes as a listpack. If valid() accepts it, it must have the same elements in both directions
// and the expected elements after every change.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/assert.h"
#include "larder/memory/ledger.h"
#include "larder/types/listpack.h"

namespace larder::types {
namespace {

constexpr auto kOwner = memory::Owner::lists;
using Texts = std::vector<std::string>;

std::string text_at(const ListpackView& pack, ListpackView::Place place) {
  String::Scratch scratch;
  return std::string(pack.get(place).text(scratch));
}

Texts read(const ListpackView& pack) {
  Texts texts;
  for (auto place = pack.first(); place != ListpackView::kEnd; place = pack.next(place)) {
    texts.push_back(text_at(pack, place));
  }
  return texts;
}

Texts read_back(const ListpackView& pack) {
  Texts texts;
  for (auto place = pack.last(); place != ListpackView::kEnd; place = pack.previous(place)) {
    texts.insert(texts.begin(), text_at(pack, place));
  }
  return texts;
}

void expect(const ListpackView& pack, const Texts& texts) {
  LARDER_ASSERT(ListpackView::valid(pack.raw()));
  LARDER_ASSERT(pack.size() == texts.size());
  LARDER_ASSERT(read(pack) == texts);
  LARDER_ASSERT(read_back(pack) == texts);
}

void find_all(const ListpackView& pack, const Texts& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto place = pack.at(static_cast<std::int64_t>(i));
    LARDER_ASSERT(text_at(pack, place) == texts[i]);
    // A number in a longer form than necessary can be read, but is not found by a search.
    if (pack.element_bytes(place) != Listpack::cost(texts[i])) continue;
    const auto found = pack.find(texts[i], pack.first());
    LARDER_ASSERT(found != ListpackView::kEnd && found <= place);
  }
}

void change(Listpack& pack, Texts texts, std::uint64_t choice) {
  constexpr std::string_view kText = "a text";
  const std::size_t index = texts.empty() ? 0 : choice % texts.size();
  const auto at = static_cast<std::int64_t>(index);
  const auto spot = texts.begin() + static_cast<std::ptrdiff_t>(index);
  switch (choice / 7 % 4) {
    case 0:
      pack.insert(kOwner, pack.at(at), kText);
      texts.insert(spot, std::string(kText));
      break;
    case 1:
      if (texts.empty()) return;
      pack.replace(kOwner, pack.at(at), std::int64_t{-70000});
      *spot = "-70000";
      break;
    case 2:
      if (texts.empty()) return;
      pack.erase(kOwner, pack.at(at), 2);
      texts.erase(spot, spot + std::min<std::ptrdiff_t>(2, texts.end() - spot));
      break;
    default:
      pack.append(kOwner, texts.empty() ? kText : std::string_view(texts[index]));
      texts.push_back(texts.empty() ? std::string(kText) : texts[index]);
  }
  expect(pack, texts);
}

}  // namespace
}  // namespace larder::types

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace larder;
  using namespace larder::types;
  constexpr std::size_t kMostBytes = 1024;
  const std::string_view raw(reinterpret_cast<const char*>(bytes), size);
  if (size > kMostBytes || !ListpackView::valid(raw)) return 0;
  Listpack pack = Listpack::copy(kOwner, raw);
  const Texts texts = read(pack);
  expect(pack, texts);
  find_all(pack, texts);
  for (std::uint64_t i = 0; i < 8; ++i) change(pack, read(pack), size + 13 * i);
  pack.destroy(kOwner);
  LARDER_ASSERT(memory::balance(kOwner) == 0);
  return 0;
}
