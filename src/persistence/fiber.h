#pragma once

// A function with a stack of its own, which can stop anywhere and continue later in the same
// thread. The codecs write large values on it: their loops are interrupted without any code for it
// in them.

#include <ucontext.h>

#include <cstddef>

namespace larder::persistence {

class Fiber {
 public:
  static constexpr std::size_t kStackBytes = 128 << 10;

  Fiber();
  // Must not be active: what is on its stack would never be destroyed.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  class Body {
   public:
    virtual void run() = 0;

   protected:
    ~Body() = default;
  };
  // Runs the body until it pauses or returns.
  void start(Body& body);
  void resume();
  // Called on its stack: returns from start() or resume(), and continues with the next resume().
  void pause();
  // The body has started and not returned.
  bool is_active() const { return active_; }
  // The caller runs on its stack.
  bool is_inside() const { return inside_; }

 private:
  static void enter(unsigned high, unsigned low);
  void switch_in();

  char* stack_;
  ucontext_t outside_;
  ucontext_t own_;
  Body* body_ = nullptr;
  bool active_ = false;
  bool inside_ = false;
  void* fake_stack_ = nullptr;  // of the address sanitizer
  const void* outside_stack_ = nullptr;
  std::size_t outside_bytes_ = 0;
};

}  // namespace larder::persistence
