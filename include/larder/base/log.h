#pragma once

// The log in Redis's line format: "<pid>:<role> <dd> <Mon> <yyyy> <hh>:<mm>:<ss>.<mmm> <level>
// <text>", to standard output or appended to a file, each line written at once.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "larder/base/result.h"

namespace larder::base {

enum class LogLevel : std::uint8_t { debug, verbose, notice, warning, nothing };

// The 'role' letter of a line: which kind of process writes it.
enum class LogRole : char { primary = 'M', replica = 'S', child = 'C', sentinel = 'X' };

class Log {
 public:
  // Writes to standard output, from level notice on, until this is changed.
  Log();
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Appends to `path` from now on; an empty path is standard output.
  Result<void> write_to(const std::string& path);
  void mirror_to_syslog(const std::string& ident, int facility);
  void level(LogLevel least) { least_ = least; }
  LogLevel level() const { return least_; }
  void role(LogRole role) { role_ = role; }
  const std::string& path() const { return path_; }

  bool wants(LogLevel level) const { return level >= least_ && least_ != LogLevel::nothing; }
  void write(LogLevel level, std::string_view text);
  // The text as it is, without the line's head; for banners and crash reports.
  void write_raw(std::string_view text);

  void debug(std::string_view text) { write(LogLevel::debug, text); }
  void verbose(std::string_view text) { write(LogLevel::verbose, text); }
  void notice(std::string_view text) { write(LogLevel::notice, text); }
  void warning(std::string_view text) { write(LogLevel::warning, text); }

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
  std::string path_;
  LogLevel least_ = LogLevel::notice;
  LogRole role_ = LogRole::primary;
};

}  // namespace larder::base
