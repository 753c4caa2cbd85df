#include <algorithm>

#include "larder/types/stream.h"
#include "type_codecs.h"

namespace larder::persistence {
namespace {

using types::Stream;
using types::StreamId;

// A key of Redis's radix trees: both halves big-endian.
constexpr std::size_t kIdBytes = 16;

void write_key(RdbWriter& out, StreamId id) {
  out.word(__builtin_bswap64(id.ms));
  out.word(__builtin_bswap64(id.seq));
}

StreamId read_key(RdbReader& in) {
  const std::uint64_t ms = __builtin_bswap64(in.word());
  return {ms, __builtin_bswap64(in.word())};
}

void write_id(RdbWriter& out, StreamId id) {
  out.length(id.ms);
  out.length(id.seq);
}

StreamId read_id(RdbReader& in) {
  const std::uint64_t ms = in.length();
  return {ms, in.length()};
}

template <typename Index, typename Fn>
void for_each(const Index& index, Fn fn) {
  if (index.empty()) return;
  for (auto cursor = index.first(); index.valid(cursor); cursor = index.next(cursor)) {
    fn(index[cursor]);
  }
}

void write_nodes(const Stream& stream, RdbWriter& out) {
  out.length(stream.nodes().size());
  for_each(stream.nodes(), [&](const Stream::NodeRef& node) {
    out.length(kIdBytes);
    write_key(out, node.id);
    out.text(node.view().pack().raw());
  });
}

void write_marks(const types::StreamMarks& marks, RdbWriter& out) {
  out.length(marks.length);
  write_id(out, marks.last);
  write_id(out, marks.first);
  write_id(out, marks.max_deleted);
  out.length(marks.added);
}

void write_group(const types::Group& group, RdbWriter& out) {
  out.text(group.name());
  write_id(out, group.last_id);
  out.length(static_cast<std::uint64_t>(group.entries_read));
  out.length(group.pending.size());
  for_each(group.pending, [&](const types::Pending* pending) {
    write_key(out, pending->id);
    out.word(static_cast<std::uint64_t>(pending->delivered_ms));
    out.length(pending->deliveries);
  });
  out.length(group.consumers.size());
  for (const types::Consumer* consumer : group.consumers) {
    out.text(consumer->name());
    out.word(static_cast<std::uint64_t>(consumer->seen_ms));
    if (out.features().active_time) out.word(static_cast<std::uint64_t>(consumer->active_ms));
    out.length(consumer->pending.size());
    for_each(consumer->pending,
             [&](const types::Pending* pending) { write_key(out, pending->id); });
  }
}

// The fewest bytes of a pending entry: id, time and deliveries.
constexpr std::size_t kPendingBytes = 25;

// A pending entry that waits for its consumer.
struct Unassigned {
  StreamId id;
  std::int64_t delivered_ms;
  std::uint64_t deliveries;
  bool taken = false;
};
using Unassigneds = std::vector<Unassigned, memory::Allocator<Unassigned, memory::Owner::snapshot>>;

// Reads a stream's parts in their order; false if one is wrong.
class Builder {
 public:
  Builder(RdbType form, RdbReader& in, Stream& stream) : form_(form), in_(in), stream_(stream) {}

  bool read() {
    stream_.create();
    return read_nodes() && read_marks() && read_groups() && !in_.failed();
  }

 private:
  bool read_nodes() {
    RdbText raw;
    const std::uint64_t count = in_.length();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (in_.length() != kIdBytes) return false;
      const StreamId id = read_key(in_);
      in_.block_checked();
      if (!in_.text(raw) || !stream_.append_node(id, raw.view())) return false;
    }
    return !in_.failed();
  }

  bool read_marks() {
    const std::uint64_t length = in_.length();
    const StreamId last = read_id(in_);
    if (in_.failed() || length != stream_.size() || last < stream_.last_entry()) return false;
    stream_.set_last(last);
    stream_.set_added(length);
    if (form_ == RdbType::stream_1) return true;
    // The first entry is known from the nodes.
    read_id(in_);
    const StreamId max_deleted = read_id(in_);
    const std::uint64_t added = in_.length();
    if (in_.failed() || max_deleted > last || added < length || added > INT64_MAX) return false;
    stream_.set_max_deleted(max_deleted);
    stream_.set_added(added);
    return true;
  }

  bool read_groups() {
    for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
      if (!read_group()) return false;
    }
    return true;
  }

  bool read_group() {
    RdbText name;
    if (!in_.text(name)) return false;
    const StreamId last = read_id(in_);
    const auto read = entries_read(last);
    if (in_.failed() || !read) return false;
    types::Group* group = stream_.create_group(name.view(), last, *read);
    return group != nullptr && read_pending() && read_consumers(*group) &&
           std::all_of(pending_.begin(), pending_.end(),
                       [](const Unassigned& entry) { return entry.taken; });
  }

  std::optional<std::int64_t> entries_read(StreamId last) {
    if (form_ == RdbType::stream_1) {
      const auto distance = stream_.distance(last);
      return distance ? static_cast<std::int64_t>(*distance) : types::Group::kUnknown;
    }
    const auto read = static_cast<std::int64_t>(in_.length());
    return read < types::Group::kUnknown ? std::nullopt : std::optional(read);
  }

  // In ascending order.
  bool read_pending() {
    pending_.clear();
    const std::size_t count = in_.count(kPendingBytes);
    if (!in_.may_take(count * (sizeof(Unassigned) + sizeof(types::Pending)))) return false;
    pending_.reserve(count);
    for (std::size_t left = count; left > 0; --left) {
      Unassigned entry{read_key(in_), 0, 0};
      entry.delivered_ms = static_cast<std::int64_t>(in_.word());
      entry.deliveries = in_.length();
      if (in_.failed() || entry.delivered_ms < 0 || entry.deliveries > INT64_MAX) return false;
      if (!pending_.empty() && entry.id <= pending_.back().id) return false;
      pending_.push_back(entry);
    }
    return !in_.failed();
  }

  bool read_consumers(types::Group& group) {
    RdbText name;
    for (std::uint64_t left = in_.length(); left > 0; --left) {
      if (!in_.text(name) || group.consumer(name.view()) != nullptr) return false;
      const auto seen_ms = static_cast<std::int64_t>(in_.word());
      const std::int64_t active_ms =
          form_ == RdbType::stream_3 ? static_cast<std::int64_t>(in_.word()) : seen_ms;
      if (in_.failed() || seen_ms < 0 || active_ms < types::Consumer::kNever) return false;
      types::Consumer* consumer = stream_.create_consumer(group, name.view(), seen_ms);
      consumer->active_ms = active_ms;
      if (!read_owned(group, *consumer)) return false;
    }
    return !in_.failed();
  }

  // Which of the group's pending entries are this consumer's.
  bool read_owned(types::Group& group, types::Consumer& consumer) {
    for (std::uint64_t left = in_.length(); left > 0; --left) {
      const StreamId id = read_key(in_);
      if (in_.failed()) return false;
      const auto found = std::lower_bound(
          pending_.begin(), pending_.end(), id,
          [](const Unassigned& entry, StreamId wanted) { return entry.id < wanted; });
      if (found == pending_.end() || found->id != id || found->taken) return false;
      found->taken = true;
      types::Pending* pending = stream_.add_pending(group, id, found->delivered_ms);
      pending->deliveries = found->deliveries;
      stream_.assign(*pending, consumer);
    }
    return !in_.failed();
  }

  const RdbType form_;
  RdbReader& in_;
  Stream& stream_;
  Unassigneds pending_;
};

}  // namespace

// The time since which a consumer was inactive is not part of the newest form of version 10.
int write_stream(const void* storage, RdbWriter& out) {
  const types::ReadOnly<types::Stream> stream(storage);
  const bool active_time = out.features().active_time;
  out.type(active_time ? RdbType::stream_3 : RdbType::stream_2);
  write_nodes(*stream, out);
  write_marks(stream->marks(), out);
  out.length(stream->groups().size());
  for (const types::Group* group : stream->groups()) write_group(*group, out);
  return active_time ? kActiveTimeVersion : kPlainVersion;
}

bool read_stream(RdbType form, RdbReader& in, void*& storage) {
  Stream stream(nullptr);
  const bool good = Builder(form, in, stream).read();
  storage = stream.storage();
  return good;
}

}  // namespace larder::persistence
