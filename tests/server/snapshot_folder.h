#pragma once

// A test with a working folder of its own, to which files are written.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/harness/harness.h"

namespace larder::server {

// Lines of words as requests; inline requests are limited to 64 KB.
inline std::string requests_of(const std::string& lines) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t end; (end = lines.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
    std::string words;
    std::size_t count = 0;
    for (std::size_t at = begin; at < end; ++count) {
      const std::size_t space = std::min(lines.find(' ', at), end);
      words += "$" + std::to_string(space - at) + "\r\n" + lines.substr(at, space - at) + "\r\n";
      at = space + 1;
    }
    out += "*" + std::to_string(count) + "\r\n" + words;
  }
  return out;
}

// The replies to these lines, also if the client must wait for something.
inline std::string ask(harness::Harness& harness, harness::Harness::Client& client,
                       const std::string& lines) {
  std::string reply = client.exchange(requests_of(lines));
  while (client.session().is_held() || client.session().is_parked()) {
    harness.core().snapshot_worker.wait(20);
    harness.end_turn();
    reply += client.exchange("");
  }
  return reply;
}

class SnapshotFolder : public ::testing::Test {
 protected:
  SnapshotFolder() : before_(std::filesystem::current_path()) {
    char name[] = "/tmp/larder_snapshots_XXXXXX";
    folder_ = ::mkdtemp(name);
    std::filesystem::current_path(folder_);
  }
  ~SnapshotFolder() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static std::ptrdiff_t files() {
    return std::distance(std::filesystem::directory_iterator("."), {});
  }

 private:
  const std::filesystem::path before_;
  std::string folder_;
};

}  // namespace larder::server
