#pragma once

// The libraries in the order in which they were loaded, and their functions by name. Case does not
// matter for names of functions, as in Redis; for names of libraries it does.

#include <cstdint>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"
#include "larder/memory/text.h"

namespace larder::scripting {

struct Library;

struct Function {
  static constexpr auto kOwner = memory::Owner::scripts;

  memory::Text<kOwner> name;
  memory::Text<kOwner> description;
  bool is_described = false;
  std::uint32_t flags = 0;  // ScriptFlag
  int reference = 0;        // in the interpreter
  const Library* library = nullptr;
};

struct Library {
  static constexpr auto kOwner = memory::Owner::scripts;

  Library() = default;
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Null if it has no function of this name.
  const Function* find(std::string_view function) const;
  // An empty function behind the others.
  Function& add();
  // At the allocator's sizes, without what the interpreter holds.
  std::size_t held_bytes() const;
  // The code and what is compiled from it.
  std::uint64_t code_bytes() const { return std::string_view(code).size() + compiled_bytes; }

  memory::Text<kOwner> name;
  memory::Text<kOwner> code;
  std::vector<Function*, memory::Allocator<Function*, kOwner>> functions;
  std::uint64_t compiled_bytes = 0;  // in the interpreter
};

class FunctionIndex {
 public:
  using Libraries = std::vector<Library*, memory::Allocator<Library*, Library::kOwner>>;

  FunctionIndex() = default;
  ~FunctionIndex() { clear(); }
  FunctionIndex(const FunctionIndex&) = delete;
  FunctionIndex& operator=(const FunctionIndex&) = delete;

  Library* find(std::string_view library) const;
  const Function* find_function(std::string_view name) const;

  // None of its functions may be there yet. The index owns it until it is released. Cost: that of
  // its functions.
  void add(Library* library);
  // Cost: that of all functions.
  void release(Library* library);
  // In their order.
  const Libraries& libraries() const { return libraries_; }
  std::size_t functions() const { return functions_; }
  void clear();
  // Releases all.
  Libraries take();

  // The code of all libraries and what is compiled from it.
  std::uint64_t code_bytes() const { return code_bytes_; }
  // Of all this, at the allocator's sizes, without what the interpreter holds.
  std::size_t held_bytes() const;

 private:
  using Slots = std::vector<const Function*, memory::Allocator<const Function*, Library::kOwner>>;

  std::size_t slot_of(std::string_view name) const;
  void reserve(std::size_t functions);
  void insert_all(const Library& library);

  Libraries libraries_;
  Slots slots_;  // open addressing; at most half of them are used
  std::size_t functions_ = 0;
  std::uint64_t code_bytes_ = 0;
  std::size_t library_bytes_ = 0;
};

}  // namespace larder::scripting
