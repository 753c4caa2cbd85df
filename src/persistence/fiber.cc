#include "fiber.h"

#include <cstdint>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define LARDER_SANITIZED_STACKS 1
#endif

namespace larder::persistence {
namespace {

// The sanitizer must know on which stack the thread runs.
#ifdef LARDER_SANITIZED_STACKS
void before_switch(void** fake_stack, const void* stack, std::size_t bytes) {
  __sanitizer_start_switch_fiber(fake_stack, stack, bytes);
}
void after_switch(void* fake_stack, const void** from, std::size_t* bytes) {
  __sanitizer_finish_switch_fiber(fake_stack, from, bytes);
}
#else
void before_switch(void**, const void*, std::size_t) {}
void after_switch(void*, const void**, std::size_t*) {}
#endif

}  // namespace

Fiber::Fiber()
    : stack_(static_cast<char*>(memory::allocate(memory::Owner::snapshot, kStackBytes))) {}

Fiber::~Fiber() {
  LARDER_ASSERT(!active_);
  memory::release(memory::Owner::snapshot, stack_, kStackBytes);
}

// makecontext() passes only integers.
void Fiber::enter(unsigned high, unsigned low) {
  const auto address = (static_cast<std::uintptr_t>(high) << 32) | low;
  Fiber& fiber = *reinterpret_cast<Fiber*>(address);
  after_switch(nullptr, &fiber.outside_stack_, &fiber.outside_bytes_);
  fiber.body_->run();
  fiber.active_ = false;
  fiber.inside_ = false;
  before_switch(nullptr, fiber.outside_stack_, fiber.outside_bytes_);
}

void Fiber::start(Body& body) {
  LARDER_ASSERT(!active_);
  body_ = &body;
  active_ = true;
  ::getcontext(&own_);
  own_.uc_stack.ss_sp = stack_;
  own_.uc_stack.ss_size = kStackBytes;
  own_.uc_link = &outside_;
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  switch_in();
}

void Fiber::switch_in() {
  void* fake_stack = nullptr;
  inside_ = true;
  before_switch(&fake_stack, stack_, kStackBytes);
  ::swapcontext(&outside_, &own_);
  after_switch(fake_stack, nullptr, nullptr);
}

void Fiber::resume() {
  LARDER_ASSERT(active_ && !inside_);
  switch_in();
}

void Fiber::pause() {
  LARDER_ASSERT(inside_);
  inside_ = false;
  before_switch(&fake_stack_, outside_stack_, outside_bytes_);
  ::swapcontext(&own_, &outside_);
  after_switch(fake_stack_, &outside_stack_, &outside_bytes_);
}

}  // namespace larder::persistence
