#pragma once

// A server in process with a client that loads and calls functions.

#include <string>

#include "tests/scripting/script_room.h"

namespace larder::scripting {

class FunctionRoom : public ScriptRoom {
 protected:
  explicit FunctionRoom(const std::string& options = {}) : ScriptRoom(options) {}

  static std::string library(const std::string& name, const std::string& code) {
    return "#!lua name=" + name + "\n" + code;
  }
  std::string load(const std::string& name, const std::string& code) {
    return reply({"FUNCTION", "LOAD", "REPLACE", library(name, code)});
  }
  // A library with one function, whose body this is.
  std::string define(const std::string& function, const std::string& body) {
    return load(function, "redis.register_function('" + function + "', function(keys, args) " +
                              body + " end)");
  }
  std::string call(const std::string& function) { return reply({"FCALL", function, "0"}); }
  // Defines it, and calls it.
  std::string run(const std::string& body) {
    const std::string defined = define("present", body);
    return defined.front() == '-' ? defined : call("present");
  }
  std::string dump() {
    const std::string bulk = reply({"FUNCTION", "DUMP"});
    const std::size_t begin = bulk.find('\n') + 1;
    return bulk.substr(begin, bulk.size() - begin - 2);
  }
};

}  // namespace larder::scripting
