#pragma once

// Keyspace notifications: reads the changes of each command and publishes those of the classes in
// notify-keyspace-events. Without a class it does not listen to the log. Misses are stored until
// the command has settled, and published in their order among its changes.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/engine/executor.h"
#include "larder/engine/sinks.h"
#include "larder/keyspace/keyspace.h"
#include "larder/pubsub/hub.h"
#include "larder/pubsub/settings.h"

namespace larder::pubsub {

class Notifier final : public engine::ChangeSink,
                       public engine::CommandSink,
                       public keyspace::MissSink {
 public:
  // Applies the setting now, and whenever it changes.
  Notifier(Settings& settings, keyspace::Keyspace& keyspace, engine::Executor& executor, Hub& hub);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void read(std::span<const keyspace::Change> changes) override;
  void missed(int db, std::string_view key) override;
  // Publishes the misses of a command without changes.
  void over(engine::Session&, const engine::BoundCommand*, resp::Args) override;

 private:
  struct Miss {
    int db;
    std::string key;
    std::size_t changes_before;  // of the same command
  };

  void apply_settings();
  void listen(bool wanted);
  void subscribe_to_misses(bool wanted);
  void publish_event(int db, std::string_view key, std::string_view event);
  // The misses that occurred before this many of the command's changes.
  void report_misses_before(std::size_t changes);
  void end_misses();
  void publish(std::string_view place, int db, std::string_view subject, std::string_view message);

  Settings& settings_;
  keyspace::Keyspace& keyspace_;
  engine::Executor& executor_;
  Hub& hub_;
  std::uint32_t wanted_ = 0;  // NotifyClass
  bool listening_ = false;
  bool misses_wanted_ = false;
  std::vector<Miss> misses_;
  std::size_t misses_reported_ = 0;
  std::string channel_;
};

}  // namespace larder::pubsub
