#pragma once

// The alarm of scripts: a timer of the thread that runs the event loop.

#include "larder/process/alarm.h"
#include "larder/scripting/runtime.h"

namespace larder::server {

class ScriptAlarm final : public scripting::Alarm {
 public:
  explicit ScriptAlarm(scripting::Runtime& scripts)
      : scripts_(scripts),
        alarm_([](void* context) { static_cast<scripting::Runtime*>(context)->request_check(); },
               &scripts) {
    scripts.wake_by(this);
  }
  ~ScriptAlarm() { scripts_.wake_by(nullptr); }
  ScriptAlarm(const ScriptAlarm&) = delete;
  ScriptAlarm& operator=(const ScriptAlarm&) = delete;

  void set() override { alarm_.set(kPeriodUs); }

 private:
  static constexpr std::int64_t kPeriodUs = 5000;

  scripting::Runtime& scripts_;
  process::Alarm alarm_;
};

}  // namespace larder::server
