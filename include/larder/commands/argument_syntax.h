#pragma once

// The compact form in which command rows describe their arguments, for COMMAND DOCS and
// HELP. Items are separated by spaces:
//
//   name:type           type is key, string, integer, double, pattern, unix-time,
//                       pure-token, oneof or block
//   #0                  the key specification that finds this key
//   @TOKEN              the word before it (or, for a pure-token, the word itself)
//   =shown              another name for people
//   ? * +               optional; may be repeated; repeated together with its token
//   (...)               what a oneof chooses from, what a block consists of
//
//   "key:key#0 condition:oneof?(nx:pure-token@NX xx:pure-token@XX) seconds:integer@EX?"

#include <string>
#include <string_view>
#include <vector>

namespace larder::commands {

struct Argument {
  std::string_view name;
  std::string_view type;
  std::string_view token;
  std::string_view shown;
  int key_spec = -1;
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  std::vector<Argument> parts;
};

// The tree that `syntax` describes. It is part of the program: a mistake in it is a bug and
// asserts.
std::vector<Argument> parse_arguments(std::string_view syntax);

// As people write it: "key [NX|XX] [EX seconds]".
std::string usage(const std::vector<Argument>& arguments);

}  // namespace larder::commands
