#pragma once

// Libraries of functions in Lua: loads, keeps and calls them. They have an interpreter of their
// own, which is created for the first library. docs/scripting.md describes what functions may do
// and how they are bounded.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "larder/engine/call.h"
#include "larder/engine/function_libraries.h"
#include "larder/memory/audit.h"
#include "larder/scripting/runtime.h"

namespace larder::scripting {

class FunctionIndex;
struct Library;

class Functions final : public engine::FunctionLibraries, public memory::AuditedOwner {
 public:
  // Functions run in the same surroundings as scripts.
  explicit Functions(Runtime& scripts);
  ~Functions() override;
  Functions(const Functions&) = delete;
  Functions& operator=(const Functions&) = delete;

  // FCALL, with all that it replies: the name is the first argument, the number of keys the second.
  void call(engine::Call& call, Access access);
  // The gates that refuse to queue a call of this function.
  std::uint32_t declared_gates(std::string_view name) const;

  // Whether kMostBytes and kMostLoadMs apply: not for what was accepted before.
  enum class Bounds : std::uint8_t { apply, are_ignored };
  // Loads a library, and returns its name. Nothing has changed if there is an error, which is
  // Redis's text without a code.
  using Existing = FunctionLibraries::Existing;
  base::Result<std::string> load(std::string_view code, Existing existing, Bounds bounds);
  // False if there is none of this name.
  bool remove(std::string_view name);
  // Removes all. Their memory is freed at once, or in later turns.
  void flush(Runtime::Freeing freeing);

  // Loads several libraries, or none of them: beside those that exist, or in their place.
  enum class Restoring : std::uint8_t { appends, replaces, flushes };
  base::Result<void> restore(std::span<const std::string_view> codes, Restoring restoring,
                             Bounds bounds);

  // FUNCTION LIST: the libraries whose names match; all of them without a pattern.
  enum class Shown : std::uint8_t { without_code, with_code };
  void list(resp::Writer& reply, std::optional<std::string_view> pattern, Shown shown) const;
  // FUNCTION STATS.
  void write_statistics(resp::Writer& reply) const;

  std::size_t libraries() const override;
  std::string_view code(std::size_t index) const override;
  base::Result<void> load_saved(std::string_view code, Existing existing,
                                Pauses* pauses = nullptr) override;
  base::Result<void> check_saved(std::span<const std::string_view> codes) override;
  void clear() override { flush(Runtime::Freeing::at_once); }

  // Frees memory of libraries that were removed, for about this time; true if work is left.
  bool collect(std::int64_t budget_us);
  bool has_garbage() const { return has_garbage_; }

  void report_bytes(memory::Audit& audit) const override;

  // For tests of a lack of memory, as in Runtime.
  void refuse_memory_from(std::uint64_t number);
  bool has_refused_memory() const;

  // The code of all libraries and what is compiled from it.
  static constexpr std::uint64_t kMostBytes = 64 << 20;
  // The time that a library may take to register its functions.
  static constexpr std::int64_t kMostLoadMs = 500;

 private:
  Interpreter& interpreter();
  // Compiles a library and runs its code. `among` has the libraries that it will belong to.
  base::Result<Library*> make(std::string_view code, const FunctionIndex& among, Existing existing,
                              Bounds bounds, Pauses* pauses = nullptr);
  base::Result<std::string> load(std::string_view code, Existing existing, Bounds bounds,
                                 Pauses* pauses);
  base::Result<void> stage(FunctionIndex& staged, std::string_view code, Bounds bounds);
  // All of them, or none.
  base::Result<void> stage_all(FunctionIndex& staged, std::span<const std::string_view> codes,
                               Bounds bounds);
  std::string conflict_of(const FunctionIndex& staged, Existing existing) const;
  std::uint64_t bytes_with(const FunctionIndex& staged) const;
  // Makes the staged libraries those of the server, or drops them.
  base::Result<void> join(FunctionIndex& staged, Existing existing, Bounds bounds);
  void drop(Library* library);
  void drop_all(FunctionIndex& index);
  void show_memory();

  Runtime& scripts_;
  Host& host_;
  std::unique_ptr<FunctionIndex> index_;
  std::unique_ptr<Interpreter> interpreter_;
  bool has_garbage_ = false;
  bool has_new_garbage_ = false;  // since the collector's cycle began
  // That is being loaded, while others are served.
  const Library* made_ = nullptr;
};

}  // namespace larder::scripting
