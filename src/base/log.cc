#include "larder/base/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/syslog_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

namespace larder::base {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::trace;
    case LogLevel::verbose:
      return spdlog::level::debug;
    case LogLevel::notice:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::nothing:
      break;
  }
  return spdlog::level::off;
}

class LevelMark final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    static constexpr char kMarks[] = {'.', '-', '*', '#'};
    const auto level = static_cast<std::size_t>(message.level);
    out.push_back(level < sizeof kMarks ? kMarks[level] : '#');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelMark>();
  }
};

class RoleLetter final : public spdlog::custom_flag_formatter {
 public:
  explicit RoleLetter(const LogRole& role) : role_(role) {}
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back(static_cast<char>(role_));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<RoleLetter>(role_);
  }

 private:
  const LogRole& role_;
};

std::unique_ptr<spdlog::formatter> line_format(const LogRole& role) {
  auto format = std::make_unique<spdlog::pattern_formatter>();
  format->add_flag<RoleLetter>('*', role);
  format->add_flag<LevelMark>('#');
  format->set_pattern("%P:%* %d %b %Y %H:%M:%S.%e %# %v");
  return format;
}

// Writes each line with one system call. If the file was renamed (log rotation), it is opened
// again under its original name.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~DescriptorSink() override { close_file(); }

  bool reopen(const std::string& path) {
    int descriptor = STDOUT_FILENO;
    if (!path.empty()) {
      descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
      if (descriptor < 0) return false;
    }
    close_file();
    descriptor_ = descriptor;
    path_ = path;
    return true;
  }

  void write_all(std::string_view text) {
    if (was_moved()) static_cast<void>(reopen(std::string(path_)));
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_all({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  void close_file() {
    if (descriptor_ != STDOUT_FILENO) ::close(descriptor_);
  }

  bool was_moved() const {
    if (path_.empty()) return false;
    struct stat open_file {};
    struct stat named {};
    if (::fstat(descriptor_, &open_file) != 0) return true;
    return ::stat(path_.c_str(), &named) != 0 || named.st_ino != open_file.st_ino ||
           named.st_dev != open_file.st_dev;
  }

  int descriptor_ = STDOUT_FILENO;
  std::string path_;
};

}  // namespace

struct Log::Sink {
  std::shared_ptr<DescriptorSink> lines = std::make_shared<DescriptorSink>();
  spdlog::logger logger{"larder", lines};
};

Log::Log() : sink_(std::make_unique<Sink>()) {
  sink_->logger.set_level(spdlog::level::trace);
  sink_->logger.set_formatter(line_format(role_));
}

Log::~Log() = default;

Result<void> Log::write_to(const std::string& path) {
  if (!sink_->lines->reopen(path)) {
    return Error{"Can't open the log file: " + std::string(std::strerror(errno))};
  }
  path_ = path;
  return {};
}

void Log::mirror_to_syslog(const std::string& ident, int facility) {
  auto syslog =
      std::make_shared<spdlog::sinks::syslog_sink_mt>(ident, LOG_PID | LOG_NDELAY, facility, false);
  auto& sinks = sink_->logger.sinks();
  sinks.resize(1);
  sinks.push_back(std::move(syslog));
}

void Log::write(LogLevel level, std::string_view text) {
  if (!wants(level)) return;
  sink_->logger.log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

void Log::write_raw(std::string_view text) { sink_->lines->write_all(text); }

}  // namespace larder::base
