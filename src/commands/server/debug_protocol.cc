#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNoSuchType =
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

struct Sample {
  std::string_view name;
  void (*write)(resp::Writer&);
};

void write_numbers(resp::Writer& reply) {
  for (int i = 0; i < 3; ++i) reply.integer(i);
}

void write_map(resp::Writer& reply) {
  reply.map(3);
  for (int i = 0; i < 3; ++i) {
    reply.integer(i);
    reply.boolean(i == 1);
  }
}

// Attributes precede a reply; RESP2 clients get only that reply.
void write_attribute(resp::Writer& reply) {
  if (reply.resp3()) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
}

void write_push(resp::Writer& reply) {
  if (!reply.resp3()) return reply.error("ERR RESP2 is not supported by this command");
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.integer(42);
  reply.bulk("Some real reply following the push reply");
}

constexpr Sample kSamples[] = {
    {"string", [](resp::Writer& reply) { reply.bulk("Hello World"); }},
    {"integer", [](resp::Writer& reply) { reply.integer(12345); }},
    {"double", [](resp::Writer& reply) { reply.real(3.141); }},
    {"null", [](resp::Writer& reply) { reply.null(); }},
    {"array", [](resp::Writer& reply) { reply.array(3), write_numbers(reply); }},
    {"set", [](resp::Writer& reply) { reply.set(3), write_numbers(reply); }},
    {"map", write_map},
    {"attrib", write_attribute},
    {"push", write_push},
    {"verbatim", [](resp::Writer& reply) { reply.verbatim("txt", "This is a verbatim\nstring"); }},
    {"bignum",
     [](resp::Writer& reply) { reply.big_number("1234567999999999999999999999999999999"); }},
    {"true", [](resp::Writer& reply) { reply.boolean(true); }},
    {"false", [](resp::Writer& reply) { reply.boolean(false); }},
};

void debug_protocol(Call& call) {
  for (const Sample& sample : kSamples) {
    if (base::equals_ignoring_case(call.arg(2), sample.name)) return sample.write(call.reply);
  }
  call.reply.error(kNoSuchType);
}

}  // namespace

std::span<const engine::Command> server_debug_protocol() {
  static constexpr Command kCommands[] = {
      {.name = "debug protocol",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_protocol>(),
       .since = "6.0.0",
       .summary = "Returns a sample reply: string, integer, double, null, array, set, map, attrib, "
                  "push, verbatim, bignum, true or false.",
       .complexity = "O(1)",
       .arguments = "type:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
