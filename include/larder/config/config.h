#pragma once

// Directives: a room declares its settings as members of a Group. The Registry reads them from
// files and command lines, serves CONFIG GET/SET/REWRITE, and prints the documented configuration
// file. Code reads a setting by value(), which is one load.
//
//   struct Settings : config::Group {
//     using Group::Group;
//     config::Integer samples{*this, {.name = "maxmemory-samples", .fallback = 5,
//         .range = {1, 64}, .help = "Number of keys that each round of eviction samples."}};
//   };

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/base/result.h"

namespace larder::config {

class Directive;
class Registry;

// A room's directives. Derive, declare them as members, and pass the Registry; the group must
// not outlive it. Names, titles, helps and words are string literals. `title` heads the group in
// the printed configuration file.
class Group {
 public:
  Group(Registry& registry, std::string_view title);
  // Takes its directives out of the registry.
  virtual ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  Registry& registry() { return registry_; }
  std::string_view title() const { return title_; }

 private:
  Registry& registry_;
  std::string_view title_;
};

// How a directive may change and be seen. Combine with |.
enum Trait : std::uint32_t {
  kPlain = 0,
  kImmutable = 1,       // only by file and command line
  kSensitive = 2,       // never logged or shown in MONITOR
  kHidden = 4,          // not matched by CONFIG GET patterns, only by its name
  kProtected = 8,       // CONFIG SET needs enable-protected-configs to change it
  kDeniedLoading = 16,  // not by CONFIG SET while loading
  kRepeatable = 32,     // lines of the file add up instead of replacing
  kNotActing = 64,      // accepted, stored and reported; its feature does not exist yet
  kFileOnly = 128,      // only a line of the file: CONFIG GET, SET and REWRITE do not have it
  kNamesAFile = 256,    // CONFIG SET to the same name is a change: the file may be another
};

struct Range {
  std::int64_t least;
  std::int64_t most;
};

// Called after a change at run time; an error refuses the change, and the old value is put
// back, after which the watcher is called again for the old value and its answer is ignored.
// Not called for values from the file and command line.
using Watcher = std::function<base::Result<void>()>;

// What every directive has: its names, how it changes, and its text form.
class Directive {
 public:
  Directive(Group& group, std::string_view name, std::string_view alias, std::uint32_t traits,
            std::string_view help);
  virtual ~Directive();
  Directive(const Directive&) = delete;
  Directive& operator=(const Directive&) = delete;

  std::string_view name() const { return name_; }
  // Another name of the same setting; empty when there is none.
  std::string_view alias() const { return alias_; }
  std::string_view help() const { return help_; }
  bool has(Trait trait) const { return (traits_ & trait) != 0; }
  Group& group() const { return group_; }

  // Whether a value is several words, so that one argument is split at its spaces.
  virtual bool is_list() const { return false; }
  // Takes the arguments of one line (`port 6379` has one). The error is Redis's text, and
  // leaves the old value.
  virtual base::Result<void> parse(const std::vector<std::string>& arguments) = 0;
  // The same for a line of a file or command line; differs from parse() where lines add up.
  virtual base::Result<void> read_line(const std::vector<std::string>& arguments);
  // The text from which parse() gets the current value.
  virtual std::vector<std::string> arguments() const;
  // As CONFIG GET shows it.
  virtual std::string print() const = 0;
  // As CONFIG REWRITE writes it: zero or more whole lines without line ends.
  virtual std::vector<std::string> lines() const;
  // The same after lines of an included file, whose arguments are `inherited`: the lines that must
  // follow them to get the current value.
  virtual std::vector<std::string> lines_after(
      const std::vector<std::vector<std::string>>& inherited) const;
  virtual bool is_default() const = 0;
  // Whether it has no effect yet and its value is not the default.
  virtual bool is_set_without_effect() const { return has(kNotActing) && !is_default(); }
  // Whether CONFIG REWRITE updates its lines; it does not change other lines of the file.
  virtual bool is_rewritten() const { return !has(kFileOnly); }
  // The valid values for the documented file: "1 to 64", "yes or no".
  virtual std::string domain() const = 0;

  void watch(Watcher watcher) { watcher_ = std::move(watcher); }
  const Watcher& watcher() const { return watcher_; }

 private:
  Group& group_;
  std::string_view name_;
  std::string_view alias_;
  std::string_view help_;
  std::uint32_t traits_;
  Watcher watcher_;
};

enum class Radix : std::uint8_t { decimal, octal };

class Integer final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    std::int64_t fallback;
    Range range;
    std::uint32_t traits = kPlain;
    std::string_view help;
    Radix radix = Radix::decimal;
  };
  Integer(Group& group, const Spec& spec);

  std::int64_t value() const { return value_; }
  void value(std::int64_t value) { value_ = value; }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  std::int64_t value_;
  std::int64_t fallback_;
  Range range_;
  Radix radix_;
};

// A number of bytes, with units (100mb). If `percent` is allowed, "5%" is stored as -5, and
// `range` applies only to bytes.
class Bytes final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    std::int64_t fallback;
    Range range;
    std::uint32_t traits = kPlain;
    bool percent = false;
    std::string_view help;
  };
  Bytes(Group& group, const Spec& spec);

  std::int64_t value() const { return value_; }
  void value(std::int64_t value) { value_ = value; }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  std::int64_t value_;
  std::int64_t fallback_;
  Range range_;
  bool percent_;
};

// A number of bytes, or what the system allows: a share of it ("75%"), or as much as can be used of
// it ("auto"). For these two, the server room computes the bytes and calls resolve().
class Limit final : public Directive {
 public:
  enum class Form : std::uint8_t { bytes, percent, automatic };
  struct Spec {
    std::string_view name;
    std::string_view help;
  };
  Limit(Group& group, const Spec& spec);

  // In bytes; 0 is no limit.
  std::int64_t value() const { return value_; }
  void value(std::int64_t bytes);
  Form form() const { return form_; }
  std::int64_t percent() const { return percent_; }
  // Sets the value of a share, or of "auto".
  void resolve(std::int64_t bytes);

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::vector<std::string> arguments() const override;
  // Prints the bytes: clients of Redis expect a number.
  std::string print() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return form_ == Form::bytes && value_ == 0; }
  std::string domain() const override;

 private:
  void form(Form form, std::int64_t percent);

  std::int64_t value_ = 0;
  std::int64_t resolved_ = 0;
  std::int64_t percent_ = 0;
  Form form_ = Form::bytes;
};

class Toggle final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    bool fallback;
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Toggle(Group& group, const Spec& spec);

  bool value() const { return value_; }
  void value(bool value) { value_ = value; }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  bool value_;
  bool fallback_;
};

// One of a few words. value() is the index into `words`, in their order; convert it to the
// room's own enum.
class Choice final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    int fallback;
    std::initializer_list<std::string_view> words;
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Choice(Group& group, const Spec& spec);

  int value() const { return value_; }
  void value(int value) { value_ = value; }
  template <typename Enum>
  Enum as() const {
    return static_cast<Enum>(value_);
  }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  int value_;
  int fallback_;
  std::vector<std::string_view> words_;
};

class Text final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    std::string_view fallback = {};
    std::uint32_t traits = kPlain;
    std::string_view help;
    // Refuses a value with a reason; absent: every text is taken.
    std::function<base::Result<void>(const std::string&)> check = {};
  };
  Text(Group& group, const Spec& spec);

  const std::string& value() const { return value_; }
  void value(std::string value) { value_ = std::move(value); }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override { return "text"; }

 private:
  std::string value_;
  std::string fallback_;
  std::function<base::Result<void>(const std::string&)> check_;
};

}  // namespace larder::config
