#pragma once

// The libraries of functions as files have them: what persistence saves and loads. The room of
// scripts implements this.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "larder/base/result.h"

namespace larder::engine {

class FunctionLibraries {
 public:
  virtual ~FunctionLibraries() = default;

  // The code of each library, in the order in which they were loaded. A view is valid until a
  // library is loaded or removed.
  virtual std::size_t libraries() const = 0;
  virtual std::string_view code(std::size_t index) const = 0;

  // Called often while a library is loaded, within its code too. It may serve clients, but nothing
  // that runs or changes functions.
  class Pauses {
   public:
    // False: the loading ends with an error.
    virtual bool go_on() = 0;

   protected:
    ~Pauses() = default;
  };

  // Loads a library that a file contains; without `pauses` at once. The error is that of FUNCTION
  // LOAD, without a code.
  enum class Existing : std::uint8_t { is_an_error, is_replaced };
  virtual base::Result<void> load_saved(std::string_view code, Existing existing,
                                        Pauses* pauses = nullptr) = 0;

  // Whether the libraries of a file could be loaded if there were no others; nothing changes.
  virtual base::Result<void> check_saved(std::span<const std::string_view> codes) = 0;

  // Removes all of them.
  virtual void clear() = 0;
};

}  // namespace larder::engine
