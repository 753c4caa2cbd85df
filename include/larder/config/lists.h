#pragma once

// Directives whose value is several words: flags, letters, numbers, points, limits, lines.

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/config/config.h"

namespace larder::config {

// Some of a few words, each a bit: `nosave force`.
class Flags final : public Directive {
 public:
  struct Word {
    std::string_view text;
    std::uint32_t bit;  // 0: the word for "none of them"
  };
  struct Spec {
    std::string_view name;
    std::uint32_t fallback;
    std::initializer_list<Word> words;
    std::uint32_t traits = kPlain;
    std::string_view help;
    // Refuses a combination with a reason.
    base::Result<void> (*check)(std::uint32_t bits) = nullptr;
  };
  Flags(Group& group, const Spec& spec);

  std::uint32_t value() const { return value_; }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::vector<std::string> arguments() const override;
  std::string print() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  const Word* find(std::string_view text) const;

  std::uint32_t value_;
  std::uint32_t fallback_;
  std::vector<Word> words_;
  base::Result<void> (*check_)(std::uint32_t bits);
};

// Letters in any order, each some bits: `KEA`. Printed in the order of `letters`; a letter
// that represents several bits replaces the letters it covers.
class Letters final : public Directive {
 public:
  struct Letter {
    char letter;
    std::uint32_t bits;
  };
  struct Spec {
    std::string_view name;
    std::initializer_list<Letter> letters;
    std::string_view refusal;  // the error for an unknown letter
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  // No letter is the default.
  Letters(Group& group, const Spec& spec);

  std::uint32_t value() const { return value_; }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return value_ == 0; }
  std::string domain() const override;

 private:
  std::uint32_t value_ = 0;
  std::vector<Letter> letters_;
  std::string_view refusal_;
};

// Any words, up to a number of them.
class Words final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::initializer_list<std::string_view> fallback;
    std::size_t most;
    std::string_view refusal;  // the error for more of them
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Words(Group& group, const Spec& spec);

  const std::vector<std::string>& value() const { return value_; }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::vector<std::string> arguments() const override { return value_; }
  std::string print() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  std::vector<std::string> value_;
  std::vector<std::string> fallback_;
  std::size_t most_;
  std::string_view refusal_;
};

// Exactly as many integers as the default has.
class Numbers final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::initializer_list<std::int64_t> fallback;
    Range range;
    std::string_view refusal;  // the error for a word that is not a number in the range
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Numbers(Group& group, const Spec& spec);

  const std::vector<std::int64_t>& value() const { return value_; }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> arguments() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  std::vector<std::int64_t> value_;
  std::vector<std::int64_t> fallback_;
  Range range_;
  std::string_view refusal_;
};

// Any number of percentages, 0.0 to 100.0, shown with up to six fractional digits.
class Percentiles final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::initializer_list<double> fallback;
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Percentiles(Group& group, const Spec& spec);

  const std::vector<double>& value() const { return value_; }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> arguments() const override;
  std::vector<std::string> lines() const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  std::vector<double> value_;
  std::vector<double> fallback_;
};

// When to write a snapshot: after a number of seconds, if there were a number of changes.
struct SavePoint {
  std::int64_t seconds;
  std::int64_t changes;

  bool operator==(const SavePoint& other) const {
    return seconds == other.seconds && changes == other.changes;
  }
};

// The first line of a file or command line replaces the default, each further one adds its
// points, and an empty one removes all.
class SavePoints final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::initializer_list<SavePoint> fallback;
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  SavePoints(Group& group, const Spec& spec);

  const std::vector<SavePoint>& value() const { return value_; }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  base::Result<void> read_line(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> arguments() const override;
  std::vector<std::string> lines() const override;
  std::vector<std::string> lines_after(
      const std::vector<std::vector<std::string>>& inherited) const override;
  bool is_default() const override { return value_ == fallback_; }
  // Without save points no snapshot is needed.
  bool is_set_without_effect() const override {
    return !value_.empty() && Directive::is_set_without_effect();
  }
  std::string domain() const override;

 private:
  std::vector<SavePoint> value_;
  std::vector<SavePoint> fallback_;
  bool was_read_ = false;
};

// How many unsent bytes a client may have before it is disconnected; 0 is no limit.
struct BufferLimit {
  std::uint64_t hard_bytes;
  std::uint64_t soft_bytes;
  std::int64_t soft_seconds;  // how long the soft limit may be exceeded

  bool operator==(const BufferLimit& other) const {
    return hard_bytes == other.hard_bytes && soft_bytes == other.soft_bytes &&
           soft_seconds == other.soft_seconds;
  }
};

enum class ClientClass : std::uint8_t { normal, replica, pubsub };
inline constexpr std::size_t kClientClasses = 3;

// A line names one or more classes and leaves the others as they are.
class BufferLimits final : public Directive {
 public:
  using Table = std::array<BufferLimit, kClientClasses>;
  struct Spec {
    std::string_view name;
    Table fallback;
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  BufferLimits(Group& group, const Spec& spec);

  const BufferLimit& value(ClientClass which) const {
    return value_[static_cast<std::size_t>(which)];
  }

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> arguments() const override;
  std::vector<std::string> lines() const override;
  std::vector<std::string> lines_after(
      const std::vector<std::vector<std::string>>& inherited) const override;
  bool is_default() const override { return value_ == fallback_; }
  std::string domain() const override;

 private:
  Table value_;
  Table fallback_;
};

// A host and a port, or none: `127.0.0.1 6379`, `no one`.
class Endpoint final : public Directive {
 public:
  struct Spec {
    std::string_view name;
    std::string_view alias = {};
    std::string_view refusal;  // the error for an invalid port
    std::uint32_t traits = kPlain;
    std::string_view help;
  };
  Endpoint(Group& group, const Spec& spec);

  // Empty when there is none, or when a client said so.
  const std::string& host() const { return host_; }
  int port() const { return port_; }
  bool is_none() const { return host_.empty() && port_ == 0; }
  void value(std::string host, int port);

  bool is_list() const override { return true; }
  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> arguments() const override;
  std::vector<std::string> lines() const override;
  std::vector<std::string> lines_after(
      const std::vector<std::vector<std::string>>& inherited) const override;
  bool is_default() const override { return is_none(); }
  std::string domain() const override { return "host port"; }

 private:
  std::string host_;
  int port_ = 0;
  std::string_view refusal_;
};

// Lines that are stored unchanged for the room that uses them: `user`, `rename-command`. They are
// not settings: CONFIG GET and SET do not have them.
class Lines final : public Directive {
 public:
  using Line = std::vector<std::string>;
  struct Spec {
    std::string_view name;
    std::size_t least_words;
    std::size_t most_words;
    std::string_view form;  // a description of the words
    std::uint32_t traits = kPlain;
    std::string_view help;
    // Refuses a line with a reason, given those before it.
    base::Result<void> (*check)(const std::vector<Line>& before, const Line& line) = nullptr;
  };
  Lines(Group& group, const Spec& spec);

  const std::vector<Line>& value() const { return value_; }
  // Sets a function that returns the current lines. CONFIG REWRITE then writes these lines instead
  // of keeping those of the file. The argument of the function is the lines of included files. An
  // empty function removes it.
  using Present = std::function<std::vector<std::string>(const std::vector<Line>& inherited)>;
  void rewrite_as(Present present) { present_ = std::move(present); }

  base::Result<void> parse(const std::vector<std::string>& arguments) override;
  std::string print() const override;
  std::vector<std::string> lines() const override;
  std::vector<std::string> lines_after(
      const std::vector<std::vector<std::string>>& inherited) const override;
  bool is_default() const override { return value_.empty() && !present_; }
  bool is_rewritten() const override { return present_ != nullptr; }
  std::string domain() const override { return std::string(form_); }

 private:
  std::vector<Line> value_;
  std::size_t least_words_;
  std::size_t most_words_;
  std::string_view form_;
  base::Result<void> (*check_)(const std::vector<Line>& before, const Line& line);
  Present present_;
};

}  // namespace larder::config
