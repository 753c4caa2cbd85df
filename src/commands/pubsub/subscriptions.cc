#include "subscriptions.h"

#include <memory>
#include <optional>

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

// UNSUBSCRIBE without arguments, in several turns if there are many. Each reply is sent separately.
struct Ending final : engine::Progress {
  explicit Ending(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {}
  std::size_t bytes() const override { return memory::size_class(sizeof(Ending)); }
};

// Room for one answer about each name of the request.
Call::RoomForReply room_for_answers(Call& call, std::string_view word) {
  constexpr std::uint64_t kAround = 32;
  std::uint64_t bytes = 0;
  for (const std::string_view name : call.args.subspan(1)) {
    bytes += kAround + word.size() + name.size();
  }
  return {call, bytes, engine::ReplyOrder::before_effects};
}

// This many between two readings of the clock.
constexpr int kEndedInARow = 32;

void end_all(Call& call, Hub& hub, Kind kind, std::string_view word) {
  std::unique_ptr<Ending> ending = call.progress<Ending>();
  bool any = ending != nullptr;
  do {
    for (int i = 0; i < kEndedInARow; ++i) {
      const auto name = Hub::any(call.session, kind);
      if (!name && any) return;
      if (!name) {
        begin_answer(call, word);
        call.reply.null();
        return call.reply.integer(left(call.session, kind));
      }
      unsubscribe(call, hub, kind, word, *name);
      any = true;
    }
  } while (!call.step_is_over());
  if (ending == nullptr) ending.reset(new Ending(call));
  call.continue_later(std::move(ending));
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
