#include "function_index.h"

#include <algorithm>
#include <array>
#include <utility>

#include "larder/base/hash.h"
#include "larder/base/text.h"

namespace larder::scripting {
namespace {

constexpr std::size_t kFirstSlots = 16;

template <typename Vector>
std::size_t held_by(const Vector& list) {
  const std::size_t bytes = list.capacity() * sizeof(typename Vector::value_type);
  return bytes == 0 ? 0 : memory::size_class(bytes);
}

// Of the name in small letters. Longer names than the buffer are hashed without their end.
std::uint64_t hash_of(std::string_view name) {
  std::array<char, 128> small;
  const std::size_t size = std::min(name.size(), small.size());
  for (std::size_t i = 0; i < size; ++i) small[i] = base::lower(name[i]);
  return base::hash_bytes({small.data(), size});
}

}  // namespace

Library::~Library() {
  for (Function* function : functions) memory::destroy(kOwner, function);
}

const Function* Library::find(std::string_view function) const {
  for (const Function* each : functions) {
    if (base::equals_ignoring_case(each->name, function)) return each;
  }
  return nullptr;
}

Function& Library::add() {
  functions.push_back(memory::make<Function>(kOwner));
  functions.back()->library = this;
  return *functions.back();
}

std::size_t Library::held_bytes() const {
  std::size_t bytes = memory::size_class(sizeof(Library)) + name.held_bytes() + code.held_bytes() +
                      held_by(functions);
  for (const Function* function : functions) {
    bytes += memory::size_class(sizeof(Function)) + function->name.held_bytes() +
             function->description.held_bytes();
  }
  return bytes;
}

Library* FunctionIndex::find(std::string_view library) const {
  for (Library* each : libraries_) {
    if (std::string_view(each->name) == library) return each;
  }
  return nullptr;
}

// Where the function is, or would be. There are slots.
std::size_t FunctionIndex::slot_of(std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_of(name) & mask;
  while (slots_[at] != nullptr && !base::equals_ignoring_case(slots_[at]->name, name)) {
    at = (at + 1) & mask;
  }
  return at;
}

const Function* FunctionIndex::find_function(std::string_view name) const {
  return slots_.empty() ? nullptr : slots_[slot_of(name)];
}

void FunctionIndex::insert_all(const Library& library) {
  for (const Function* function : library.functions) slots_[slot_of(function->name)] = function;
}

void FunctionIndex::reserve(std::size_t functions) {
  std::size_t wanted = std::max(slots_.size(), kFirstSlots);
  while (wanted < 2 * functions) wanted *= 2;
  if (wanted == slots_.size()) return;
  std::exchange(slots_, {}).clear();
  slots_.resize(wanted);
  for (const Library* library : libraries_) insert_all(*library);
}

void FunctionIndex::add(Library* library) {
  reserve(functions_ + library->functions.size());
  libraries_.push_back(library);
  insert_all(*library);
  functions_ += library->functions.size();
  code_bytes_ += library->code_bytes();
  library_bytes_ += library->held_bytes();
}

void FunctionIndex::release(Library* library) {
  libraries_.erase(std::find(libraries_.begin(), libraries_.end(), library));
  functions_ -= library->functions.size();
  code_bytes_ -= library->code_bytes();
  library_bytes_ -= library->held_bytes();
  std::exchange(slots_, {}).clear();
  reserve(functions_);
}

FunctionIndex::Libraries FunctionIndex::take() {
  Libraries all = std::exchange(libraries_, {});
  std::exchange(slots_, {}).clear();
  functions_ = 0;
  code_bytes_ = 0;
  library_bytes_ = 0;
  return all;
}

void FunctionIndex::clear() {
  for (Library* library : take()) memory::destroy(Library::kOwner, library);
}

std::size_t FunctionIndex::held_bytes() const {
  return library_bytes_ + held_by(libraries_) + held_by(slots_);
}

}  // namespace larder::scripting
