#pragma once

// The directives of the process: start, log and shutdown.

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <string_view>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::server {

// The variables of proc-title-template, with their braces.
inline constexpr std::string_view kTitleVariables[] = {
    "{title}",    "{listen-addr}", "{server-mode}", "{port}",
    "{tls-port}", "{unixsocket}",  "{config-file}",
};

inline base::Result<void> check_title_template(const std::string& text) {
  const base::Error refusal{"template format is invalid or contains unknown variables"};
  if (text.empty()) return refusal;
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    bool is_known = false;
    for (const std::string_view variable : kTitleVariables) {
      is_known = is_known || text.compare(at, variable.size(), variable) == 0;
    }
    if (!is_known) return refusal;
  }
  return {};
}

// A folder that the process may enter.
inline base::Result<void> check_dir(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return base::Error{std::strerror(errno)};
  if (!S_ISDIR(found.st_mode)) return base::Error{std::strerror(ENOTDIR)};
  if (::access(path.c_str(), X_OK) != 0) return base::Error{std::strerror(errno)};
  return {};
}

// Bits of shutdown-on-sigterm and shutdown-on-sigint.
enum ShutdownFlag : std::uint32_t {
  kShutdownDefault = 0,
  kShutdownSave = 1,
  kShutdownNoSave = 2,
  kShutdownNow = 4,
  kShutdownForce = 8,
};

inline base::Result<void> check_shutdown_flags(std::uint32_t flags) {
  if ((flags & kShutdownSave) != 0 && (flags & kShutdownNoSave) != 0) {
    return base::Error{"shutdown options SAVE and NOSAVE can't be used simultaneously"};
  }
  return {};
}

struct ProcessSettings : config::Group {
  explicit ProcessSettings(config::Registry& registry) : Group(registry, "Process") {}

  config::Toggle daemonize{*this,
                           {.name = "daemonize",
                            .fallback = false,
                            .traits = config::kImmutable,
                            .help = "Run in the background."}};
  config::Choice supervised{*this,
                            {.name = "supervised",
                             .fallback = 3,
                             .words = {"upstart", "systemd", "auto", "no"},
                             .traits = config::kImmutable,
                             .help = "Which supervisor is notified that the server is ready; auto "
                                     "detects it from the environment."}};
  config::Text pidfile{
      *this,
      {.name = "pidfile",
       .traits = config::kImmutable,
       .help = "File for the process id. With daemonize the default is /var/run/redis.pid."}};
  // After the start its value is the working folder's full path.
  config::Text dir{*this,
                   {.name = "dir",
                    .fallback = "./",
                    .traits = config::kProtected | config::kDeniedLoading,
                    .help = "Working folder; other relative names are relative to it.",
                    .check = check_dir}};
  config::Toggle set_proc_title{*this,
                                {.name = "set-proc-title",
                                 .fallback = true,
                                 .traits = config::kImmutable,
                                 .help = "Show the state of the server in process lists."}};
  config::Text proc_title_template{
      *this,
      {.name = "proc-title-template",
       .fallback = "{title} {listen-addr} {server-mode}",
       .help = "Text for process lists. Variables: {title}, {listen-addr}, {server-mode}, {port}, "
               "{tls-port}, {unixsocket}, {config-file}.",
       .check = check_title_template}};
  config::Text locale_collate{
      *this,
      {.name = "locale-collate",
       .help = "Locale for comparing texts; empty means that of the environment."}};
  config::Choice oom_score_adj{
      *this,
      {.name = "oom-score-adj",
       .fallback = 0,
       .words = {"no", "yes", "relative", "absolute"},
       .help = "Whether the kernel gets scores that determine which processes it kills when memory "
               "is exhausted: oom-score-adj-values are added to the score at the start (yes, "
               "relative) or used directly (absolute)."}};
  config::Numbers oom_score_adj_values{
      *this,
      {.name = "oom-score-adj-values",
       .fallback = {0, 200, 800},
       .range = {-2000, 2000},
       .refusal = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
       .help = "Scores of a primary, a replica and a background child."}};
  config::Toggle disable_thp{
      *this,
      {.name = "disable-thp",
       .fallback = true,
       .traits = config::kImmutable,
       .help =
           "Disable transparent huge pages, which cost memory and time when a child is forked."}};
  config::Text server_cpulist{*this,
                              {.name = "server_cpulist",
                               .traits = config::kImmutable,
                               .help = "Processors for the server thread: 0,2,4-7 or 0-7:2."}};
  config::Text bio_cpulist{*this,
                           {.name = "bio_cpulist",
                            .traits = config::kImmutable | config::kNotActing,
                            .help = "Processors for background threads."}};
  config::Text aof_rewrite_cpulist{
      *this,
      {.name = "aof_rewrite_cpulist",
       .traits = config::kImmutable | config::kNotActing,
       .help = "Processors for a child that rewrites the append-only file."}};
  config::Text bgsave_cpulist{*this,
                              {.name = "bgsave_cpulist",
                               .traits = config::kImmutable | config::kNotActing,
                               .help = "Processors for a child that writes a snapshot."}};
  config::Text ignore_warnings{*this,
                               {.name = "ignore-warnings",
                                .traits = config::kNotActing,
                                .help = "Warnings about the system that do not stop the start."}};
};

struct LogSettings : config::Group {
  explicit LogSettings(config::Registry& registry) : Group(registry, "Log") {}

  // The words are in the order of base::LogLevel.
  config::Choice loglevel{*this,
                          {.name = "loglevel",
                           .fallback = 2,
                           .words = {"debug", "verbose", "notice", "warning", "nothing"},
                           .help = "Lowest level of the lines that are logged."}};
  config::Text logfile{*this,
                       {.name = "logfile",
                        .traits = config::kImmutable,
                        .help = "File to which the log is appended; empty means standard output."}};
  config::Toggle syslog_enabled{*this,
                                {.name = "syslog-enabled",
                                 .fallback = false,
                                 .traits = config::kImmutable,
                                 .help = "Also write to the system's log."}};
  config::Text syslog_ident{*this,
                            {.name = "syslog-ident",
                             .fallback = "redis",
                             .traits = config::kImmutable,
                             .help = "Name in the system's log."}};
  config::Choice syslog_facility{*this,
                                 {.name = "syslog-facility",
                                  .fallback = 1,
                                  .words = {"user", "local0", "local1", "local2", "local3",
                                            "local4", "local5", "local6", "local7"},
                                  .traits = config::kImmutable,
                                  .help = "Facility of the system's log."}};
  config::Toggle always_show_logo{
      *this,
      {.name = "always-show-logo",
       .fallback = false,
       .traits = config::kImmutable,
       .help = "Print the banner at the start of the log even if the log is not a terminal."}};
  config::Toggle crash_log_enabled{*this,
                                   {.name = "crash-log-enabled",
                                    .fallback = true,
                                    .help = "Write a report to the log when the server crashes."}};
  config::Toggle crash_memcheck_enabled{*this,
                                        {.name = "crash-memcheck-enabled",
                                         .fallback = true,
                                         .traits = config::kNotActing,
                                         .help = "Test the memory for faults after a crash."}};
  config::Toggle use_exit_on_panic{
      *this,
      {.name = "use-exit-on-panic",
       .fallback = false,
       .traits = config::kHidden,
       .help = "Call exit() instead of abort() after a failed internal check."}};
  config::Integer watchdog_period{*this,
                                  {.name = "watchdog-period",
                                   .fallback = 0,
                                   .range = {0, INT_MAX},
                                   .traits = config::kHidden,
                                   .help = "Milliseconds after which the stack of a command that "
                                           "is still running is logged; 0 means never."}};
};

struct ShutdownSettings : config::Group {
  explicit ShutdownSettings(config::Registry& registry) : Group(registry, "Shutdown") {}

  config::Integer shutdown_timeout{
      *this,
      {.name = "shutdown-timeout",
       .fallback = 10,
       .range = {0, INT_MAX},
       .help = "Seconds to wait at shutdown for replicas that are behind."}};
  config::Flags shutdown_on_sigint{*this,
                                   {.name = "shutdown-on-sigint",
                                    .fallback = kShutdownDefault,
                                    .words = {{"default", kShutdownDefault},
                                              {"save", kShutdownSave},
                                              {"nosave", kShutdownNoSave},
                                              {"now", kShutdownNow},
                                              {"force", kShutdownForce}},
                                    .help = "Options of SHUTDOWN that SIGINT has.",
                                    .check = check_shutdown_flags}};
  config::Flags shutdown_on_sigterm{*this,
                                    {.name = "shutdown-on-sigterm",
                                     .fallback = kShutdownDefault,
                                     .words = {{"default", kShutdownDefault},
                                               {"save", kShutdownSave},
                                               {"nosave", kShutdownNoSave},
                                               {"now", kShutdownNow},
                                               {"force", kShutdownForce}},
                                     .help = "Options of SHUTDOWN that SIGTERM has.",
                                     .check = check_shutdown_flags}};
};

// All directives of this room.
struct Settings {
  explicit Settings(config::Registry& registry)
      : process(registry), log(registry), shutdown(registry) {}

  ProcessSettings process;
  LogSettings log;
  ShutdownSettings shutdown;
};

}  // namespace larder::server
