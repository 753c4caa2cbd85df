#include "banner.h"

#include <unistd.h>

#include "build.h"
#include "larder/engine/identity.h"
#include "larder/memory/pages.h"

namespace larder::server {
namespace {

constexpr std::string_view kPicture[] = {
    R"(   ___________________________      )", R"(  |  _   ___   _    _   ___  |      )",
    R"(  | (_) |   | (_)  (_) |   | |      )", R"(  |_[_]_|___|_[_]__[_]_|___|_|      )",
    R"(  |   __    _   ___    __    |      )", R"(  |  (__)  (_) |   |  (__)   |      )",
    R"(  |__[__]__[_]_|___|__[__]___|      )", R"(  |   _   ____   _    ____   |      )",
    R"(  |__(_)_|____|_(_)__|____|__|      )", R"(  |__________________________|      )",
};

}  // namespace

std::string build_id() {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view text : {engine::kLarderVersion, kBuildCommit, kCompilerVersion}) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 15];
  return digits;
}

std::string version_line() {
  return "Larder server v=" + std::string(engine::kCompatibleVersion) +
         " larder=" + std::string(engine::kLarderVersion) + " sha=" + std::string(kBuildCommit) +
         ":" + std::to_string(kBuildDirty) + " malloc=" + memory::allocator_name() +
         " bits=" + std::to_string(sizeof(void*) * 8) + " build=" + build_id();
}

void log_start(base::Log& log, const Configuration& configuration, const std::string& program) {
  log.notice("Larder is starting");
  log.notice("Larder version=" + std::string(engine::kLarderVersion) + ", compatible with Redis " +
             std::string(engine::kCompatibleVersion) + ", bits=" +
             std::to_string(sizeof(void*) * 8) + ", PID: " + std::to_string(::getpid()));
  if (configuration.file.empty()) {
    log.warning(
        "Warning: no config file specified, using the default config. In order to specify "
        "a config file use " +
        program + " /path/to/larder.conf");
  } else {
    log.notice("Configuration loaded from " + configuration.file);
  }
}

void log_banner(base::Log& log, const Configuration& configuration) {
  const std::string port = std::to_string(configuration.net.listen.port.value());
  const auto& settings = configuration.server.log;
  const bool seen = ::isatty(STDOUT_FILENO) != 0 && settings.logfile.value().empty() &&
                    !settings.syslog_enabled.value();
  if (!seen && !settings.always_show_logo.value()) {
    return log.notice("Running mode=standalone, port=" + port + ".");
  }
  const std::string notes[] = {
      {},
      {},
      "Larder " + std::string(engine::kLarderVersion) + " (" + std::to_string(sizeof(void*) * 8) +
          " bit), as Redis " + std::string(engine::kCompatibleVersion),
      {},
      "Running in standalone mode",
      "Port: " + port,
      "PID: " + std::to_string(::getpid()),
  };
  std::string picture = "\n";
  for (std::size_t i = 0; i < std::size(kPicture); ++i) {
    picture += kPicture[i];
    if (i < std::size(notes)) picture += notes[i];
    picture.erase(picture.find_last_not_of(' ') + 1);
    picture += '\n';
  }
  log.write_raw(picture + "\n");
}

}  // namespace larder::server
