// The documented configuration file and the reference, both made of what the directives say
// about themselves.

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
  if (directive.has(kRepeatable)) text += " May stand several times.";
  return text + " Changes " + changes(directive) + ".";
}

void print_directive(std::string& out, const Directive& directive) {
  out += '\n';
  print_comment(out, std::string(directive.help()));
  print_comment(out, values_sentence(directive));
  if (directive.has(kNotActing)) out += "# (known and reported; not acting yet)\n";
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
  if (directive.has(kNotActing)) out += " *Not acting yet.*";
  out += " |\n";
}

constexpr const char* kFileHead =
    "# Larder's configuration: every directive with its default.\n"
    "#\n"
    "# One directive a line: a name and its values, separated by blanks. A value that holds "
    "blanks\n"
    "# stands in quotes; in double quotes \\n, \\r, \\t and \\xNN are escapes. Sizes take units: "
    "1k is\n"
    "# 1000 bytes, 1kb is 1024; likewise m, mb, g and gb. `include <file>` reads another file, "
    "whose\n"
    "# name may be a pattern. The last of two equal directives counts. CONFIG REWRITE leaves "
    "included\n"
    "# files as they are, and writes what differs from them behind the line that includes them.\n";

constexpr const char* kReferenceHead =
    "# Configuration\n\n"
    "Every directive that CONFIG GET lists, by the room that owns it. A directive that is \"not\n"
    "acting yet\" is known, checked, stored and reported, but the feature it steers is not "
    "there.\n";

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
