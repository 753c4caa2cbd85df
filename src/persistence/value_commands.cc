#include "value_commands.h"

#include <algorithm>
#include <charconv>

#include "larder/base/numbers.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/stream.h"

namespace larder::persistence {
namespace {

using types::StreamId;
using types::Type;

// Elements of one command.
constexpr std::size_t kAtOnce = 64;
// Bytes that are written at once: what the blocks of a snapshot in steps have room for.
constexpr std::size_t kPart = 8 << 10;

// The elements of a collection, in as many commands as are needed.
class Elements {
 public:
  struct Shape {
    std::string_view command;
    std::size_t elements;
    std::size_t words_each = 1;
  };
  Elements(CommandWriter& out, std::string_view key, const Shape& shape)
      : out_(out), key_(key), shape_(shape), left_(shape.elements) {}

  // Before the words of each element.
  CommandWriter& next() {
    if (in_command_ == 0) begin();
    --in_command_;
    return out_;
  }

 private:
  void begin() {
    in_command_ = std::min(left_, kAtOnce);
    left_ -= in_command_;
    out_.begin(2 + in_command_ * shape_.words_each);
    out_.word(shape_.command);
    out_.word(key_);
  }

  CommandWriter& out_;
  const std::string_view key_;
  const Shape shape_;
  std::size_t left_;
  std::size_t in_command_ = 0;
};

void write_list(std::string_view key, const void* storage, CommandWriter& out) {
  const types::ReadOnly<types::List> list(storage);
  Elements elements(out, key, {"RPUSH", list->size()});
  for (auto cursor = list->at(0); !cursor.done(); cursor.next()) elements.next().word(cursor.get());
}

void write_set(std::string_view key, const void* storage, CommandWriter& out) {
  const types::ReadOnly<types::Set> set(storage);
  Elements elements(out, key, {"SADD", set->size()});
  set->for_each([&](const types::String& member) { elements.next().word(member); });
}

void write_sorted_set(std::string_view key, const void* storage, CommandWriter& out) {
  const types::ReadOnly<types::SortedSet> set(storage);
  Elements elements(out, key, {"ZADD", set->size(), 2});
  for (auto cursor = set->at(0); cursor; cursor.next()) {
    char room[base::kDoubleChars];
    elements.next().word(base::print_double(cursor.score(), room));
    out.word(cursor.member());
  }
}

void write_hash(std::string_view key, const void* storage, std::int64_t now_ms,
                CommandWriter& out) {
  const types::ReadOnly<types::Hash> hash(storage);
  std::size_t fields = 0;
  hash->for_each(now_ms, [&](const types::String&, const types::String&) { ++fields; });
  Elements elements(out, key, {"HMSET", fields, 2});
  hash->for_each(now_ms, [&](const types::String& name, const types::String& value) {
    elements.next().word(name);
    out.word(value);
  });
  const types::HashTable* table = hash->table();
  if (table == nullptr || table->next_deadline() == types::HashTable::kNever) return;
  table->fields().for_each([&](const types::HashField* field) {
    if (!field->live(now_ms) || !field->has_deadline()) return;
    out.begin(6);
    out.word("HPEXPIREAT");
    out.word(key);
    out.number(field->deadline_ms());
    out.word("FIELDS");
    out.word("1");
    out.word(field->name());
  });
}

// Writes one stream.
class StreamCommands {
 public:
  StreamCommands(std::string_view key, const types::Stream& stream, CommandWriter& out)
      : key_(key), stream_(stream), out_(out) {}

  void write() {
    write_entries();
    const types::StreamMarks& marks = stream_.marks();
    out_.begin(7);
    for (const std::string_view word : {std::string_view("XSETID"), key_}) out_.word(word);
    id(marks.last);
    out_.word("ENTRIESADDED");
    out_.number(static_cast<std::int64_t>(marks.added));
    out_.word("MAXDELETEDID");
    id(marks.max_deleted);
    for (const types::Group* group : stream_.groups()) write_group(*group);
  }

 private:
  void write_entries() {
    types::StreamReader reader(stream_, StreamId::least(), StreamId::most());
    while (reader.next()) {
      out_.begin(3 + 2 * reader.fields());
      out_.word("XADD");
      out_.word(key_);
      id(reader.id());
      for (std::uint64_t left = 2 * reader.fields(); left > 0; --left) out_.word(reader.text());
    }
    // Adds and removes an entry.
    if (stream_.size() == 0) out_.command({"XADD", key_, "MAXLEN", "0", "0-1", "x", "y"});
  }
  void write_group(const types::Group& group) {
    out_.begin(7);
    for (const std::string_view word :
         {std::string_view("XGROUP"), std::string_view("CREATE"), key_, group.name()}) {
      out_.word(word);
    }
    id(group.last_id);
    out_.word("ENTRIESREAD");
    out_.number(group.entries_read);
    for (const types::Consumer* consumer : group.consumers) write_consumer(group, *consumer);
  }
  void write_consumer(const types::Group& group, const types::Consumer& consumer) {
    out_.command({"XGROUP", "CREATECONSUMER", key_, group.name(), consumer.name()});
    const types::PendingIndex& pending = consumer.pending;
    if (pending.empty()) return;
    for (auto cursor = pending.first(); pending.valid(cursor); cursor = pending.next(cursor)) {
      write_claim(group, consumer, *pending[cursor]);
    }
  }
  void write_claim(const types::Group& group, const types::Consumer& consumer,
                   const types::Pending& pending) {
    out_.begin(12);
    for (const std::string_view word :
         {std::string_view("XCLAIM"), key_, group.name(), consumer.name(), std::string_view("0")}) {
      out_.word(word);
    }
    id(pending.id);
    out_.word("TIME");
    out_.number(pending.delivered_ms);
    out_.word("RETRYCOUNT");
    out_.number(static_cast<std::int64_t>(pending.deliveries));
    out_.word("JUSTID");
    out_.word("FORCE");
  }
  void id(StreamId value) {
    types::StreamIdScratch scratch;
    out_.word(types::print(value, scratch));
  }

  const std::string_view key_;
  const types::Stream& stream_;
  CommandWriter& out_;
};

void write_deadline(const RdbKeyHead& head, CommandWriter& out) {
  if (!head.deadline_ms) return;
  out.begin(3);
  out.word("PEXPIREAT");
  out.word(head.name);
  out.number(*head.deadline_ms);
}

void write_value(std::string_view key, const RdbStorage& value, std::int64_t now_ms,
                 CommandWriter& out) {
  switch (value.type) {
    case Type::string:
      return out.command({"SET", key, static_cast<const types::Blob*>(value.storage)->view()});
    case Type::list:
      return write_list(key, value.storage, out);
    case Type::set:
      return write_set(key, value.storage, out);
    case Type::sorted_set:
      return write_sorted_set(key, value.storage, out);
    case Type::hash:
      return write_hash(key, value.storage, now_ms, out);
    case Type::stream:
      break;
  }
  const types::ReadOnly<types::Stream> stream(value.storage);
  StreamCommands(key, *stream, out).write();
}

}  // namespace

void CommandWriter::head(char kind, std::size_t count) {
  char line[24];
  line[0] = kind;
  char* end = std::to_chars(line + 1, line + sizeof line - 2, count).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_.raw({line, static_cast<std::size_t>(end - line)});
}

void CommandWriter::begin(std::size_t words) { head('*', words); }

void CommandWriter::word(std::string_view text) {
  head('$', text.size());
  for (; text.size() > kPart; text.remove_prefix(kPart)) out_.raw(text.substr(0, kPart));
  out_.raw(text);
  out_.raw("\r\n");
}

void CommandWriter::word(const types::String& text) {
  types::String::Scratch scratch;
  word(text.text(scratch));
}

void CommandWriter::number(std::int64_t number) { word(types::String(number)); }

void CommandWriter::command(std::initializer_list<std::string_view> words) {
  begin(words.size());
  for (const std::string_view each : words) word(each);
}

void write_commands(const RdbKeyHead& head, const types::String& value, CommandWriter& out) {
  types::String::Scratch scratch;
  out.command({"SET", head.name, value.text(scratch)});
  write_deadline(head, out);
}

void write_commands(const RdbKeyHead& head, const RdbStorage& value, std::int64_t now_ms,
                    CommandWriter& out) {
  write_value(head.name, value, now_ms, out);
  write_deadline(head, out);
}

}  // namespace larder::persistence
