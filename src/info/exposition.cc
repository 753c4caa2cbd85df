#include "larder/info/exposition.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "larder/base/format.h"
#include "larder/base/numbers.h"

namespace larder::info {
namespace {

constexpr std::string_view kPrefix = "larder_";

enum class Sort : std::uint8_t { counter, gauge, info, summary };

// In the order of Sort; the older format has no type info.
constexpr std::string_view kSorts[] = {"counter", "gauge", "info", "summary"};
constexpr std::string_view kSuffixes[] = {"_total", "", "_info", ""};

bool takes(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// The whole number with a point before its last `decimals` digits.
std::string with_point(std::string digits, int decimals) {
  if (decimals == 0) return digits;
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  const auto fraction = static_cast<std::size_t>(decimals);
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  digits.insert(digits.size() - fraction, 1, '.');
  return negative ? "-" + digits : digits;
}

// "1.03" and "99.91%" are numbers; "7.2.6", "0000" and "12.50M" are words.
std::optional<double> as_number(std::string_view text) {
  takes(text, "%");
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const bool is_decimal = text.find_first_not_of("-0123456789.") == std::string_view::npos;
  return is_decimal ? base::parse_double(text) : std::nullopt;
}

// To the digits that INFO has: 99.9 percent are 0.999.
std::string print(double value) { return base::printed("%.12g", value); }

// A text as the value of a label. Bytes that are not ASCII might not be UTF-8 and are left out.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c >= ' ' && c <= '~' ? c : '?';
    }
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  append_escaped(out, value);
  out += '"';
}

class Exposer final : public Visitor {
 public:
  explicit Exposer(Exposition form) : form_(form) { out_.reserve(32 << 10); }

  void counter(const Field& field, std::uint64_t value) override {
    number(field, Sort::counter, std::to_string(value));
  }
  void gauge(const Field& field, std::int64_t value) override {
    number(field, Sort::gauge, std::to_string(value));
  }
  void text(const Field& field, std::string_view value) override;
  void lines(const Lines& field, std::string_view lines) override;
  void family(const Family& family) override;

  std::string finish();

 private:
  // What several fields or lines add to.
  struct Gathered {
    std::string name;
    Sort sort;
    std::string_view help;
    std::string samples;
  };

  void number(const Field& field, Sort sort, std::string digits);
  void word(const Field& field, std::string_view value);
  void head(std::string& out, std::string_view name, Sort sort, std::string_view help) const;
  void sample(std::string_view name, Sort sort, std::string_view help, std::string_view value);
  Gathered& gathered(std::string_view name, Sort sort, std::string_view help);
  void line(const LineMetrics& metrics, std::string_view label, std::string_view figures);
  void line_figure(const LineMetrics& metrics, std::string_view label, std::string_view key,
                   std::string_view value);
  void percentile(const LineMetrics& metrics, std::string_view label, std::string_view key,
                  std::string_view value);
  static void add(Gathered& to, std::string_view labels, std::string_view value);

  Exposition form_;
  std::string out_;
  std::vector<Gathered> gathered_;  // some twenty
};

void Exposer::head(std::string& out, std::string_view name, Sort sort,
                   std::string_view help) const {
  const auto index = static_cast<std::size_t>(sort);
  // In the older format the family has the name of its samples, and an info is a gauge.
  const bool is_old = form_ == Exposition::prometheus;
  const std::string_view suffix = is_old ? kSuffixes[index] : std::string_view{};
  const std::string_view type = is_old && sort == Sort::info ? "gauge" : kSorts[index];
  if (!help.empty()) {
    out.append("# HELP ").append(kPrefix).append(name).append(suffix);
    out.append(" ").append(help).append("\n");
  }
  out.append("# TYPE ").append(kPrefix).append(name).append(suffix);
  out.append(" ").append(type).append("\n");
}

void Exposer::sample(std::string_view name, Sort sort, std::string_view help,
                     std::string_view value) {
  head(out_, name, sort, help);
  out_.append(kPrefix).append(name).append(kSuffixes[static_cast<std::size_t>(sort)]);
  out_.append(" ").append(value).append("\n");
}

void Exposer::number(const Field& field, Sort sort, std::string digits) {
  const Metric& metric = field.metric();
  if (metric.kind == MetricKind::hidden) return;
  if (metric.kind == MetricKind::counter) sort = Sort::counter;
  std::string_view name = metric.name.empty() ? field.name() : metric.name;
  if (sort == Sort::counter && name.starts_with("total_")) name.remove_prefix(6);
  sample(name, sort, metric.help, with_point(std::move(digits), metric.decimals));
}

void Exposer::text(const Field& field, std::string_view value) {
  std::string_view name = field.name();
  if (name.ends_with("_human")) return;
  if (name.ends_with("_status")) {
    return number(field, Sort::gauge, value == "ok" || value == "up" ? "1" : "0");
  }
  const auto found = as_number(value);
  if (!found) return word(field, value);
  if (!takes(name, "_perc")) return number(field, Sort::gauge, print(*found));
  sample(std::string(name) + "_ratio", Sort::gauge, field.metric().help, print(*found / 100));
}

void Exposer::word(const Field& field, std::string_view value) {
  if (value.empty()) return;
  Gathered& info = gathered(field.section(), Sort::info, "What INFO says in words.");
  if (!info.samples.empty()) info.samples += ',';
  append_label(info.samples, field.name(), value);
}

void Exposer::family(const Family& family) {
  head(out_, family.name(), Sort::gauge, family.metric().help);
  for (const auto& [name, figure] : family.figures()) {
    out_.append(kPrefix).append(family.name()).append("{");
    append_label(out_, family.label(), name);
    out_.append("} ").append(std::to_string(figure)).append("\n");
  }
}

Exposer::Gathered& Exposer::gathered(std::string_view name, Sort sort, std::string_view help) {
  for (Gathered& one : gathered_) {
    if (one.name == name) return one;
  }
  gathered_.push_back({std::string(name), sort, help, {}});
  return gathered_.back();
}

void Exposer::add(Gathered& to, std::string_view labels, std::string_view value) {
  to.samples.append(kPrefix).append(to.name).append(kSuffixes[static_cast<std::size_t>(to.sort)]);
  to.samples.append("{").append(labels).append("} ").append(value).append("\n");
}

void Exposer::lines(const Lines& field, std::string_view lines) {
  const LineMetrics* const metrics = field.metrics();
  while (metrics != nullptr && !lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view one = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos || !one.starts_with(metrics->prefix)) continue;
    line(*metrics, one.substr(metrics->prefix.size(), colon - metrics->prefix.size()),
         one.substr(colon + 1));
  }
}

void Exposer::line(const LineMetrics& metrics, std::string_view label, std::string_view figures) {
  while (!figures.empty()) {
    const std::size_t end = std::min(figures.find(','), figures.size());
    const std::string_view one = figures.substr(0, end);
    figures.remove_prefix(std::min(end + 1, figures.size()));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = one.substr(0, equals);
    const std::string_view value = one.substr(equals + 1);
    if (metrics.percentiles.name.empty()) {
      line_figure(metrics, label, key, value);
    } else {
      percentile(metrics, label, key, value);
    }
  }
}

void Exposer::line_figure(const LineMetrics& metrics, std::string_view label, std::string_view key,
                          std::string_view value) {
  for (const LineFigure& figure : metrics.figures) {
    if (figure.key != key || !base::parse_int64(value)) continue;
    const Metric& metric = figure.metric;
    const Sort sort = metric.kind == MetricKind::counter ? Sort::counter : Sort::gauge;
    std::string labels;
    append_label(labels, metrics.label, label);
    add(gathered(metric.name, sort, metric.help), labels,
        with_point(std::string(value), metric.decimals));
  }
}

// "p99.9=1.003" in microseconds.
void Exposer::percentile(const LineMetrics& metrics, std::string_view label, std::string_view key,
                         std::string_view value) {
  if (!key.starts_with('p')) return;
  const auto percent = base::parse_double(key.substr(1));
  const auto us = base::parse_double(value);
  if (!percent || !us) return;
  std::string labels;
  append_label(labels, metrics.label, label);
  labels += ',';
  append_label(labels, "quantile", print(*percent / 100));
  add(gathered(metrics.percentiles.name, Sort::summary, metrics.percentiles.help), labels,
      print(*us / 1e6));
}

std::string Exposer::finish() {
  for (const Gathered& one : gathered_) {
    head(out_, one.name, one.sort, one.help);
    if (one.sort == Sort::info) {
      out_.append(kPrefix).append(one.name).append("_info{").append(one.samples).append("} 1\n");
    } else {
      out_ += one.samples;
    }
  }
  if (form_ == Exposition::open_metrics) out_ += "# EOF\n";
  return std::move(out_);
}

}  // namespace

std::string_view content_type(Exposition form) {
  return form == Exposition::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string expose(Reporter& reporter, Exposition form) {
  Exposer exposer(form);
  reporter.visit(exposer);
  return exposer.finish();
}

}  // namespace larder::info
