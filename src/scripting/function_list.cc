// What FUNCTION LIST and FUNCTION STATS reply.

#include <algorithm>

#include "function_index.h"
#include "host.h"
#include "larder/base/glob.h"
#include "larder/scripting/functions.h"
#include "shebang.h"

namespace larder::scripting {
namespace {

constexpr std::string_view kEngine = "LUA";

void write_flags(resp::Writer& reply, std::uint32_t flags) {
  std::uint64_t count = 0;
  for (const NamedFlag& each : script_flags()) count += (flags & each.flag) != 0 ? 1 : 0;
  reply.set(count);
  for (const NamedFlag& each : script_flags()) {
    if ((flags & each.flag) != 0) reply.simple(each.name);
  }
}

void write_function(resp::Writer& reply, const Function& function) {
  reply.map(3);
  reply.bulk("name");
  reply.bulk(function.name);
  reply.bulk("description");
  function.is_described ? reply.bulk(function.description) : reply.null();
  reply.bulk("flags");
  write_flags(reply, function.flags);
}

void write_library(resp::Writer& reply, const Library& library, Functions::Shown shown) {
  const bool has_code = shown == Functions::Shown::with_code;
  reply.map(has_code ? 4 : 3);
  reply.bulk("library_name");
  reply.bulk(library.name);
  reply.bulk("engine");
  reply.bulk(kEngine);
  reply.bulk("functions");
  reply.array(library.functions.size());
  for (const Function* function : library.functions) write_function(reply, *function);
  if (!has_code) return;
  reply.bulk("library_code");
  reply.bulk(library.code);
}

void write_run(resp::Writer& reply, const Run& run, std::int64_t ms) {
  reply.map(3);
  reply.bulk("name");
  reply.bulk(run.name);
  reply.bulk("command");
  reply.array(run.call.args.size());
  for (const std::string_view word : run.call.args) reply.bulk(word);
  reply.bulk("duration_ms");
  reply.integer(ms);
}

}  // namespace

void Functions::list(resp::Writer& reply, std::optional<std::string_view> pattern,
                     Shown shown) const {
  const auto glob = pattern
                        ? std::optional<base::Glob>(std::in_place, *pattern, base::Case::ignored)
                        : std::nullopt;
  std::uint64_t count = 0;
  const resp::Writer::Mark mark = reply.begin_array();
  for (const Library* library : index_->libraries()) {
    if (glob && !glob->matches(library->name)) continue;
    if (reply.drops()) break;
    write_library(reply, *library, shown);
    ++count;
  }
  reply.end_array(mark, count);
}

// A command runs beside a function only if the function is busy.
void Functions::write_statistics(resp::Writer& reply) const {
  const Run* const run = host_.run();
  if (run != nullptr && run->kind == RunKind::script) return reply.error(busy_error(run->kind));
  reply.map(2);
  reply.bulk("running_script");
  run == nullptr ? reply.null() : write_run(reply, *run, host_.running_ms());
  reply.bulk("engines");
  reply.map(1);
  reply.bulk(kEngine);
  reply.map(2);
  reply.bulk("libraries_count");
  reply.integer(static_cast<std::int64_t>(index_->libraries().size()));
  reply.bulk("functions_count");
  reply.integer(static_cast<std::int64_t>(index_->functions()));
}

}  // namespace larder::scripting
