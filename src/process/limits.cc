#include "larder/process/limits.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

#include "larder/base/numbers.h"

namespace larder::process {
namespace {

constexpr rlim_t kStep = 16;

// Raises the soft limit to `wanted`, or as near to it as the system allows; returns the limit.
rlim_t raise_limit(rlimit limit, rlim_t wanted, int& problem) {
  for (rlim_t ask = wanted; ask > limit.rlim_cur; ask = ask > kStep ? ask - kStep : 0) {
    const rlimit asked{ask, std::max(ask, limit.rlim_max)};
    if (::setrlimit(RLIMIT_NOFILE, &asked) == 0) return ask;
    problem = errno;
    if (limit.rlim_max > limit.rlim_cur && ask > limit.rlim_max + kStep)
      ask = limit.rlim_max + kStep;
  }
  return limit.rlim_cur;
}

std::int64_t reduce_maxclients(std::int64_t maxclients, rlim_t reached, int problem,
                               base::Log& log) {
  const std::int64_t possible = static_cast<std::int64_t>(reached) - kOwnDescriptors;
  log.warning("You requested maxclients of " + std::to_string(maxclients) + " requiring at least " +
              std::to_string(maxclients + kOwnDescriptors) + " max file descriptors.");
  log.warning("Server can't set maximum open files to " +
              std::to_string(maxclients + kOwnDescriptors) +
              " because of OS error: " + std::strerror(problem) + ".");
  log.warning("Current maximum open files is " + std::to_string(reached) +
              ". maxclients has been reduced to " + std::to_string(possible) +
              " to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.");
  return possible;
}

// One range of processors: "3", "4-7", "0-7:2".
bool add_range(const std::string& text, cpu_set_t& set) {
  const std::size_t colon = text.find(':');
  const std::string range = text.substr(0, colon);
  const std::size_t dash = range.find('-');
  const auto first = base::parse_uint64(range.substr(0, dash));
  const auto last = dash == std::string::npos ? first : base::parse_uint64(range.substr(dash + 1));
  const auto step = colon == std::string::npos ? std::optional<std::uint64_t>(1)
                                               : base::parse_uint64(text.substr(colon + 1));
  if (!first || !last || !step || *step == 0 || *first > *last || *last >= CPU_SETSIZE)
    return false;
  for (std::uint64_t cpu = *first; cpu <= *last; cpu += *step) CPU_SET(cpu, &set);
  return true;
}

}  // namespace

base::Result<std::int64_t> reserve_descriptors(std::int64_t maxclients, base::Log& log) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    log.warning(std::string("Unable to obtain the current NOFILE limit (") + std::strerror(errno) +
                "), assuming 1024 and setting the max clients configuration accordingly.");
    return std::int64_t{1024} - kOwnDescriptors;
  }
  const auto needed = static_cast<rlim_t>(maxclients + kOwnDescriptors);
  if (limit.rlim_cur >= needed) return maxclients;
  int problem = 0;
  const rlim_t reached = raise_limit(limit, needed, problem);
  if (reached <= static_cast<rlim_t>(kOwnDescriptors)) {
    return base::Error{"Your current 'ulimit -n' of " + std::to_string(reached) +
                       " is not enough for the server to start. Please increase your open file "
                       "limit to at least " +
                       std::to_string(needed) + ". Exiting."};
  }
  if (reached < needed) return reduce_maxclients(maxclients, reached, problem, log);
  log.notice("Increased maximum number of open files to " + std::to_string(needed) +
             " (it was originally set to " + std::to_string(limit.rlim_cur) + ").");
  return maxclients;
}

base::Result<void> set_cpu_affinity(const std::string& processors) {
  if (processors.empty()) return {};
  cpu_set_t set;
  CPU_ZERO(&set);
  std::istringstream list(processors);
  for (std::string range; std::getline(list, range, ',');) {
    range.erase(0, range.find_first_not_of(' '));
    range.erase(range.find_last_not_of(' ') + 1);
    if (!add_range(range, set)) return base::Error{"invalid list of processors: " + processors};
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) return base::Error{std::strerror(errno)};
  return {};
}

void disable_huge_pages(base::Log& log) {
  if (::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0) return;
  log.warning(std::string("Transparent huge pages cannot be turned off: ") + std::strerror(errno));
}

OomScore::OomScore(base::Log& log, std::string path) : log_(log), path_(std::move(path)) {}

base::Result<void> OomScore::apply(OomScoreMode mode, const std::vector<std::int64_t>& values) {
  if (mode == OomScoreMode::no) return restore();
  if (!is_ours_) before_ = read();
  const std::int64_t ours = values.empty() ? 0 : values.front();
  auto written = write(mode == OomScoreMode::absolute ? ours : before_ + ours);
  if (written) is_ours_ = true;
  return written;
}

base::Result<void> OomScore::restore() {
  if (!is_ours_) return {};
  auto written = write(before_);
  if (written) is_ours_ = false;
  return written;
}

std::int64_t OomScore::read() const {
  std::int64_t score = 0;
  std::ifstream(path_) >> score;
  return score;
}

base::Result<void> OomScore::write(std::int64_t score) {
  std::ofstream file(path_);
  file << std::clamp<std::int64_t>(score, -1000, 1000);
  file.flush();
  if (file) return {};
  log_.warning(std::string("Unable to write oom_score_adj: ") + std::strerror(errno));
  return base::Error{"Failed to apply new oom_score_adj configuration, check server logs."};
}

}  // namespace larder::process
