#include "larder/process/title.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace larder::process {

Title::Title(int argc, char** argv) : program_(argc > 0 ? argv[0] : "") {
  if (argc == 0) return;
  area_ = argv[0];
  char* end = area_;
  const auto extend = [&](char* text) {
    if (text == end) end = text + std::strlen(text) + 1;
  };
  for (int i = 0; i < argc; ++i) extend(argv[i]);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    extend(*variable);
    variables_.emplace_back(*variable);
  }
  for (std::string& variable : variables_) environment_.push_back(variable.data());
  environment_.push_back(nullptr);
  environ = environment_.data();
  room_ = static_cast<std::size_t>(end - area_);
}

void Title::show(std::string_view title) {
  if (room_ == 0) return;
  const std::size_t shown = std::min(title.size(), room_ - 1);
  std::memcpy(area_, title.data(), shown);
  std::memset(area_ + shown, 0, room_ - shown);
}

std::string expand_title(const std::string& pattern, const TitleParts& parts) {
  const std::pair<std::string_view, const std::string&> variables[] = {
      {"{title}", parts.title},
      {"{listen-addr}", parts.listen_address},
      {"{server-mode}", parts.mode},
      {"{port}", parts.port},
      {"{tls-port}", parts.tls_port},
      {"{unixsocket}", parts.unix_socket},
      {"{config-file}", parts.config_file}};
  std::string text;
  for (std::size_t i = 0; i < pattern.size();) {
    const auto* const found = std::find_if(
        std::begin(variables), std::end(variables),
        [&](const auto& one) { return pattern.compare(i, one.first.size(), one.first) == 0; });
    if (found == std::end(variables)) {
      text += pattern[i++];
    } else {
      text += found->second;
      i += found->first.size();
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace larder::process
