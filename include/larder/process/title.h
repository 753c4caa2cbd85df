#pragma once

// The title in process lists: it is written over the memory of the process's arguments.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace larder::process {

class Title {
 public:
  // Takes over the area of main's arguments and of the environment after them; the environment
  // is copied elsewhere first. One for each process.
  Title(int argc, char** argv);

  // The path that the program was started by.
  const std::string& program() const { return program_; }
  void show(std::string_view title);

 private:
  std::string program_;
  char* area_ = nullptr;
  std::size_t room_ = 0;
  std::vector<std::string> variables_;
  std::vector<char*> environment_;
};

// The values of proc-title-template's variables.
struct TitleParts {
  std::string title;
  std::string listen_address;
  std::string mode;
  std::string port;
  std::string tls_port;
  std::string unix_socket;
  std::string config_file;
};
std::string expand_title(const std::string& pattern, const TitleParts& parts);

}  // namespace larder::process
