#include <string>
#include <string_view>

#include "larder/resp/reply_reader.h"

namespace larder::resp {
namespace {

using Kind = Value::Kind;

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_value(std::string& out, const Value& value, std::size_t indent);

void append_items(std::string& out, const std::vector<Value>& items, std::size_t indent) {
  for (const Value& item : items) append_value(out, item, indent);
}

std::string_view prefix(Kind kind) {
  switch (kind) {
    case Kind::simple:
      return "+";
    case Kind::error:
      return "-";
    case Kind::integer:
      return ":";
    case Kind::bulk:
      return "";
    case Kind::null_bulk:
      return "$-1";
    case Kind::null_array:
      return "*-1";
    case Kind::array:
      return "*";
    case Kind::null:
      return "_";
    case Kind::real:
      return ",";
    case Kind::boolean:
      return "#";
    case Kind::bulk_error:
      return "!";
    case Kind::verbatim:
      return "=";
    case Kind::big_number:
      return "(";
    case Kind::map:
      return "%";
    case Kind::set:
      return "~";
    case Kind::push:
      return ">";
  }
  return "";
}

void append_value(std::string& out, const Value& value, std::size_t indent) {
  if (!value.attributes.empty()) {
    out.append(indent, ' ').append("|").append(std::to_string(value.attributes.size() / 2));
    out += '\n';
    append_items(out, value.attributes, indent + 2);
  }
  out.append(indent, ' ').append(prefix(value.kind));
  switch (value.kind) {
    case Kind::simple:
    case Kind::error:
    case Kind::real:
    case Kind::big_number:
      out += value.text;
      break;
    case Kind::bulk:
    case Kind::bulk_error:
    case Kind::verbatim:
      append_quoted(out, value.text);
      break;
    case Kind::integer:
      out += std::to_string(value.integer);
      break;
    case Kind::boolean:
      out += value.integer != 0 ? 't' : 'f';
      break;
    case Kind::null:
    case Kind::null_bulk:
    case Kind::null_array:
      break;
    case Kind::map:
      out += std::to_string(value.items.size() / 2);
      break;
    case Kind::array:
    case Kind::set:
    case Kind::push:
      out += std::to_string(value.items.size());
      break;
  }
  out += '\n';
  append_items(out, value.items, indent + 2);
}

}  // namespace

std::string print(const Value& value) {
  std::string out;
  append_value(out, value, 0);
  return out;
}

}  // namespace larder::resp
