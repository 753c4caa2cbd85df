#pragma once

// Kernel settings of the process: descriptors, processors, pages, and its OOM score.

#include <cstdint>
#include <string>
#include <vector>

#include "larder/base/log.h"
#include "larder/base/result.h"

namespace larder::process {

// Descriptors for the server's own files and sockets, in addition to one for each client.
inline constexpr std::int64_t kOwnDescriptors = 32;

// Raises the limit of descriptors as far as `maxclients` clients need and the system allows.
// Returns how many clients there is room for, or the reason why the server cannot start.
base::Result<std::int64_t> reserve_descriptors(std::int64_t maxclients, base::Log& log);

// Binds the process to processors: "0,2,4-7", "0-7:2". Empty leaves it everywhere.
base::Result<void> set_cpu_affinity(const std::string& processors);

// Disables transparent huge pages.
void disable_huge_pages(base::Log& log);

// In the order of the directive's words. `yes` is another word for `relative`.
enum class OomScoreMode { no, yes, relative, absolute };

// /proc/self/oom_score_adj, by oom-score-adj and its values.
class OomScore {
 public:
  explicit OomScore(base::Log& log, std::string path = "/proc/self/oom_score_adj");
  // `no` restores the score that the process had before it was changed here. After an error the
  // score is unchanged.
  base::Result<void> apply(OomScoreMode mode, const std::vector<std::int64_t>& values);

 private:
  base::Result<void> restore();
  std::int64_t read() const;
  base::Result<void> write(std::int64_t score);

  base::Log& log_;
  std::string path_;
  std::int64_t before_ = 0;  // the score to restore, while `is_ours_`
  bool is_ours_ = false;
};

}  // namespace larder::process
