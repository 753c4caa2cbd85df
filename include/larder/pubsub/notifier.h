#pragma once

// Messages about keys: reads the changes of each command and publishes those whose class
// notify-keyspace-events names. Without a class it does not listen to the log.

#include <span>
#include <string>
#include <string_view>

#include "larder/engine/change_sink.h"
#include "larder/keyspace/keyspace.h"
#include "larder/pubsub/hub.h"
#include "larder/pubsub/settings.h"

namespace larder::pubsub {

class Notifier final : public engine::ChangeSink {
 public:
  // Obeys the setting from now on, and when it changes.
  Notifier(Settings& settings, keyspace::Keyspace& keyspace, Hub& hub);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void read(std::span<const keyspace::Change> changes) override;

 private:
  void obey();
  void listen(bool wanted);
  void tell(const keyspace::Change& change);
  void publish(std::string_view place, int db, std::string_view subject, std::string_view message);

  Settings& settings_;
  keyspace::ChangeLog& log_;
  Hub& hub_;
  std::uint32_t wanted_ = 0;  // NotifyClass
  bool listening_ = false;
  std::string channel_;
};

}  // namespace larder::pubsub
