#pragma once

// A timer that interrupts a running script. Counting instructions is not enough, because one of
// them may take as long as a million others.

namespace larder::scripting {

class Alarm {
 public:
  // Calls Runtime::request_check() some milliseconds from now, in a signal handler of this thread.
  // May be called by this handler.
  virtual void set() = 0;

 protected:
  ~Alarm() = default;
};

}  // namespace larder::scripting
