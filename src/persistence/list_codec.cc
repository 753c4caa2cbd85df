#include "larder/types/list.h"
#include "packed.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

using types::List;

class Builder {
 public:
  explicit Builder(const types::Settings& settings) : limits_(types::ListLimits::of(settings)) {}

  void push(std::string_view element) {
    list_.admit(limits_, element.size(), 1);
    list_.push(limits_, types::ListEnd::tail, element);
  }
  // Complete listpacks, if they can be nodes unchanged.
  bool push_pack(RdbReader& in, std::string_view raw) {
    bool integers_as_such = false;
    if (!types::ListpackView::valid(raw, integers_as_such)) return false;
    list_.admit(limits_, raw.size(), 1);
    if (!integers_as_such || !list_.append_pack(limits_, raw)) {
      return push_all(in, Packing::listpack, raw);
    }
    in.block_checked();
    return true;
  }
  bool push_all(RdbReader& in, Packing packing, std::string_view raw) {
    return for_each_element(in, packing, raw, [&](const types::String& element) {
      types::String::Scratch scratch;
      push(element.text(scratch));
      return true;
    });
  }
  void* storage() { return list_.storage(); }

 private:
  const types::ListLimits limits_;
  List list_{nullptr};
};

bool read_elements(RdbReader& in, Builder& list) {
  RdbText element;
  for (std::size_t left = in.count(); left > 0; --left) {
    if (!in.text(element)) return false;
    list.push(element.view());
  }
  return !in.failed();
}

bool read_ziplists(std::size_t count, RdbReader& in, Builder& list) {
  RdbText raw;
  for (; count > 0; --count) {
    if (!in.text(raw) || !list.push_all(in, Packing::ziplist, raw.view())) return false;
  }
  return !in.failed();
}

bool read_nodes(RdbReader& in, Builder& list) {
  RdbText raw;
  for (std::size_t left = in.count(2); left > 0; --left) {
    const std::uint64_t form = in.length();
    if (!in.text(raw)) return false;
    if (form == static_cast<std::uint64_t>(NodeForm::plain)) {
      list.push(raw.view());
    } else if (form != static_cast<std::uint64_t>(NodeForm::packed) ||
               !list.push_pack(in, raw.view())) {
      return false;
    }
  }
  return !in.failed();
}

}  // namespace

int write_list(const void* storage, RdbWriter& out) {
  const types::ReadOnly<types::List> list(storage);
  std::size_t nodes = 0;
  list->for_each_node([&](bool, std::string_view) { ++nodes; });
  out.type(RdbType::list_of_listpacks);
  out.length(nodes);
  list->for_each_node([&](bool plain, std::string_view bytes) {
    out.length(static_cast<std::uint64_t>(plain ? NodeForm::plain : NodeForm::packed));
    out.text(bytes);
  });
  return kPlainVersion;
}

bool read_list(RdbType form, RdbReader& in, const types::Settings& settings, void*& storage) {
  Builder list(settings);
  bool good = false;
  if (form == RdbType::list) good = read_elements(in, list);
  if (form == RdbType::list_ziplist) good = read_ziplists(1, in, list);
  if (form == RdbType::list_of_ziplists) good = read_ziplists(in.count(), in, list);
  if (form == RdbType::list_of_listpacks) good = read_nodes(in, list);
  storage = list.storage();
  return good;
}

}  // namespace larder::persistence
