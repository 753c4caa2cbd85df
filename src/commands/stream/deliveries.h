#pragma once

// Deliveries to groups and consumers, shared by the commands on consumer groups.

#include <string>

#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/types/stream.h"

namespace larder::commands {

// "NOGROUP No such key 'k' or consumer group 'g'", and what follows it.
void reply_no_group(engine::Call& call, std::string_view key, std::string_view group,
                    std::string_view rest = {});

// The propagated commands: the current state of a pending entry, or its removal if the entry was
// deleted; the last id that the group has read; a new consumer.
void propagate_claim(engine::Call& call, std::string_view key, const types::Group& group,
                     const types::Pending& pending);
void propagate_group_id(engine::Call& call, std::string_view key, const types::Group& group);
void propagate_consumer(engine::Call& call, std::string_view key, const types::Group& group,
                        const types::Consumer& consumer);

// The consumer, with its seen-time updated; created if it does not exist. The edit and `is_new`
// report a new one.
types::Consumer& see_consumer(keyspace::Edit<types::Stream>& edit, types::Group& group,
                              std::string_view name, std::int64_t now_ms, bool& is_new);

}  // namespace larder::commands
