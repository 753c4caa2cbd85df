#pragma once

// All directives of all groups: finds them by name, loads them from files and command lines, serves
// CONFIG GET, SET and REWRITE, and prints them with their documentation.

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "larder/base/result.h"
#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::config {

// A parsed command line, before any file is read.
struct CommandLine {
  std::string file;             // the configuration file; empty when none is named
  bool standard_input = false;  // `-`: configuration is read from standard input too
  std::string options;          // the other arguments as lines of a configuration file
};

// Takes the arguments after the program's name. Never fails: a wrong argument becomes a line that
// load() refuses.
CommandLine read_command_line(const std::vector<std::string>& arguments);

// What load() reads, in this order; later lines win.
struct Sources {
  std::string file;     // a path; empty for none
  std::string input;    // what standard input held
  std::string options;  // CommandLine::options
};

// The conditions under which CONFIG SET runs.
struct SetConditions {
  bool protected_allowed = false;  // whether enable-protected-configs allows this client
  bool loading = false;            // the dataset is being loaded
};

enum class Extent : std::uint8_t { changed, all };

// A line of the configuration that a room cannot use: the whole report for standard error, as of
// Registry::report(). Thrown before the server serves.
struct BadLine : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Registry {
 public:
  // `product` is named in the report of a bad directive: "Redis 7.2.4".
  explicit Registry(std::string_view product);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The directive of that name or alias, in any letter case; null when there is none.
  Directive* find(std::string_view name) const;
  // All of them, in the order of their declaration.
  std::vector<Directive*> directives() const;

  // Reads everything. The error is the whole report for standard error, several lines, after
  // which the process exits with status 1. Directives read before the bad one stay changed.
  base::Result<void> load(const Sources& sources);

  // The report of load() for this line of a directive whose lines are stored: for rooms that find
  // an error in it only later.
  std::string report(const Lines& directive, std::size_t line, const std::string& reason) const;

  // Directives that have no effect yet and do not have their default value.
  std::vector<const Directive*> set_without_effect() const;

  // Name and value of the directives that match the patterns of CONFIG GET, each once. A name
  // without *, ? or [ is returned as it was written, and finds hidden directives too. An alias is
  // treated as a separate name.
  std::vector<std::pair<std::string, std::string>> get(
      const std::vector<std::string>& patterns) const;

  // CONFIG SET: all of them or, after an error, none. The error is the reply's text with its
  // code word ("ERR ...", "LOADING ...").
  base::Result<void> set(const std::vector<std::pair<std::string, std::string>>& pairs,
                         const SetConditions& conditions);

  // CONFIG REWRITE: updates the file and keeps comments, order and lines that are not settings;
  // missing directives are appended. Included files do not change: the file gets the values that
  // differ from them, after the line that includes them. The file is replaced atomically and keeps
  // its mode. The error is the reply's text with its code word.
  base::Result<void> rewrite(const std::string& path, Extent extent = Extent::changed) const;
  // The working folder during load(): relative names in the configuration are relative to it.
  const std::string& start_folder() const { return start_folder_; }

  // A configuration file with every directive at its present value, explained; hidden ones
  // are left out. Loading it changes nothing.
  std::string print_file() const;
  // The same as tables in markdown.
  std::string print_reference() const;

  // For Group and Directive only.
  void add(Group& group);
  void add(Directive& directive);
  void remove(Group& group);

 private:
  struct Entry {
    Directive* directive;
    Group* group;
  };

  friend class Loader;

  // The position of a line: its number and its text.
  struct Origin {
    std::size_t number;
    std::string text;
  };
  std::string report(const Origin& origin, const std::string& reason) const;

  std::string product_;
  std::string start_folder_;  // relative names of included files start from it
  std::vector<Group*> groups_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, Directive*> names_;  // in small letters, with aliases
  // Of each line that a directive keeps.
  std::unordered_map<const Directive*, std::vector<Origin>> origins_;
};

}  // namespace larder::config
