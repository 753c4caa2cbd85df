#include "symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

// The linker's name for where the program was loaded.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char __executable_start;

namespace larder::process {
namespace {

const Elf64_Shdr* section_of_kind(const char* file, std::size_t size, std::uint32_t kind) {
  const auto* head = reinterpret_cast<const Elf64_Ehdr*>(file);
  if (size < sizeof *head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return nullptr;
  if (head->e_shoff + head->e_shnum * sizeof(Elf64_Shdr) > size) return nullptr;
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(file + head->e_shoff);
  for (unsigned i = 0; i < head->e_shnum; ++i) {
    if (sections[i].sh_type == kind && sections[i].sh_offset + sections[i].sh_size <= size) {
      return &sections[i];
    }
  }
  return nullptr;
}

}  // namespace

ProgramSymbols::ProgramSymbols() {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat about {};
  if (::fstat(file, &about) == 0) {
    void* mapped =
        ::mmap(nullptr, static_cast<std::size_t>(about.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped != MAP_FAILED) {
      file_ = static_cast<const char*>(mapped);
      size_ = static_cast<std::size_t>(about.st_size);
    }
  }
  ::close(file);
}

ProgramSymbols::~ProgramSymbols() {
  if (file_ != nullptr) ::munmap(const_cast<char*>(file_), size_);
}

ProgramSymbols::Place ProgramSymbols::find(const void* address) const {
  const Elf64_Shdr* table = section_of_kind(file_, size_, SHT_SYMTAB);
  if (table == nullptr) return {};
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(
      file_ + reinterpret_cast<const Elf64_Ehdr*>(file_)->e_shoff);
  const char* names = file_ + sections[table->sh_link].sh_offset;
  const auto* symbols = reinterpret_cast<const Elf64_Sym*>(file_ + table->sh_offset);
  const auto at = reinterpret_cast<std::uintptr_t>(address) -
                  reinterpret_cast<std::uintptr_t>(&__executable_start);
  for (std::size_t i = 0; i < table->sh_size / sizeof(Elf64_Sym); ++i) {
    const Elf64_Sym& symbol = symbols[i];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    if (at >= symbol.st_value && at < symbol.st_value + symbol.st_size) {
      return {names + symbol.st_name, at - symbol.st_value};
    }
  }
  return {};
}

}  // namespace larder::process
