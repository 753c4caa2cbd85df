#include "subscriptions.h"

#include <memory>
#include <optional>
#include <utility>

namespace larder::commands {
namespace {

using engine::Call;
using pubsub::Hub;
using pubsub::Kind;

// Unmutes the writer while the object exists.
class Unmuted {
 public:
  explicit Unmuted(resp::Writer& writer) : writer_(writer), was_muted_(writer.muted()) {
    writer_.mute(false);
  }
  ~Unmuted() { writer_.mute(was_muted_); }
  Unmuted(const Unmuted&) = delete;
  Unmuted& operator=(const Unmuted&) = delete;

 private:
  resp::Writer& writer_;
  bool was_muted_;
};

// Channels and patterns are counted together.
std::int64_t left(const engine::Session& session, Kind kind) {
  const std::size_t count = kind == Kind::shard ? Hub::subscriptions(session, Kind::shard)
                                                : Hub::subscriptions(session, Kind::channel) +
                                                      Hub::subscriptions(session, Kind::pattern);
  return static_cast<std::int64_t>(count);
}

void begin_answer(Call& call, std::string_view word) {
  call.reply.push(3);
  call.reply.bulk(word);
}

// `name` may end with the subscription.
void unsubscribe(Call& call, Hub& hub, Kind kind, std::string_view word, std::string_view name) {
  begin_answer(call, word);
  call.reply.bulk(name);
  hub.unsubscribe(call.session, kind, name);
  call.reply.integer(left(call.session, kind));
}

// UNSUBSCRIBE without names, in several turns if there are many. Each answer is sent separately.
struct Ending final : engine::Progress {
  explicit Ending(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {}
  std::size_t bytes() const override { return memory::size_class(sizeof(Ending)); }

  bool has_ended_some = false;
};

// Room for one answer about each of `names` names, which have `name_bytes` bytes together.
Call::RoomForReply room_for_answers(Call& call, std::string_view word, std::uint64_t names,
                                    std::uint64_t name_bytes) {
  constexpr std::uint64_t kAround = 32;
  const std::uint64_t bytes = names * (kAround + word.size()) + name_bytes;
  return {call, bytes, engine::ReplyOrder::before_effects};
}

// About each name of the request.
Call::RoomForReply room_for_answers(Call& call, std::string_view word) {
  const resp::Args names = call.args.subspan(1);
  std::uint64_t bytes = 0;
  for (const std::string_view name : names) bytes += name.size();
  return room_for_answers(call, word, names.size(), bytes);
}

// The answer that `name` is ended, written before it is: if it gets no room, nothing is lost.
// Without a name: the answer that there is nothing to end.
void answer_end(Call& call, Kind kind, std::string_view word,
                std::optional<std::string_view> name) {
  begin_answer(call, word);
  name ? call.reply.bulk(*name) : call.reply.null();
  call.reply.integer(left(call.session, kind) - (name ? 1 : 0));
}

// Takes the answer back that got no room behind `before` bytes of output. The command continues
// with it when there is room.
void wait_for_room(Call& call, std::uint64_t before, std::unique_ptr<Ending> ending) {
  resp::ReplyBuffer& output = call.reply.buffer();
  const std::uint64_t wanted = output.wanted_behind(before);
  output.keep_first(before);
  call.session.stopped = engine::ReplyOrder::any;
  call.continue_later(std::move(ending));
  call.long_commands.wait_for_memory(call.session, wanted);
}

void end_in_steps(Call& call, Hub& hub, Kind kind, std::string_view word) {
  constexpr int kEndedInARow = 32;  // between two readings of the clock
  std::unique_ptr<Ending> ending = call.progress<Ending>();
  if (ending == nullptr) ending.reset(new Ending(call));
  do {
    for (int i = 0; i < kEndedInARow; ++i) {
      const auto name = Hub::any(call.session, kind);
      if (!name && ending->has_ended_some) return;
      const std::uint64_t before = call.reply.buffer().size();
      if (!call.reply_first([&] { answer_end(call, kind, word, name); })) {
        return wait_for_room(call, before, std::move(ending));
      }
      if (!name) return;
      hub.unsubscribe(call.session, kind, *name);
      ending->has_ended_some = true;
    }
  } while (!call.step_is_over());
  call.continue_later(std::move(ending));
}

// A transaction cannot wait between two answers: there must be room for all of them first.
void end_all(Call& call, Hub& hub, Kind kind, std::string_view word) {
  if (call.session.may_block) return end_in_steps(call, hub, kind, word);
  const Call::RoomForReply room = room_for_answers(
      call, word, Hub::subscriptions(call.session, kind), Hub::name_bytes(call.session, kind));
  if (room.is_there()) end_in_steps(call, hub, kind, word);
}

}  // namespace

void subscribe_to_all(Call& call, Hub& hub, Kind kind, std::string_view word) {
  const Unmuted aloud(call.reply);
  const Call::RoomForReply room = room_for_answers(call, word);
  if (!room.is_there()) return;
  for (const std::string_view name : call.args.subspan(1)) {
    hub.subscribe(call.session, kind, name);
    begin_answer(call, word);
    call.reply.bulk(name);
    call.reply.integer(left(call.session, kind));
  }
}

void unsubscribe_from_all(Call& call, Hub& hub, Kind kind, std::string_view word) {
  const Unmuted aloud(call.reply);
  if (call.size() > 1) {
    const Call::RoomForReply room = room_for_answers(call, word);
    if (!room.is_there()) return;
    for (const std::string_view name : call.args.subspan(1)) {
      unsubscribe(call, hub, kind, word, name);
    }
    return;
  }
  end_all(call, hub, kind, word);
}

}  // namespace larder::commands
