#pragma once

// A handler's parameters are its tools: `void f(Call&)`, or `void f(Call&, config::Registry&)` for
// a command that works on a subsystem. The tools are registered once at start; if the tool of a
// command is missing, the server does not start.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/base/assert.h"

namespace larder::engine {

struct Call;

using ToolTag = const void*;
template <typename Tool>
inline constexpr char kToolTag = 0;

inline constexpr std::size_t kMostTools = 4;
using BoundTools = std::array<void*, kMostTools>;

class Handler {
 public:
  constexpr Handler() = default;

  // The handler for a function that is known at compile time: one indirect call.
  template <auto kFunction>
  static constexpr Handler of() {
    return make<kFunction>(kFunction);
  }

  constexpr explicit operator bool() const { return thunk_ != nullptr; }
  void operator()(Call& call, const BoundTools& tools) const { thunk_(call, tools); }
  constexpr const std::array<ToolTag, kMostTools>& tools() const { return tools_; }

 private:
  using Thunk = void (*)(Call&, const BoundTools&);

  template <auto kFunction, typename... Tools>
  static constexpr Handler make(void (*)(Call&, Tools&...)) {
    static_assert(sizeof...(Tools) <= kMostTools);
    Handler handler;
    handler.tools_ = {&kToolTag<Tools>...};
    handler.thunk_ = [](Call& call, const BoundTools& tools) {
      run<kFunction, Tools...>(call, tools, std::index_sequence_for<Tools...>());
    };
    return handler;
  }
  template <auto kFunction, typename... Tools, std::size_t... kIndex>
  static void run(Call& call, [[maybe_unused]] const BoundTools& tools,
                  std::index_sequence<kIndex...>) {
    kFunction(call, *static_cast<Tools*>(tools[kIndex])...);
  }

  Thunk thunk_ = nullptr;
  std::array<ToolTag, kMostTools> tools_{};
};

// For a row: a question about a call, which the function answers with the first tool of its
// handler.
template <typename Tool, auto kFunction>
std::uint32_t ask_first_tool(const BoundTools& tools, std::span<const std::string_view> args) {
  return kFunction(*static_cast<const Tool*>(tools[0]), args);
}

// The subsystems that handlers can have as tools.
class Toolbox {
 public:
  template <typename Tool>
  void lend(Tool& tool) {
    tools_.push_back({&kToolTag<Tool>, &tool});
  }
  // The tool for a tag; nullptr if none was registered.
  void* find(ToolTag tag) const {
    for (const auto& [known, tool] : tools_) {
      if (known == tag) return tool;
    }
    return nullptr;
  }

 private:
  std::vector<std::pair<ToolTag, void*>> tools_;
};

}  // namespace larder::engine
