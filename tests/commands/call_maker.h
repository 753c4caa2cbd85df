#pragma once

// Calls of commands, made from the `arguments` of their rows, so that new commands are tested too.

#include <string>
#include <utility>
#include <vector>

#include "larder/base/rng.h"
#include "larder/commands/argument_syntax.h"
#include "larder/engine/command.h"

namespace larder::commands {

using Words = std::vector<std::string>;
using Choices = std::vector<std::string>;

// The text of an argument of each kind.
struct CallValues {
  Choices integers;
  Choices doubles;
  Choices times;
  Choices names;
};

// Makes calls that mostly fit a row: options are omitted, repeated and put in any order.
class CallMaker {
 public:
  CallMaker(base::Rng& rng, CallValues values) : rng_(rng), values_(std::move(values)) {}

  Words call(const engine::Command& row) {
    Words words;
    std::string name(row.name);
    for (std::size_t at; (at = name.find(' ')) != std::string::npos; name.erase(0, at + 1)) {
      words.push_back(name.substr(0, at));
    }
    words.push_back(name);
    add_all(parse_arguments(row.arguments), words);
    return words;
  }

 private:
  bool chance(std::uint64_t one_in) { return rng_.below(one_in) == 0; }
  const std::string& one_of(const Choices& choices) { return choices[rng_.below(choices.size())]; }

  void add_all(const std::vector<Argument>& arguments, Words& words) {
    std::vector<Words> options;
    for (const Argument& argument : arguments) {
      if (!argument.optional) {
        add(argument, words);
        continue;
      }
      for (std::uint64_t times = chance(4) ? 2 : rng_.below(2); times > 0; --times) {
        options.emplace_back();
        add(argument, options.back());
        // Some options come before the mandatory arguments.
        if (argument.token.empty() || chance(2)) {
          words.insert(words.end(), options.back().begin(), options.back().end());
          options.pop_back();
        }
      }
    }
    for (std::size_t i = options.size(); i > 1; --i) {
      std::swap(options[i - 1], options[rng_.below(i)]);
    }
    for (const Words& option : options) words.insert(words.end(), option.begin(), option.end());
  }

  void add(const Argument& argument, Words& words) {
    if (argument.type == "oneof")
      return add(argument.parts[rng_.below(argument.parts.size())], words);
    std::uint64_t times = 1;
    if (argument.multiple) times = count_ != 0 ? count_ : 1 + rng_.below(2);
    if (argument.name == "numkeys") count_ = 1 + rng_.below(2);
    for (std::uint64_t i = 0; i < times; ++i) {
      if (!argument.token.empty() && (i == 0 || argument.multiple_token)) {
        words.emplace_back(argument.token);
      }
      add_value(argument, words);
    }
    if (argument.multiple) count_ = 0;
  }

  void add_value(const Argument& argument, Words& words) {
    if (argument.type == "block") return add_all(argument.parts, words);
    if (argument.type == "pure-token") return;
    if (argument.name == "numkeys") return words.push_back(std::to_string(count_));
    if (argument.type == "integer") return words.push_back(one_of(values_.integers));
    if (argument.type == "double") return words.push_back(one_of(values_.doubles));
    if (argument.type == "unix-time") return words.push_back(one_of(values_.times));
    words.push_back(one_of(values_.names));
  }

  base::Rng& rng_;
  CallValues values_;
  std::uint64_t count_ = 0;  // the value of the last numkeys
};

}  // namespace larder::commands
