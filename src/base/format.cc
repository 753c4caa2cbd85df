#include "larder/base/format.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace larder::base {
namespace {

void append_printed(std::string& out, const char* format, std::va_list arguments) {
  std::va_list again;
  va_copy(again, arguments);
  const int needed = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (needed <= 0) return;
  const std::size_t before = out.size();
  const auto length = static_cast<std::size_t>(needed);
  out.resize(before + length + 1);
  std::vsnprintf(out.data() + before, length + 1, format, arguments);
  out.resize(before + length);
}

}  // namespace

std::string_view print_into(std::span<char> out, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const int needed = std::vsnprintf(out.data(), out.size(), format, arguments);
  va_end(arguments);
  if (needed <= 0 || out.empty()) return {};
  return {out.data(), std::min(static_cast<std::size_t>(needed), out.size() - 1)};
}

void append_print(std::string& out, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  append_printed(out, format, arguments);
  va_end(arguments);
}

std::string printed(const char* format, ...) {
  std::string out;
  std::va_list arguments;
  va_start(arguments, format);
  append_printed(out, format, arguments);
  va_end(arguments);
  return out;
}

}  // namespace larder::base
