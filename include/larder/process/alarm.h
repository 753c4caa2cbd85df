#pragma once

// Interrupts the thread that made it, some time after it was set.

#include <cstdint>
#include <ctime>

namespace larder::process {

class Alarm {
 public:
  // What runs in the handler of a signal: it may only do what such a handler may.
  using Ring = void (*)(void* context);

  Alarm(Ring ring, void* context);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // Rings once after this time. May be called by the handler. Does nothing if the system has no
  // timer for it.
  void set(std::int64_t us);

 private:
  Ring ring_;
  void* context_;
  timer_t timer_{};
  bool is_there_;
};

}  // namespace larder::process
