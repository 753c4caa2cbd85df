#include "library_header.h"

#include <algorithm>
#include <optional>

#include "larder/base/text.h"
#include "larder/base/words.h"

namespace larder::scripting {
namespace {

constexpr std::string_view kNameOption = "name=";

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return base::equals_ignoring_case(text.substr(0, start.size()), start);
}

// The name among the words behind the engine.
base::Result<std::string> read_name(const std::vector<std::string>& words) {
  std::optional<std::string> name;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!starts_ignoring_case(words[i], kNameOption)) {
      return base::Error{"Invalid metadata value given: " + words[i]};
    }
    if (name) return base::Error{"Invalid metadata value, name argument was given multiple times"};
    name = words[i].substr(kNameOption.size());
  }
  if (!name) return base::Error{"Library name was not given"};
  return *name;
}

}  // namespace

bool is_function_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const char small = base::lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

base::Result<LibraryHeader> read_library_header(std::string_view code) {
  constexpr std::string_view kBegin = "#!";
  if (!code.starts_with(kBegin)) return base::Error{"Missing library metadata"};
  const std::size_t length = code.find('\n');
  if (length == std::string_view::npos) return base::Error{"Invalid library metadata"};
  const auto words = base::split_words(code.substr(0, length));
  if (!words || words->empty()) return base::Error{"Invalid library metadata"};
  auto name = read_name(*words);
  if (!name) return name.error();
  if (!is_function_name(*name)) return base::Error{std::string(kBadFunctionName)};
  const std::string engine = words->front().substr(kBegin.size());
  if (!base::equals_ignoring_case(engine, "lua")) {
    return base::Error{"Engine '" + engine + "' not found"};
  }
  return LibraryHeader{.name = std::move(*name), .length = length};
}

}  // namespace larder::scripting
