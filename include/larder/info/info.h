#pragma once

// INFO: a room declares its fields as members of a Group. A declaration has the section, the name,
// and what the metrics page shows; the Reporter finds the groups and prints them.
//
//   struct Metrics : info::Group {
//     using Group::Group;
//     info::Counter evicted_keys{
//         *this, "stats", "evicted_keys", {.help = "Keys removed because memory ran out."}};
//   };

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/info/metric.h"

namespace larder::info {

class Field;
class Reporter;
class Visitor;

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
  // CONFIG RESETSTAT: counters of the section "stats" are reset to zero.
  virtual void reset();

  const std::vector<Field*>& fields() const { return fields_; }

 private:
  friend class Field;
  Reporter& reporter_;
  std::vector<Field*> fields_;
};

class Field {
 public:
  Field(Group& group, std::string_view section, std::string_view name, const Metric& metric = {});
  virtual ~Field() = default;
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  std::string_view section() const { return section_; }
  std::string_view name() const { return name_; }
  const Metric& metric() const { return metric_; }
  // Appends the value, without name or line end.
  virtual void print(std::string& out) const = 0;
  // Passes the kind of the field and its value to the visitor.
  virtual void accept(Visitor& visitor) const = 0;
  virtual void reset() {}

  // A field that exists only at times is neither printed nor visited at others.
  void show(bool shown) { is_shown_ = shown; }
  bool is_shown() const { return is_shown_; }

 private:
  std::string_view section_;
  std::string_view name_;
  Metric metric_;
  bool is_shown_ = true;
};

// Counts up from the start or the last CONFIG RESETSTAT.
class Counter final : public Field {
 public:
  using Field::Field;
  void operator++() { ++value_; }
  void operator+=(std::uint64_t n) { value_ += n; }
  std::uint64_t value() const { return value_; }
  void print(std::string& out) const override;
  void accept(Visitor& visitor) const override;
  void reset() override { value_ = 0; }

 private:
  std::uint64_t value_ = 0;
};

// A value that can increase and decrease.
class Gauge final : public Field {
 public:
  using Field::Field;
  void operator=(std::int64_t value) { value_ = value; }
  void operator+=(std::int64_t n) { value_ += n; }
  std::int64_t value() const { return value_; }
  void print(std::string& out) const override;
  void accept(Visitor& visitor) const override;

 private:
  std::int64_t value_ = 0;
};

// A text, or a number in a special form ("1.03", "12.50M", "99.91%").
class Text final : public Field {
 public:
  using Field::Field;
  void operator=(std::string value) { value_ = std::move(value); }
  const std::string& value() const { return value_; }
  void print(std::string& out) const override { out += value_; }
  void accept(Visitor& visitor) const override;

 private:
  std::string value_;
};

// Lines whose names are only known when they are printed (db0, cmdstat_get): the value holds
// complete lines, each with \r\n at its end.
class Lines final : public Field {
 public:
  // Without `metrics` the metrics page shows nothing of them.
  Lines(Group& group, std::string_view section, const LineMetrics* metrics = nullptr)
      : Field(group, section, {}), metrics_(metrics) {}
  const LineMetrics* metrics() const { return metrics_; }
  void operator=(std::string value) { value_ = std::move(value); }
  void print(std::string& out) const override { out += value_; }
  void accept(Visitor& visitor) const override;

 private:
  const LineMetrics* metrics_;
  std::string value_;
};

// One gauge for each of some names that are known from the start, as the bytes of each owner.
// INFO does not print it; visitors get it.
class Family final : public Field {
 public:
  // `label` is the metrics label for these names.
  Family(Group& group, std::string_view name, std::string_view label,
         const std::vector<std::string_view>& names, const Metric& metric = {});
  std::string_view label() const { return label_; }
  void set(std::size_t index, std::int64_t value) { figures_[index].second = value; }
  const std::vector<std::pair<std::string_view, std::int64_t>>& figures() const { return figures_; }
  void print(std::string&) const override {}
  void accept(Visitor& visitor) const override;

 private:
  std::string_view label_;
  std::vector<std::pair<std::string_view, std::int64_t>> figures_;
};

// Gets all fields by their kind, for other formats than the text of INFO.
class Visitor {
 public:
  virtual void counter(const Field& field, std::uint64_t value) = 0;
  virtual void gauge(const Field& field, std::int64_t value) = 0;
  virtual void text(const Field& field, std::string_view value) = 0;
  // Whole lines, each ended by \r\n.
  virtual void lines(const Lines& field, std::string_view lines) = 0;
  virtual void family(const Family& family) = 0;

 protected:
  ~Visitor() = default;
};

class Reporter {
 public:
  // The reply of INFO to these section names: none or "default" gives the usual sections, "all"
  // and "everything" add the statistics by command. Sections are in Redis's order, each once;
  // unknown names are ignored. Within a section the fields of Redis come first, in its order,
  // from all groups, and then the others in the order of their declaration.
  std::string render(const std::vector<std::string_view>& sections);

  // The value of one field as it would be printed now; empty when there is none.
  std::string value(std::string_view name);

  // Refreshes every group once and shows all fields, section by section in INFO's order, then
  // those of no section. Cost: as that of rendering everything.
  void visit(Visitor& visitor);

  // CONFIG RESETSTAT.
  void reset();

 private:
  friend class Group;
  std::vector<Group*> groups_;
};

}  // namespace larder::info
