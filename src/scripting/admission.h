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

// Whether some writes of clients are delayed: by CLIENT PAUSE WRITE, or because keys are held.
bool are_writes_delayed(const Runtime::Parts& parts);
// Whether a script of this client that may write must wait: because of CLIENT PAUSE WRITE, or
// because it declares a key that is held (engine::HeldKeys). The command then runs again.
bool waits_to_write(engine::Call& call, const Runtime::Parts& parts);

Interpreter::Arguments arguments_of(const engine::Call& call, std::size_t keys);

// Whether a script with these flags (ScriptFlag), or with this text, is not refused as a whole in
// this state of the server; otherwise the error is sent. A script that declares nothing is refused
// only while the data is stale, and its commands are checked one by one.
bool passes_gates(engine::Call& call, const Runtime::Parts& parts, std::uint32_t flags);
bool passes_gates(engine::Call& call, const Runtime::Parts& parts, std::string_view text);

// The gates that refuse a script with these flags when it is queued in a transaction: one that
// declares nothing is queued always.
std::uint32_t gates_when_queued(std::uint32_t flags);

// Whether what is declared by `flags` lets it begin; otherwise the error is sent.
bool may_begin(engine::Call& call, const Runtime::Parts& parts, std::uint32_t flags, Access access);

}  // namespace larder::scripting
