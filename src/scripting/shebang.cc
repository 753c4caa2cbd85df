#include "shebang.h"

#include "larder/base/text.h"
#include "larder/base/words.h"

namespace larder::scripting {
namespace {

constexpr NamedFlag kFlags[] = {
    {"no-writes", kNoWrites},
    {"allow-oom", kAllowOom},
    {"allow-stale", kAllowStale},
    {"no-cluster", kNoCluster},
    {"allow-cross-slot-keys", kAllowCrossSlotKeys},
};

std::uint32_t flag(std::string_view name) {
  for (const NamedFlag& each : kFlags) {
    if (each.name == name) return each.flag;
  }
  return 0;
}

base::Result<std::uint32_t> read_flags(std::string_view list) {
  std::uint32_t flags = 0;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    const std::uint32_t found = flag(name);
    if (found == 0) {
      return base::Error{"Unexpected flag in script shebang: " + std::string(name)};
    }
    flags |= found;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return flags;
}

}  // namespace

std::span<const NamedFlag> script_flags() { return kFlags; }

std::uint32_t function_flag(std::string_view name) {
  for (const NamedFlag& each : kFlags) {
    if (base::equals_ignoring_case(each.name, name)) return each.flag;
  }
  return 0;
}

base::Result<Shebang> read_shebang(std::string_view text) {
  constexpr std::string_view kOption = "flags=";
  if (!text.starts_with("#!")) return Shebang{.flags = kDeclaresNothing};
  const std::size_t length = text.find('\n');
  if (length == std::string_view::npos) return base::Error{"Invalid script shebang"};
  const auto words = base::split_words(text.substr(0, length));
  if (!words || words->empty()) return base::Error{"Invalid engine in script shebang"};
  if (words->front() != "#!lua") {
    return base::Error{"Unexpected engine in script shebang: " + words->front()};
  }
  Shebang shebang{.length = length};
  for (std::size_t i = 1; i < words->size(); ++i) {
    const std::string_view word = (*words)[i];
    if (!word.starts_with(kOption)) {
      return base::Error{"Unknown lua shebang option: " + std::string(word)};
    }
    const auto flags = read_flags(word.substr(kOption.size()));
    if (!flags) return flags.error();
    shebang.flags |= flags.value();
  }
  return shebang;
}

}  // namespace larder::scripting
