#pragma once

// Result<T>: a value or an error, for failures outside of the program (files, sockets,
// configuration). Errors of clients are texts in a reply instead.

#include <string>
#include <utility>
#include <variant>

#include "larder/base/assert.h"

namespace larder::base {

// The reason of a failure, as a text for the operator.
struct Error {
  std::string text;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& value() {
    LARDER_ASSERT(state_.index() == 0);
    return std::get<0>(state_);
  }
  const T& value() const {
    LARDER_ASSERT(state_.index() == 0);
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }
  const Error& error() const {
    LARDER_ASSERT(state_.index() == 1);
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  explicit operator bool() const { return !failed_; }
  const Error& error() const {
    LARDER_ASSERT(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace larder::base
