#include "larder/engine/deadlines.h"

#include "larder/engine/session.h"

namespace larder::engine {
namespace {

// Sessions with the same deadline are ordered by the time of their connection.
bool is_earlier(const ParkedCommand& one, const ParkedCommand& other) {
  if (one.deadline_us != other.deadline_us) return one.deadline_us < other.deadline_us;
  return one.session->id < other.session->id;
}

}  // namespace

void Deadlines::put(std::size_t at, ParkedCommand& command) {
  heap_[at] = &command;
  command.deadline_at = at;
}

void Deadlines::rise(std::size_t at, ParkedCommand& command) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (!is_earlier(command, *heap_[parent])) break;
    put(at, *heap_[parent]);
    at = parent;
  }
  put(at, command);
}

void Deadlines::sink(std::size_t at, ParkedCommand& command) {
  for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
    if (child + 1 < heap_.size() && is_earlier(*heap_[child + 1], *heap_[child])) ++child;
    if (!is_earlier(*heap_[child], command)) break;
    put(at, *heap_[child]);
    at = child;
  }
  rise(at, command);
}

void Deadlines::add(ParkedCommand& command) {
  heap_.push_back(&command);
  rise(heap_.size() - 1, command);
}

void Deadlines::remove(ParkedCommand& command) {
  const std::size_t at = command.deadline_at;
  if (at == ParkedCommand::kNoDeadline) return;
  command.deadline_at = ParkedCommand::kNoDeadline;
  ParkedCommand& last = *heap_.back();
  heap_.pop_back();
  if (&last != &command) sink(at, last);
  if (heap_.empty()) heap_.shrink_to_fit();
}

}  // namespace larder::engine
