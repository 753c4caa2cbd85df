#include "parked_command.h"

#include <algorithm>
#include <new>
#include <string_view>

#include "larder/engine/progress.h"
#include "larder/resp/request_text.h"

namespace larder::engine {
namespace {

constexpr auto kOwner = memory::Owner::client_input;

}  // namespace

ParkedCommand* make_parked(Session& session, BoundCommand& bound, resp::Args words,
                           const Wait& wait) {
  std::size_t text_bytes = 0;
  for (const std::string_view word : words) text_bytes += word.size();
  const std::size_t bytes = sizeof(ParkedCommand) + wait.keys.size() * sizeof(Place) +
                            words.size() * sizeof(std::string_view) + text_bytes;
  auto* const block = static_cast<std::byte*>(memory::allocate(kOwner, bytes));
  auto* const places = new (block + sizeof(ParkedCommand)) Place[wait.keys.size()];
  auto* const views = new (places + wait.keys.size()) std::string_view[words.size()];
  char* text = reinterpret_cast<char*>(views + words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    views[i] = {text, words[i].size()};
    text = std::copy(words[i].begin(), words[i].end(), text);
  }
  return new (block) ParkedCommand{.session = &session,
                                   .bound = &bound,
                                   .words = {views, words.size()},
                                   .places = {places, wait.keys.size()},
                                   .bytes = bytes,
                                   .request_bytes = resp::request_bytes(words),
                                   .deadline_us = 0,
                                   .deadline_at = ParkedCommand::kNoDeadline,
                                   .rivals = wait.rivals,
                                   .type = wait.type,
                                   .mode = wait.mode,
                                   .end = wait.end,
                                   .wakes_when_gone = wait.wakes_when_gone,
                                   .cycles = 0};
}

void release_parked(ParkedCommand* command) { memory::release(kOwner, command, command->bytes); }

std::size_t parked_bytes(const ParkedCommand& command) {
  const std::size_t kept = command.progress == nullptr ? 0 : command.progress->bytes();
  return memory::size_class(command.bytes) + kept;
}

}  // namespace larder::engine
