#pragma once

// INFO: any room publishes what it knows about itself by declaring fields as members of a
// Group. A field names its section and itself; the Reporter finds the groups and prints.
//
//   struct Metrics : info::Group {
//     using Group::Group;
//     info::Counter evicted_keys{*this, "stats", "evicted_keys"};
//   };

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace larder::info {

class Field;
class Reporter;

// A room's fields. Derive, declare fields as members, and pass the Reporter; the group must
// not outlive it.
class Group {
 public:
  explicit Group(Reporter& reporter);
  virtual ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Brings gauges and texts up to date; called once before a section that holds any of the
  // group's fields is printed.
  virtual void refresh() {}
  // CONFIG RESETSTAT: counters of the section "stats" go back to zero.
  virtual void reset();

  const std::vector<Field*>& fields() const { return fields_; }

 private:
  friend class Field;
  Reporter& reporter_;
  std::vector<Field*> fields_;
};

class Field {
 public:
  Field(Group& group, std::string_view section, std::string_view name);
  virtual ~Field() = default;
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  std::string_view section() const { return section_; }
  std::string_view name() const { return name_; }
  // Appends the value, without name or line end.
  virtual void print(std::string& out) const = 0;
  virtual void reset() {}

 private:
  std::string_view section_;
  std::string_view name_;
};

// Counts up from the start or the last CONFIG RESETSTAT.
class Counter final : public Field {
 public:
  using Field::Field;
  void operator++() { ++value_; }
  void operator+=(std::uint64_t n) { value_ += n; }
  std::uint64_t value() const { return value_; }
  void print(std::string& out) const override;
  void reset() override { value_ = 0; }

 private:
  std::uint64_t value_ = 0;
};

// A figure that goes up and down.
class Gauge final : public Field {
 public:
  using Field::Field;
  void operator=(std::int64_t value) { value_ = value; }
  void operator+=(std::int64_t n) { value_ += n; }
  std::int64_t value() const { return value_; }
  void print(std::string& out) const override;

 private:
  std::int64_t value_ = 0;
};

// Words, or a number in a form of its own ("1.03", "12.50M", "99.91%").
class Text final : public Field {
 public:
  using Field::Field;
  void operator=(std::string value) { value_ = std::move(value); }
  const std::string& value() const { return value_; }
  void print(std::string& out) const override { out += value_; }

 private:
  std::string value_;
};

// Lines whose names are only known when they are printed (db0, cmdstat_get): the value
// holds whole lines, each ended by \r\n.
class Lines final : public Field {
 public:
  Lines(Group& group, std::string_view section) : Field(group, section, {}) {}
  void operator=(std::string value) { value_ = std::move(value); }
  void print(std::string& out) const override { out += value_; }

 private:
  std::string value_;
};

class Reporter {
 public:
  // INFO's answer to these section names: none or "default" gives the usual ones, "all" and
  // "everything" add the statistics by command. Sections come in Redis's order, each once;
  // names that no section has are passed over. Within a section the fields that Redis has
  // come in its order, whichever group they are in, and then the others as declared.
  std::string render(const std::vector<std::string_view>& sections);

  // The value of one field as it would be printed now; empty when there is none.
  std::string value(std::string_view name);

  // CONFIG RESETSTAT.
  void reset();

 private:
  friend class Group;
  std::vector<Group*> groups_;
};

}  // namespace larder::info
