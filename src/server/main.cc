// larder-server: reads the command line and the configuration, prepares the process, and runs the
// server until its shutdown.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "banner.h"
#include "larder.h"
#include "larder/config/registry.h"
#include "larder/net/listener.h"
#include "larder/process/background.h"
#include "larder/process/limits.h"
#include "larder/process/pages.h"
#include "larder/process/title.h"
#include "larder/server/configuration.h"
#include "live_settings.h"

namespace larder::server {
namespace {

constexpr const char* kUsage =
    "Usage: larder-server [/path/to/larder.conf] [options] [-]\n"
    "       larder-server - (read the configuration from standard input)\n"
    "       larder-server -v or --version\n"
    "       larder-server -h or --help\n"
    "       larder-server --print-config        (a configuration file with all directives)\n"
    "       larder-server --print-config-docs   (the same as tables for reading)\n"
    "\n"
    "Options are directives of the configuration file with two dashes in front:\n"
    "       larder-server --port 7777 --maxmemory 100mb\n"
    "       larder-server /etc/larder.conf --loglevel verbose\n";

// The text for options such as --version, which is printed instead of running the server; else
// empty.
std::string answer_of(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return {};
  const std::string& word = arguments.front();
  if (word == "-v" || word == "--version") return version_line() + "\n";
  if (word == "-h" || word == "--help") return kUsage;
  if (word == "--print-config") return Configuration().registry.print_file();
  if (word == "--print-config-docs") return Configuration().registry.print_reference();
  return {};
}

// The error for --sentinel.
constexpr const char* kNoSentinel =
    "larder-server cannot run as a Sentinel. Use redis-sentinel (or redis-server --sentinel), "
    "which monitors Larder and fails it over as it does Redis.\n";

bool asks_for_sentinel(const std::vector<std::string>& arguments) {
  return std::find(arguments.begin(), arguments.end(), "--sentinel") != arguments.end();
}

base::Result<void> load(Configuration& configuration, const std::vector<std::string>& arguments) {
  const config::CommandLine line = config::read_command_line(arguments);
  config::Sources sources{line.file, {}, line.options};
  if (line.standard_input) {
    sources.input.assign(std::istreambuf_iterator<char>(std::cin),
                         std::istreambuf_iterator<char>());
  }
  if (!line.file.empty()) configuration.file = std::filesystem::absolute(line.file).string();
  return configuration.registry.load(sources);
}

// Enters the working folder and opens the log there.
base::Result<void> enter_working_folder(const Configuration& configuration, base::Log& log) {
  const std::string& dir = configuration.server.process.dir.value();
  if (::chdir(dir.c_str()) != 0) {
    return base::Error{"Can't chdir to '" + dir + "': " + std::strerror(errno)};
  }
  return set_up_log(log, configuration.server.log);
}

base::Result<void> prepare_process(Configuration& configuration, base::Log& log) {
  const ProcessSettings& settings = configuration.server.process;
  if (std::setlocale(LC_COLLATE, settings.locale_collate.value().c_str()) == nullptr) {
    return base::Error{"Failed to configure LOCALE for invalid locale name."};
  }
  if (settings.disable_thp.value()) process::disable_huge_pages(log);
  if (const auto bound = process::set_cpu_affinity(settings.server_cpulist.value()); !bound) {
    log.warning("Can't run on the processors of server_cpulist: " + bound.error().text);
  }
  auto& maxclients = configuration.net.clients.maxclients;
  const auto possible = process::reserve_descriptors(maxclients.value(), log);
  if (!possible) return possible.error();
  maxclients.value(possible.value());
  return {};
}

std::string pid_path(const ProcessSettings& settings) {
  const bool background = settings.daemonize.value();
  if (!settings.pidfile.value().empty() || !background) return settings.pidfile.value();
  return "/var/run/redis.pid";
}

// Directives that are accepted but whose feature does not exist yet.
void log_directives_without_effect(const config::Registry& registry, base::Log& log) {
  for (const config::Directive* directive : registry.set_without_effect()) {
    log.warning("The configuration sets '" + std::string(directive->name()) +
                "', which has no effect yet.");
  }
}

int fail(base::Log& log, const std::string& text) {
  log.warning(text);
  return 1;
}

int serve(Configuration& configuration, base::Log& log, process::Title& title) {
  const ProcessSettings& settings = configuration.server.process;
  log_start(log, configuration, title.program());
  log_directives_without_effect(configuration.registry, log);
  process::Supervisor supervisor(settings.supervised.as<process::Supervision>(), log);
  process::PidFile pid_file;
  pid_file.write(pid_path(settings), log);
  if (const auto ready = prepare_process(configuration, log); !ready) {
    return fail(log, ready.error().text);
  }
  try {
    Larder larder({configuration, log, title, supervisor, pid_file});
    log_banner(log, configuration);
    net::warn_of_short_backlog(log, static_cast<int>(configuration.net.listen.tcp_backlog.value()));
    if (const auto open = larder.listen(); !open) return fail(log, open.error().text);
    log.notice("Server initialized");
    process::return_startup_pages();
    if (const int status = larder.run(); status != 0) return status;
    if (larder.leaves_threads()) larder.leave();
  } catch (const config::BadLine& failure) {
    std::cerr << failure.what() << std::flush;
    return log.path().empty() ? 1 : fail(log, failure.what());
  } catch (const std::runtime_error& failure) {
    return fail(log, failure.what());
  }
  log.notice(kBye);
  return 0;
}

int run(const std::vector<std::string>& arguments, process::Title& title) {
  const std::string answer = answer_of(arguments);
  if (!answer.empty()) return std::fputs(answer.c_str(), stdout) < 0 ? 1 : 0;
  if (asks_for_sentinel(arguments)) {
    std::cerr << kNoSentinel;
    return 1;
  }
  Configuration configuration;
  base::Log log;
  if (const auto loaded = load(configuration, arguments); !loaded) {
    std::cerr << loaded.error().text << std::flush;
    return 1;
  }
  const ProcessSettings& settings = configuration.server.process;
  const bool supervised =
      settings.supervised.as<process::Supervision>() != process::Supervision::none;
  if (settings.daemonize.value() && !supervised) process::daemonize();
  if (const auto settled = enter_working_folder(configuration, log); !settled) {
    std::cerr << settled.error().text << "\n";
    return 1;
  }
  return serve(configuration, log, title);
}

}  // namespace
}  // namespace larder::server

int main(int argc, char** argv) {
  larder::process::Title title(argc, argv);
  // The title is written over the arguments, so they are copied before.
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    return larder::server::run(arguments, title);
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
}
