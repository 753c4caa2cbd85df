#include "deliveries.h"

namespace larder::commands {

void reply_no_group(engine::Call& call, std::string_view key, std::string_view group,
                    std::string_view rest) {
  std::string text = "NOGROUP No such key '";
  text.append(key).append("' or consumer group '").append(group).append("'").append(rest);
  call.reply.error(text);
}

void propagate_claim(engine::Call& call, std::string_view key, const types::Group& group,
                     const types::Pending& pending) {
  if (!call.effects.listened()) return;
  types::StreamIdScratch id;
  types::StreamIdScratch last;
  types::String::Scratch time;
  types::String::Scratch deliveries;
  call.propagate({"XCLAIM", key, group.name(), pending.consumer()->name(), "0",
                  types::print(pending.id, id), "TIME",
                  base::print_int64(pending.delivered_ms, time), "RETRYCOUNT",
                  base::print_uint64(pending.deliveries, deliveries), "FORCE", "JUSTID", "LASTID",
                  types::print(group.last_id, last)});
}

void propagate_group_id(engine::Call& call, std::string_view key, const types::Group& group) {
  if (!call.effects.listened()) return;
  types::StreamIdScratch id;
  types::String::Scratch read;
  call.propagate({"XGROUP", "SETID", key, group.name(), types::print(group.last_id, id),
                  "ENTRIESREAD", base::print_int64(group.entries_read, read)});
}

void propagate_consumer(engine::Call& call, std::string_view key, const types::Group& group,
                        const types::Consumer& consumer) {
  call.propagate({"XGROUP", "CREATECONSUMER", key, group.name(), consumer.name()});
}

types::Consumer& see_consumer(keyspace::Edit<types::Stream>& edit, types::Group& group,
                              std::string_view name, std::int64_t now_ms, bool& is_new) {
  types::Consumer* consumer = group.consumer(name);
  is_new = consumer == nullptr;
  if (is_new) {
    consumer = edit->create_consumer(group, name, now_ms);
    edit.rename(keyspace::Event::xgroup_createconsumer);
  }
  consumer->seen_ms = now_ms;
  return *consumer;
}

}  // namespace larder::commands
