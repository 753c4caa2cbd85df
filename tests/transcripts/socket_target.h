#pragma once

// A server process that the runner starts, with a Unix socket in a temporary folder.

#include <sys/types.h>

#include <string>
#include <vector>

#include "client.h"
#include "target.h"

namespace larder::transcripts {

class SocketTarget final : public Target {
 public:
  struct Options {
    std::string binary;
    bool is_larder = true;
    int longest_sleep_ms = 50;
  };

  // Starts the server and waits until it replies; throws std::runtime_error if it does not.
  explicit SocketTarget(Options options);
  ~SocketTarget() override;

  std::unique_ptr<Connection> connect() override;
  void advance_ms(int ms) override;
  int longest_advance_ms() const override { return options_.longest_sleep_ms; }
  void restart() override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  bool has_jemalloc() override;
  bool is_larder() const override { return options_.is_larder; }
  std::string trouble() override;

 private:
  void start();
  void stop();
  void wait_until_ready();
  std::string log_text() const;
  // Sends a command on the runner's own connection; an error throws.
  resp::Value must(const std::vector<std::string>& words);

  Options options_;
  std::string folder_;
  std::string socket_;
  pid_t pid_ = -1;
  std::unique_ptr<Client> control_;
};

}  // namespace larder::transcripts
