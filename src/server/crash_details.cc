#include "crash_details.h"

#include <array>
#include <cstddef>

#include "larder/base/format.h"
#include "larder/engine/command.h"
#include "larder/engine/identity.h"
#include "larder/engine/session.h"
#include "larder/memory/heap.h"

namespace larder::server {
namespace {

// Nothing here allocates.
void on_exhaustion(memory::Owner owner, std::size_t bytes) {
  const std::string_view payer = memory::name(owner);
  std::array<char, 256> text;
  base::print_into(
      text, "Out Of Memory allocating %zu bytes for %.*s!\nHeld at that time: used_memory:%llu\n",
      bytes, static_cast<int>(payer.size()), payer.data(),
      static_cast<unsigned long long>(memory::used_bytes()));
  process::panic("OUT OF MEMORY", text.data());
}

}  // namespace

CrashDetails::CrashDetails(info::Reporter& reporter, const engine::Executor& executor)
    : reporter_(reporter),
      executor_(executor),
      version_("Larder " + std::string(engine::kLarderVersion)) {
  memory::on_exhaustion(on_exhaustion);
}

CrashDetails::~CrashDetails() { memory::on_exhaustion(nullptr); }

void CrashDetails::running(std::span<char> lines) const {
  const engine::Session* const session = executor_.running();
  if (session == nullptr) {
    base::print_into(lines, "While no command was running.\n");
    return;
  }
  const engine::Command* const command = session->last_command;
  const std::string_view name = command == nullptr ? std::string_view("none") : command->name;
  const std::string_view client = session->name;
  base::print_into(lines, "While running: %.*s\nFor the client: id=%llu name=%.*s db=%d\n",
                   static_cast<int>(name.size()), name.data(),
                   static_cast<unsigned long long>(session->id), static_cast<int>(client.size()),
                   client.data(), session->db);
}

std::string CrashDetails::info() { return reporter_.render({"everything"}); }

}  // namespace larder::server
