#pragma once

// Interrupts a script in time, whatever it does: the interpreter counts instructions, and one of
// them may take as long as a million others.

namespace larder::scripting {

class Alarm {
 public:
  // Runtime::hurry() is to be called some milliseconds from now, by a handler of a signal of this
  // thread. May be called by this handler.
  virtual void set() = 0;

 protected:
  ~Alarm() = default;
};

}  // namespace larder::scripting
