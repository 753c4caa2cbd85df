#include "fork_snapshot.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "larder/base/format.h"
#include "larder/memory/pages.h"

namespace larder::persistence {
namespace {

constexpr std::int64_t kReportUs = 1'000'000;
constexpr double kMegabyte = 1 << 20;

}  // namespace

// In the child: counts keys, and writes to the pipe once a second.
class ForkSnapshot::Reporter final : public SaveProgress {
 public:
  Reporter(const base::Clock& clock, base::Log& log, int pipe)
      : clock_(clock), log_(log), pipe_(pipe), reported_us_(clock.steady_now_us()) {}

  void key_written() override {
    constexpr std::uint64_t kKeysUnasked = 1024;
    if (++report_.keys % kKeysUnasked != 0) return;
    const std::int64_t now_us = clock_.steady_now_us();
    if (now_us - reported_us_ < kReportUs) return;
    reported_us_ = now_us;
    report();
  }
  void report() {
    report_.copied_bytes = memory::private_dirty_bytes();
    peak_ = std::max(peak_, report_.copied_bytes);
    sum_ += report_.copied_bytes;
    ++samples_;
    const Report copy = report_;
    [[maybe_unused]] const ssize_t written = ::write(pipe_, &copy, sizeof copy);
  }
  void log_result() const {
    log_.notice(base::printed("Fork CoW for RDB: current %.0f MB, peak %.0f MB, average %.0f MB",
                              static_cast<double>(report_.copied_bytes) / kMegabyte,
                              static_cast<double>(peak_) / kMegabyte,
                              static_cast<double>(sum_) /
                                  static_cast<double>(std::max<std::uint64_t>(samples_, 1)) /
                                  kMegabyte));
  }

 private:
  const base::Clock& clock_;
  base::Log& log_;
  const int pipe_;
  std::int64_t reported_us_;
  Report report_;
  std::uint64_t peak_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t samples_ = 0;
};

ForkSnapshot::ForkSnapshot(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order)
    : parts_(parts), order_(order), outcome_{.end = SnapshotResult::End::failed, .reason = {}} {}

ForkSnapshot::~ForkSnapshot() {
  if (child_ > 0) cancel();
  close_pipe();
}

void ForkSnapshot::close_pipe() {
  for (int& end : pipe_) {
    if (end >= 0) ::close(end);
    end = -1;
  }
}

base::Result<void> ForkSnapshot::start() {
  const SnapshotSource source = this->source();
  outcome_.version = source.version();
  outcome_.hashes_without_deadlines = source.dropped_deadlines();
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) {
    return base::Error{std::string("Can't save in background: pipe: ") + std::strerror(errno)};
  }
  const pid_t server = ::getpid();
  const std::int64_t began_us = source.clock.steady_now_us();
  child_ = ::fork();
  if (child_ == 0) {
    // Ends with the server, which may have ended already.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != server) ::_exit(1);
    run_child();
  }
  parts_.metrics.latest_fork_usec = source.clock.steady_now_us() - began_us;
  parts_.observer.worked_elsewhere(engine::LatencyEvent::fork,
                                   parts_.metrics.latest_fork_usec.value());
  if (child_ < 0) {
    return base::Error{std::string("Can't save in background: fork: ") + std::strerror(errno)};
  }
  ++parts_.metrics.total_forks;
  ::close(pipe_[1]);
  pipe_[1] = -1;
  const std::string what = order_.outlet == nullptr ? "saving" : "RDB transfer";
  parts_.log.notice("Background " + what + " started by pid " + std::to_string(child_));
  return {};
}

SnapshotSource ForkSnapshot::source() const {
  SnapshotSource source = parts_.snapshots.source(order_.purpose);
  source.most_version = order_.most_version;
  source.without_keys = order_.without_keys;
  if (order_.without_functions) source.functions = nullptr;
  return source;
}

void ForkSnapshot::run_child() {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGALRM}) ::signal(signal, SIG_DFL);
  parts_.log.role(base::LogRole::child);
  if (parts_.title != nullptr) {
    const bool is_save = order_.purpose == RdbPurpose::snapshot;
    parts_.title->show(is_save ? "redis-rdb-bgsave" : "redis-aof-rewrite");
  }
  Reporter reporter(parts_.snapshots.source().clock, parts_.log, pipe_[1]);
  const auto written = write_file(reporter);
  if (written) {
    parts_.log.notice("DB saved on disk");
    reporter.report();
    reporter.log_result();
  } else {
    parts_.log.warning(written.error().text);
  }
  ::_exit(written ? 0 : 1);
}

base::Result<void> ForkSnapshot::write_file(Reporter& reporter) {
  SnapshotFile file(parts_.calls, order_.syncing, temporary_snapshot(::getpid()));
  auto done = file.open();
  if (done) done = source().write(file, &reporter);
  if (done) done = file.publish(order_.name);
  return done;
}

void ForkSnapshot::read_reports() {
  Report report;
  while (::read(pipe_[0], &report, sizeof report) == static_cast<ssize_t>(sizeof report)) {
    SavingFigures& figures = parts_.metrics.saving;
    figures.keys_done = report.keys;
    figures.copied_bytes = report.copied_bytes;
    figures.copied_peak = std::max(figures.copied_peak, report.copied_bytes);
    figures.copied_at_us = parts_.snapshots.source().clock.steady_us();
    outcome_.copied_bytes = figures.copied_peak;
  }
}

void ForkSnapshot::note_exit(int status) {
  using End = SnapshotResult::End;
  const pid_t child = child_;
  child_ = -1;
  read_reports();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    outcome_.end = End::done;
    return end(outcome_);
  }
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  parts_.calls.remove(temporary_snapshot(child).c_str());
  outcome_.end = signal == SIGUSR1 ? End::cancelled : End::failed;
  if (signal != 0) {
    outcome_.reason = "Background saving terminated by signal " + std::to_string(signal);
  }
  end(outcome_);
}

void ForkSnapshot::beat() {
  if (child_ <= 0) return;
  read_reports();
  int status = 0;
  const pid_t ended = ::waitpid(child_, &status, WNOHANG);
  if (ended == child_) note_exit(status);
}

// A process that waits for the disk ends when the system lets it.
bool ForkSnapshot::abandon(std::int64_t us) {
  constexpr timespec kStep{0, 1'000'000};
  if (child_ <= 0) return true;
  ::kill(child_, SIGUSR1);
  int status = 0;
  const base::Clock& clock = parts_.snapshots.source().clock;
  const std::int64_t until_us = clock.steady_now_us() + us;
  while (::waitpid(child_, &status, WNOHANG) != child_) {
    if (clock.steady_now_us() < until_us) {
      ::nanosleep(&kStep, nullptr);
      continue;
    }
    ::kill(child_, SIGKILL);
    parts_.calls.remove(temporary_snapshot(child_).c_str());
    return false;
  }
  note_exit(status);
  return true;
}

void ForkSnapshot::cancel() {
  if (child_ <= 0) return;
  ::kill(child_, SIGUSR1);
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  note_exit(status);
}

}  // namespace larder::persistence
