#include "larder/persistence/kept_functions.h"

#include <algorithm>

namespace larder::persistence {
namespace {

// The name in the first line of a library's code; empty if there is none.
std::string_view name_of(std::string_view library) {
  constexpr std::string_view kName = "name=";
  const std::string_view line = library.substr(0, library.find('\n'));
  const std::size_t at = line.find(kName);
  if (!line.starts_with("#!") || at == std::string_view::npos) return {};
  const std::string_view name = line.substr(at + kName.size());
  return name.substr(0, name.find_first_of(" \t\r"));
}

}  // namespace

void KeptFunctions::remove(std::string_view name) {
  const auto has_name = [name](const Library& each) {
    return !name.empty() && name_of({each.data(), each.size()}) == name;
  };
  libraries_.erase(std::remove_if(libraries_.begin(), libraries_.end(), has_name),
                   libraries_.end());
}

void KeptFunctions::replace(std::string_view library) {
  remove(name_of(library));
  add(library);
}

}  // namespace larder::persistence
