#pragma once

// A timer that calls a function in a signal handler of the thread that constructed it.

#include <cstdint>
#include <ctime>

namespace larder::process {

class Alarm {
 public:
  // Runs in a signal handler, so it may call only functions that are safe there.
  using AlarmHandler = void (*)(void* context);

  Alarm(AlarmHandler handler, void* context);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Calls the handler once after this time; 0 cancels it. May be called by the handler. Does
  // nothing if the system has no timer for it.
  void set(std::int64_t us);

 private:
  AlarmHandler handler_;
  void* context_;
  timer_t timer_{};
  bool is_there_;
};

}  // namespace larder::process
