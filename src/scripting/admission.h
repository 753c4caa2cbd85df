#pragma once

// The checks before scripts and functions run.

#include <cstdint>
#include <optional>
#include <string_view>

#include "interpreter.h"
#include "larder/scripting/runtime.h"

namespace larder::scripting {

// The number of keys, the second argument; nothing after an error reply. `bad` is the error for a
// text that is no number.
std::optional<std::size_t> read_key_count(engine::Call& call,
                                          std::string_view bad = engine::errors::kNotAnInteger);

// Whether CLIENT PAUSE WRITE stops scripts of this client that may write.
bool are_writes_paused(const engine::Call& call, const Runtime::Parts& parts);
// The command runs again when the pause is over.
void wait_for_end_of_pause(engine::Call& call);

Interpreter::Arguments arguments_of(const engine::Call& call, std::size_t keys);

// Whether a script with these flags (ScriptFlag), or with this text, is not refused as a whole in
// this state of the server; otherwise the error is sent. A script that declares nothing is refused
// only while the data is stale, and its commands are checked one by one.
bool passes_gates(engine::Call& call, const Runtime::Parts& parts, std::uint32_t flags);
bool passes_gates(engine::Call& call, const Runtime::Parts& parts, std::string_view text);

// Whether what is declared by `flags` lets it begin; otherwise the error is sent.
bool may_begin(engine::Call& call, const Runtime::Parts& parts, std::uint32_t flags, Access access);

}  // namespace larder::scripting
