#include "larder/scripting/functions.h"

#include "admission.h"
#include "function_index.h"
#include "host.h"
#include "interpreter.h"
#include "larder/base/budget.h"
#include "library_header.h"
#include "library_load.h"

namespace larder::scripting {
namespace {

using engine::Call;

constexpr std::string_view kBadKeyCount = "ERR Bad number of keys provided";

constexpr char kTooMuch[] =
    "The libraries of functions may take 64 MB together. FUNCTION DELETE and FUNCTION FLUSH remove "
    "some or all of them.";

std::string quoted_exists(std::string_view name) {
  return "Library '" + std::string(name) + "' already exists";
}

// The error for the first function of the library whose name a staged library has; empty if none
// has.
std::string first_duplicate(const FunctionIndex& staged, const Library& library) {
  for (const Function* function : library.functions) {
    if (staged.find_function(function->name) == nullptr) continue;
    return "Function " + std::string(std::string_view(function->name)) + " already exists";
  }
  return {};
}

}  // namespace

Functions::Functions(Runtime& scripts)
    : scripts_(scripts), host_(scripts.host()), index_(std::make_unique<FunctionIndex>()) {}

Functions::~Functions() = default;

Interpreter& Functions::interpreter() {
  if (interpreter_ == nullptr) {
    interpreter_ = std::make_unique<Interpreter>(host_, SandboxKind::functions);
  }
  return *interpreter_;
}

std::uint32_t Functions::declared_gates(std::string_view name) const {
  const Function* const function = index_->find_function(name);
  return function == nullptr ? 0 : gates_when_queued(function->flags);
}

// Messages to the client itself follow its reply.
void Functions::call(Call& call, Access access) {
  const Runtime::Parts& parts = host_.parts();
  const Function* const function = index_->find_function(call.arg(1));
  const bool reads = function != nullptr && (function->flags & kNoWrites) != 0;
  if (access == Access::read_write && !reads && waits_to_write(call, parts)) return;
  parts.executor.announce(call);
  if (function == nullptr) return call.reply.error("ERR Function not found");
  if (!passes_gates(call, parts, function->flags)) return;
  const auto keys = read_key_count(call, kBadKeyCount);
  if (!keys || !may_begin(call, parts, function->flags, access)) return;
  Run run{.call = call,
          .name = function->name,
          .is_read_only = access == Access::read_only || (function->flags & kNoWrites) != 0,
          .kind = RunKind::function,
          .has_effects = (function->flags & kNoWrites) == 0};
  {
    const engine::HeldPushes pushes(call.session);
    const engine::Propagation::Group group(parts.effects);
    const Host::Running running(host_, run, call.session, function->flags);
    if (interpreter_->run(run, function->reference, arguments_of(call, *keys))) {
      has_garbage_ = has_new_garbage_ = true;
    }
  }
  show_memory();
}

void Functions::drop(Library* library) {
  for (const Function* function : library->functions) interpreter_->forget(function->reference);
  interpreter_->give_back(library->compiled_bytes);
  memory::destroy(Library::kOwner, library);
  has_garbage_ = has_new_garbage_ = true;
}

void Functions::drop_all(FunctionIndex& index) {
  for (Library* library : index.take()) drop(library);
}

// The parts of the work are checked in Redis's order.
base::Result<Library*> Functions::make(std::string_view code, const FunctionIndex& among,
                                       Existing existing, Bounds bounds, Pauses* pauses) {
  auto header = read_library_header(code);
  if (!header) return header.error();
  const Library* const before = among.find(header->name);
  if (before != nullptr && existing == Existing::is_an_error) {
    return base::Error{quoted_exists(header->name)};
  }
  const bool is_bounded = bounds == Bounds::apply;
  if (is_bounded && code.size() > kMostBytes) return base::Error{kTooMuch};
  auto* const library = memory::make<Library>(Library::kOwner);
  library->name.assign(header->name);
  LibraryLoad load{.code = code.substr(header->length),
                   .library = *library,
                   .most_ms = is_bounded ? kMostLoadMs : 0,
                   .pauses = pauses};
  made_ = library;
  interpreter().load(load);
  made_ = nullptr;
  library->code.assign(code);
  library->compiled_bytes = load.compiled_bytes;
  if (load.error.empty() && library->functions.empty()) load.error = "No functions registered";
  if (load.error.empty()) return library;
  drop(library);
  return base::Error{load.error};
}

// Why the staged libraries cannot belong to the others; empty if they can.
std::string Functions::conflict_of(const FunctionIndex& staged, Existing existing) const {
  const bool replaces = existing == Existing::is_replaced;
  for (const Library* library : staged.libraries()) {
    if (!replaces && index_->find(library->name) != nullptr) {
      return "Library " + std::string(std::string_view(library->name)) + " already exists";
    }
  }
  for (const Library* library : staged.libraries()) {
    for (const Function* function : library->functions) {
      const Function* const other = index_->find_function(function->name);
      if (other != nullptr && staged.find(other->library->name) == nullptr) {
        return "Function " + std::string(std::string_view(function->name)) + " already exists";
      }
    }
  }
  return {};
}

// The code of the libraries if the staged ones are added.
std::uint64_t Functions::bytes_with(const FunctionIndex& staged) const {
  std::uint64_t bytes = index_->code_bytes() + staged.code_bytes();
  for (const Library* library : staged.libraries()) {
    const Library* const before = index_->find(library->name);
    if (before != nullptr) bytes -= before->code_bytes();
  }
  return bytes;
}

base::Result<void> Functions::join(FunctionIndex& staged, Existing existing, Bounds bounds) {
  std::string error = conflict_of(staged, existing);
  if (error.empty() && bounds == Bounds::apply && bytes_with(staged) > kMostBytes) error = kTooMuch;
  if (!error.empty()) {
    drop_all(staged);
    return base::Error{std::move(error)};
  }
  for (Library* library : staged.take()) {
    Library* const before = index_->find(library->name);
    if (before != nullptr) {
      index_->release(before);
      drop(before);
    }
    index_->add(library);
  }
  show_memory();
  return {};
}

base::Result<std::string> Functions::load(std::string_view code, Existing existing, Bounds bounds) {
  return load(code, existing, bounds, nullptr);
}

base::Result<std::string> Functions::load(std::string_view code, Existing existing, Bounds bounds,
                                          Pauses* pauses) {
  const auto made = make(code, *index_, existing, bounds, pauses);
  if (!made) return made.error();
  std::string name(std::string_view(made.value()->name));
  FunctionIndex staged;
  staged.add(made.value());
  if (auto joined = join(staged, existing, bounds); !joined) return joined.error();
  return name;
}

base::Result<void> Functions::load_saved(std::string_view code, Existing existing, Pauses* pauses) {
  const auto loaded = load(code, existing, Bounds::are_ignored, pauses);
  if (!loaded) return loaded.error();
  return {};
}

// Adds a library to the staged ones, among which each name of a library or function must be unique.
base::Result<void> Functions::stage(FunctionIndex& staged, std::string_view code, Bounds bounds) {
  const auto made = make(code, staged, Existing::is_an_error, bounds);
  if (!made) return made.error();
  std::string error = first_duplicate(staged, *made.value());
  if (!error.empty()) {
    drop(made.value());
    return base::Error{std::move(error)};
  }
  staged.add(made.value());
  if (bounds == Bounds::apply && staged.code_bytes() > kMostBytes) return base::Error{kTooMuch};
  return {};
}

base::Result<void> Functions::stage_all(FunctionIndex& staged,
                                        std::span<const std::string_view> codes, Bounds bounds) {
  for (const std::string_view code : codes) {
    if (auto done = stage(staged, code, bounds); !done) return drop_all(staged), done;
  }
  return {};
}

base::Result<void> Functions::check_saved(std::span<const std::string_view> codes) {
  FunctionIndex staged;
  auto done = stage_all(staged, codes, Bounds::are_ignored);
  drop_all(staged);
  return done;
}

base::Result<void> Functions::restore(std::span<const std::string_view> codes, Restoring restoring,
                                      Bounds bounds) {
  FunctionIndex staged;
  if (auto done = stage_all(staged, codes, bounds); !done) return done;
  if (restoring == Restoring::flushes) drop_all(*index_);
  return join(staged,
              restoring == Restoring::replaces ? Existing::is_replaced : Existing::is_an_error,
              bounds);
}

bool Functions::remove(std::string_view name) {
  Library* const library = index_->find(name);
  if (library == nullptr) return false;
  index_->release(library);
  drop(library);
  show_memory();
  return true;
}

void Functions::flush(Runtime::Freeing freeing) {
  drop_all(*index_);
  if (freeing == Runtime::Freeing::at_once) {
    interpreter_ = nullptr;
    has_garbage_ = has_new_garbage_ = false;
  }
  show_memory();
}

// A cycle that has begun already does not see all of the garbage: the next one does.
bool Functions::collect(std::int64_t budget_us) {
  if (!has_garbage_ || made_ != nullptr) return false;
  base::Budget budget(host_.parts().clock, budget_us);
  do {
    if (interpreter_->collect_some()) has_garbage_ = std::exchange(has_new_garbage_, false);
  } while (has_garbage_ && !budget.spent());
  show_memory();
  return has_garbage_;
}

std::size_t Functions::libraries() const { return index_->libraries().size(); }

std::string_view Functions::code(std::size_t index) const {
  return index_->libraries()[index]->code;
}

void Functions::show_memory() {
  memory::Metrics& metrics = host_.parts().memory_metrics;
  const std::uint64_t heap = interpreter_ == nullptr ? 0 : interpreter_->heap().bytes();
  metrics.number_of_libraries = static_cast<std::int64_t>(index_->libraries().size());
  metrics.number_of_functions = static_cast<std::int64_t>(index_->functions());
  metrics.used_memory_functions = static_cast<std::int64_t>(index_->held_bytes());
  metrics.used_memory_vm_functions = static_cast<std::int64_t>(heap);
}

void Functions::report_bytes(memory::Audit& audit) const {
  const std::uint64_t heap = interpreter_ == nullptr ? 0 : interpreter_->heap().bytes();
  const std::size_t made = made_ == nullptr ? 0 : made_->held_bytes();
  audit.found(memory::Owner::scripts,
              static_cast<std::int64_t>(heap + index_->held_bytes() + made));
}

void Functions::refuse_memory_from(std::uint64_t number) {
  interpreter().heap().refuse_from(number);
}

bool Functions::has_refused_memory() const {
  return interpreter_ != nullptr && interpreter_->heap().has_refused();
}

}  // namespace larder::scripting
