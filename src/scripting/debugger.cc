#include "debugger.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "debug_text.h"
#include "errors.h"
#include "host.h"
#include "larder/base/format.h"

namespace larder::scripting {
namespace {

constexpr const char* kScriptName = "user_script";
constexpr std::int64_t kUsualThresholdMs = 5000;

std::vector<std::string> lines_of(std::string_view text) {
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

}  // namespace

Debugger::Debugger(const DebugLink::Descriptors& descriptors, std::string_view text)
    : link_(descriptors), source_(lines_of(text)) {}

void Debugger::log(std::string line) {
  if (log_bytes_ > kMostLogBytes) return;
  log_bytes_ += line.size() + sizeof(std::string);
  if (log_bytes_ > kMostLogBytes) line = "<hint> What followed is not shown: it was too much.";
  log_.push_back(std::move(line));
}

void Debugger::send_log() {
  link_.send(log_);
  log_.clear();
  log_bytes_ = 0;
}

void Debugger::log_bounded(std::string text) {
  if (text.size() <= most_shown()) return log(std::move(text));
  text.resize(most_shown());
  log(text + " ...");
  if (std::exchange(knows_of_bound_, true)) return;
  log("<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.");
}

void Debugger::log_value(lua_State* lua, std::string prefix) {
  show_value(prefix, lua, -1, most_shown());
  log_bounded(std::move(prefix));
}

bool Debugger::is_breakpoint(std::int64_t line) const {
  return std::find(breakpoints_.begin(), breakpoints_.end(), line) != breakpoints_.end();
}

void Debugger::log_line_of_source(std::int64_t line) {
  const bool exists = line > 0 && line <= static_cast<std::int64_t>(source_.size());
  const char* const text = exists ? source_[static_cast<std::size_t>(line) - 1].c_str()
                                  : "<out of range source code line>";
  log(base::printed("%s%c%-3d %s", line == line_ ? "->" : "  ", is_breakpoint(line) ? '#' : ' ',
                    static_cast<int>(line), text));
}

void Debugger::log_lines_around(std::int64_t line, std::int64_t context) {
  const auto last = static_cast<std::int64_t>(source_.size());
  for (std::int64_t i = 1; i <= last; ++i) {
    if (i >= line - context && i <= line + context) log_line_of_source(i);
  }
}

void Debugger::report_call(std::span<const std::string_view> words) {
  constexpr std::size_t kMostWords = 10;
  std::string line = "<redis>";
  for (std::size_t i = 0; i < words.size() && i < kMostWords; ++i) {
    line += ' ';
    line += words[i].substr(0, kMostShownBytes);
  }
  if (words.size() > kMostWords) {
    line += " ... (" + std::to_string(words.size() - kMostWords - 1) + " more)";
  }
  log(std::move(line));
}

void Debugger::report_reply(std::string_view reply) {
  std::string line = "<reply> ";
  show_reply(line, reply, most_shown());
  log_bounded(std::move(line));
}

void Debugger::report_error(std::string_view text) { log("<error> " + std::string(text)); }

void Debugger::report_values(lua_State* lua) {
  const int count = lua_gettop(lua);
  std::string line = "<debug> line " + std::to_string(line_) + ": ";
  for (int i = 1; i <= count; ++i) {
    show_value(line, lua, i, kMostShownBytes);
    if (i < count) line += ", ";
  }
  log(std::move(line));
}

// Without requests of its client a script runs to its end, but not for ever.
const char* Debugger::reason_to_stop(const Host& host, Visit visit) {
  if (std::exchange(was_asked_to_stop_, false) && link_.reads()) return "redis.breakpoint() called";
  if (is_breakpoint(line_)) return "break point";
  if (steps_) return "step over";
  if (visit == Visit::line) return nullptr;
  const std::int64_t threshold_ms = host.parts().settings.busy_reply_threshold.value();
  const std::int64_t most_ms = threshold_ms == 0 ? kUsualThresholdMs : threshold_ms;
  return host.running_ms() >= most_ms ? "timeout reached, infinite loop?" : nullptr;
}

void Debugger::visit(lua_State* lua, Run& run, Visit visit) {
  lua_Debug place;
  if (lua_getstack(lua, 0, &place) == 0 || lua_getinfo(lua, "Sl", &place) == 0) return;
  if (std::strstr(place.short_src, kScriptName) == nullptr) return;
  line_ = place.currentline;
  const char* const reason = reason_to_stop(host_of(lua), visit);
  if (reason == nullptr) return;
  steps_ = false;
  log(base::printed("* Stopped at %d, stop reason = %s", line_, reason));
  log_line_of_source(line_);
  send_log();
  if (!serve(lua)) {
    breakpoints_.clear();
    if (visit == Visit::time) run.is_killed = true;
  }
  // The time that the client took does not count.
  run.began_us = 0;
}

bool Debugger::serve(lua_State* lua) {
  DebugWords words;
  for (;;) {
    switch (link_.read(words)) {
      case DebugLink::Received::nothing:
        return false;
      case DebugLink::Received::malformed:
        breakpoints_.clear();
        link_.stop_reading();
        raise_error(lua, "protocol error");
        return false;
      case DebugLink::Received::words:
        if (run_command(lua, words) == Next::goes_on) return true;
        send_log();
    }
  }
}

void Debugger::end() {
  steps_ = false;
  log_bytes_ = 0;
  log("<endsession>");
  send_log();
}

}  // namespace larder::scripting
