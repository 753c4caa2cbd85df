#include "dataset_text.h"

#include <limits>

#include "larder/types/hash.h"
#include "larder/types/stream.h"
#include "src/commands/server/dataset_digest.h"

namespace larder::transcripts {
namespace {

constexpr std::size_t kMostShown = 5;
// Fields past their deadline are shown too.
constexpr std::int64_t kStoredAtAll = std::numeric_limits<std::int64_t>::min();

std::string print(types::StreamId id) {
  types::StreamIdScratch scratch;
  return std::string(types::print(id, scratch));
}

std::string describe_hash(const keyspace::Entry& entry) {
  const auto hash = entry.value<types::Hash>();
  std::map<std::string, std::int64_t> deadlines;
  hash->for_each(kStoredAtAll, [&](const types::String& name, const types::String&) {
    types::String::Scratch scratch;
    const std::string text(name.text(scratch));
    if (const auto deadline = hash->deadline(text, kStoredAtAll)) deadlines[text] = *deadline;
  });
  std::string out;
  for (const auto& [name, deadline] : deadlines) {
    out += ", " + name + " until " + std::to_string(deadline);
  }
  return out;
}

std::string describe(const types::Pending& pending, const Omitted& omitted) {
  std::string out = " " + print(pending.id);
  if (!omitted.contains(Fact::delivery_count)) out += "*" + std::to_string(pending.deliveries);
  if (!omitted.contains(Fact::delivery_time)) out += "@" + std::to_string(pending.delivered_ms);
  return out;
}

std::string describe_group(const types::Group& group, const Omitted& omitted) {
  std::string out = ", group " + std::string(group.name()) + " " + print(group.last_id) + " read " +
                    std::to_string(group.entries_read);
  for (const types::Consumer* const consumer : group.consumers) {
    out += ", consumer " + std::string(consumer->name());
    if (!omitted.contains(Fact::seen_time)) out += " seen " + std::to_string(consumer->seen_ms);
    out += " active " + std::to_string(consumer->active_ms);
    for (auto at = consumer->pending.first(); consumer->pending.valid(at);
         at = consumer->pending.next(at)) {
      out += describe(*consumer->pending[at], omitted);
    }
  }
  return out;
}

std::string describe_stream(const keyspace::Entry& entry, const Omitted& omitted) {
  const auto stream = entry.value<types::Stream>();
  const types::StreamMarks& marks = stream->marks();
  std::string out = ", last " + print(marks.last) + " max deleted " + print(marks.max_deleted) +
                    " added " + std::to_string(marks.added);
  for (const types::Group* group : stream->groups()) out += describe_group(*group, omitted);
  return out;
}

std::string describe(const keyspace::Entry& entry, const Omitted& omitted) {
  std::string out(types::row(entry.type()).name);
  out += " " + commands::digest_value(entry).hex();
  if (entry.has_deadline()) out += " until " + std::to_string(entry.deadline_ms());
  if (entry.type() == types::Type::hash) out += describe_hash(entry);
  if (entry.type() == types::Type::stream) out += describe_stream(entry, omitted);
  return out;
}

}  // namespace

Dataset describe(const keyspace::Keyspace& keyspace, const Omitted& omitted) {
  Dataset out;
  for (std::size_t i = 0; i < keyspace.databases(); ++i) {
    keyspace.db(i).entries().for_each([&](const keyspace::Entry* entry) {
      out[std::to_string(i) + " " + std::string(entry->key())] = describe(*entry, omitted);
    });
  }
  return out;
}

std::string difference(const Dataset& expected, const Dataset& found) {
  std::map<std::string, std::pair<std::string, std::string>> both;
  for (const auto& [key, text] : expected) both[key].first = text;
  for (const auto& [key, text] : found) both[key].second = text;
  std::string out;
  std::size_t shown = 0;
  for (const auto& [key, texts] : both) {
    const auto& [wanted, got] = texts;
    if (wanted == got || ++shown > kMostShown) continue;
    out += "    " + key.substr(0, 100) + "\n      here   " + (wanted.empty() ? "absent" : wanted) +
           "\n      mirror " + (got.empty() ? "absent" : got) + "\n";
  }
  return out;
}

}  // namespace larder::transcripts
