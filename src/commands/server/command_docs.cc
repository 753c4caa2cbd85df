#include "command_docs.h"

#include "larder/commands/argument_syntax.h"

namespace larder::commands {
namespace {

using namespace engine;

std::string_view group_name(Family family) {
  switch (family) {
    case Family::generic:
      return "generic";
    case Family::string:
      return "string";
    case Family::list:
      return "list";
    case Family::set:
      return "set";
    case Family::sorted_set:
      return "sorted-set";
    case Family::hash:
      return "hash";
    case Family::pubsub:
      return "pubsub";
    case Family::transactions:
      return "transactions";
    case Family::connection:
      return "connection";
    case Family::server:
      return "server";
    case Family::scripting:
      return "scripting";
    case Family::hyperloglog:
      return "hyperloglog";
    case Family::cluster:
      return "cluster";
    case Family::geo:
      return "geo";
    case Family::stream:
      return "stream";
    case Family::bitmap:
      break;
  }
  return "bitmap";
}

// A map whose size is known when its pairs are written.
class Pairs {
 public:
  explicit Pairs(resp::Writer& reply) : reply_(reply), mark_(reply.begin_map()) {}
  ~Pairs() { reply_.end_map(mark_, count_); }
  Pairs(const Pairs&) = delete;
  Pairs& operator=(const Pairs&) = delete;

  // The value is to be written next.
  void name(std::string_view name) {
    reply_.bulk(name);
    ++count_;
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    this->name(name);
    reply_.bulk(value);
  }

 private:
  resp::Writer& reply_;
  resp::Writer::Mark mark_;
  std::uint64_t count_ = 0;
};

void write_argument_flags(resp::Writer& reply, Pairs& pairs, const Argument& argument) {
  const int count = argument.optional + argument.multiple + argument.multiple_token;
  if (count == 0) return;
  pairs.name("flags");
  reply.set(static_cast<std::uint64_t>(count));
  if (argument.optional) reply.simple("optional");
  if (argument.multiple) reply.simple("multiple");
  if (argument.multiple_token) reply.simple("multiple_token");
}

void write_arguments(resp::Writer& reply, const std::vector<Argument>& arguments) {
  reply.array(arguments.size());
  for (const Argument& argument : arguments) {
    Pairs pairs(reply);
    pairs.text("name", argument.name);
    pairs.text("type", argument.type);
    if (argument.parts.empty()) {
      pairs.text("display_text", argument.shown.empty() ? argument.name : argument.shown);
    }
    if (argument.key_spec >= 0) {
      pairs.name("key_spec_index");
      reply.integer(argument.key_spec);
    }
    pairs.text("token", argument.token);
    write_argument_flags(reply, pairs, argument);
    if (!argument.parts.empty()) {
      pairs.name("arguments");
      write_arguments(reply, argument.parts);
    }
  }
}

}  // namespace

void write_command_docs(resp::Writer& reply, const BoundCommand& command) {
  const Command& row = *command.row;
  Pairs pairs(reply);
  pairs.text("summary", row.summary);
  pairs.text("since", row.since);
  pairs.text("group", group_name(row.family));
  pairs.text("complexity", row.complexity);
  if (!row.deprecated_since.empty()) {
    pairs.name("doc_flags");
    reply.set(1);
    reply.simple("deprecated");
  }
  pairs.text("deprecated_since", row.deprecated_since);
  pairs.text("replaced_by", row.replaced_by);
  const auto arguments = parse_arguments(row.arguments);
  if (!arguments.empty()) {
    pairs.name("arguments");
    write_arguments(reply, arguments);
  }
  if (!command.children.empty()) {
    pairs.name("subcommands");
    reply.map(command.children.size());
    for (const BoundCommand* child : command.children) {
      reply.bulk(child->full_name());
      write_command_docs(reply, *child);
    }
  }
}

}  // namespace larder::commands
