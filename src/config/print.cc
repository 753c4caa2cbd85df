// Prints the configuration file and the reference from the declarations of the directives.

#include <sstream>

#include "larder/base/text.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

namespace {

constexpr std::size_t kColumns = 98;

// The text as comments of at most kColumns columns.
void print_comment(std::string& out, const std::string& text) {
  std::istringstream words(text);
  std::string line = "#";
  for (std::string each; words >> each;) {
    if (line.size() + 1 + each.size() > kColumns) {
      out += line + '\n';
      line = "#";
    }
    line += ' ' + each;
  }
  out += line + '\n';
}

std::string shown_value(const Directive& directive) {
  const std::string value = directive.print();
  return value.empty() ? "\"\"" : value;
}

std::string changes(const Directive& directive) {
  if (directive.has(kImmutable) || directive.has(kFileOnly)) return "at the start";
  return directive.has(kProtected) ? "with enable-protected-configs" : "at run time";
}

std::string values_sentence(const Directive& directive) {
  std::string text = "Values: " + directive.domain() + ".";
  if (!directive.has(kFileOnly)) text += " Default: " + shown_value(directive) + ".";
  if (!directive.alias().empty()) text += " Also named " + std::string(directive.alias()) + ".";
  if (directive.has(kRepeatable)) text += " May be repeated.";
  return text + " Changes " + changes(directive) + ".";
}

void print_directive(std::string& out, const Directive& directive) {
  out += '\n';
  print_comment(out, std::string(directive.help()));
  print_comment(out, values_sentence(directive));
  if (directive.has(kNotActing)) out += "# (accepted and reported, but without effect yet)\n";
  const std::vector<std::string> lines = directive.lines();
  if (lines.empty()) {
    out += "# " + std::string(directive.name()) + " <" + directive.domain() + ">\n";
  }
  for (const std::string& line : lines) out += line + '\n';
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void print_row(std::string& out, const Directive& directive) {
  out += "| `" + std::string(directive.name()) + '`';
  if (!directive.alias().empty()) out += ", `" + std::string(directive.alias()) + '`';
  out += " | " + cell(directive.domain()) + " | ";
  if (!directive.has(kFileOnly)) out += '`' + cell(shown_value(directive)) + '`';
  out += " | " + changes(directive) + " | " + cell(directive.help());
  if (directive.has(kNotActing)) out += " *No effect yet.*";
  out += " |\n";
}

constexpr const char* kFileHead =
    "# Larder's configuration: every directive with its default.\n"
    "#\n"
    "# Each line has the name of a directive and its values, separated by spaces. A value with\n"
    "# spaces must be quoted; in double quotes \\n, \\r, \\t and \\xNN are escapes. Sizes may "
    "have\n"
    "# units: 1k is 1000 bytes, 1kb is 1024; likewise m, mb, g and gb. `include <file>` reads\n"
    "# another file; its name may be a pattern. If a directive occurs twice, the last line "
    "counts.\n"
    "# CONFIG REWRITE does not change included files; it writes the values that differ from them\n"
    "# after the `include` line.\n";

constexpr const char* kReferenceHead =
    "# Configuration\n\n"
    "All directives that CONFIG GET lists, grouped by the part of the server that uses them. A\n"
    "directive with \"no effect yet\" is accepted, checked, stored and reported, but its feature "
    "does\n"
    "not exist yet.\n";

}  // namespace

std::string Registry::print_file() const {
  std::string out = kFileHead;
  for (const Group* group : groups_) {
    std::string body;
    for (const Entry& entry : entries_) {
      if (entry.group != group || entry.directive->has(kHidden)) continue;
      print_directive(body, *entry.directive);
    }
    if (!body.empty()) out += "\n\n## " + std::string(group->title()) + '\n' + body;
  }
  return out;
}

std::string Registry::print_reference() const {
  std::string out = kReferenceHead;
  for (const Group* group : groups_) {
    std::string rows;
    for (const Entry& entry : entries_) {
      if (entry.group != group || entry.directive->has(kHidden)) continue;
      print_row(rows, *entry.directive);
    }
    if (rows.empty()) continue;
    out += "\n## " + std::string(group->title()) +
           "\n\n| directive | values | default | changes | meaning |\n| --- | --- | --- | --- | "
           "--- |\n" +
           rows;
  }
  return out;
}

}  // namespace larder::config
