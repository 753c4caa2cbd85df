#include "move_element.h"

#include <array>
#include <cstring>
#include <vector>

#include "ends.h"

namespace larder::commands {
namespace {

using namespace engine;

// The text of an element that will be removed, valid while this object exists.
class Kept {
 public:
  explicit Kept(const types::String& element) : text_(element.text(scratch_)) {
    if (element.is_number()) return;
    char* room = small_.data();
    if (text_.size() > small_.size()) {
      large_.resize(text_.size());
      room = large_.data();
    }
    if (!text_.empty()) std::memcpy(room, text_.data(), text_.size());
    text_ = {room, text_.size()};
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  std::string_view text() const { return text_; }

 private:
  types::String::Scratch scratch_;
  std::array<char, 256> small_;
  std::vector<char, memory::Allocator<char, memory::Owner::runtime>> large_;
  std::string_view text_;
};

void push(Call& call, const keyspace::Key& key, keyspace::Entry* entry,
          const types::ListLimits& limits, ListEnd end, std::string_view text) {
  keyspace::Edit<types::List> list(call.db, key, entry, events::push(end));
  list->admit(limits, text.size(), 1);
  list->push(limits, end, text);
}

// The removal of an element that was pushed before: both together count as one change.
class RemovalFromList {
 public:
  RemovalFromList(Call& call, const types::ListLimits& limits, ListEnd end,
                  const keyspace::Key& key, keyspace::Entry* entry)
      : list_(call.db, key, entry, events::pop(end)), limits_(limits) {
    list_.discard();
    call.db.log_also(events::pop(end), key);
  }
  ~RemovalFromList() { list_->compact(limits_); }
  RemovalFromList(const RemovalFromList&) = delete;
  RemovalFromList& operator=(const RemovalFromList&) = delete;

  void drop(ListEnd end) { list_->drop(end, 1); }

 private:
  keyspace::Edit<types::List> list_;
  const types::ListLimits& limits_;
};

// Within one list; reports both events.
void rotate(Call& call, const types::ListLimits& limits, const MoveRequest& request,
            const keyspace::Key& key, keyspace::Entry* entry, const types::String& element) {
  const Kept kept(element);
  {
    keyspace::Edit<types::List> list(call.db, key, entry, events::push(request.to));
    list->drop(request.from, 1);
    list->admit(limits, kept.text().size(), 1);
    list->push(limits, request.to, kept.text());
  }
  const RemovalFromList leaving(call, limits, request.from, key, entry);
}

}  // namespace

bool move_element(Call& call, const types::ListLimits& limits, const MoveRequest& request,
                  const keyspace::Found<types::List>& source) {
  const auto source_key = keyspace::Key::of(request.source);
  const auto cursor = at_end(*source, request.from);
  const types::String element = cursor.get();
  const auto reply = [&] { reply_string(call.reply, element); };
  if (request.source == request.target) {
    if (!call.reply_first(reply)) return false;
    rotate(call, limits, request, source_key, source.entry(), element);
    return true;
  }
  const auto target_key = keyspace::Key::of(request.target);
  const auto target = call.db.find<types::List>(target_key, keyspace::Look::write);
  if (target.wrong_type()) return call.reply.error(errors::kWrongType), false;
  if (!call.reply_first(reply)) return false;
  types::String::Scratch scratch;
  push(call, target_key, target.entry(), limits, request.to, element.text(scratch));
  keyspace::Entry* entry = call.db.look(source_key, keyspace::Look::write);
  RemovalFromList(call, limits, request.from, source_key, entry).drop(request.from);
  return true;
}

}  // namespace larder::commands
