#include <string>
#include <vector>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"
#include "larder/pubsub/tracking.h"

namespace larder::commands {
namespace {

using namespace engine;
using pubsub::Tracker;
using pubsub::Tracking;
using pubsub::TrackingMode;

struct Request {
  TrackingMode mode;
  std::vector<std::string_view> prefixes;
};

void read_redirect(ArgReader& reader, const Sessions& sessions, TrackingMode& mode) {
  if (mode.redirect != 0) {
    return reader.fail("ERR A client can only redirect to a single other client");
  }
  const std::int64_t id = reader.integer();
  if (id <= 0 || sessions.find(static_cast<std::uint64_t>(id)) == nullptr) {
    return reader.fail("ERR The client ID you want redirect to does not exist");
  }
  mode.redirect = static_cast<std::uint64_t>(id);
}

// False if an option is wrong; the error has been sent.
bool read(Call& call, const Sessions& sessions, Request& request) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (reader.option("REDIRECT")) {
      read_redirect(reader, sessions, request.mode);
    } else if (reader.word("BCAST")) {
      request.mode.broadcast = true;
    } else if (reader.word("OPTIN")) {
      request.mode.opt_in = true;
    } else if (reader.word("OPTOUT")) {
      request.mode.opt_out = true;
    } else if (reader.word("NOLOOP")) {
      request.mode.no_loop = true;
    } else if (reader.option("PREFIX")) {
      request.prefixes.push_back(reader.text());
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// The error if the options conflict with each other or with the current ones; empty if they do not.
std::string_view conflict(const Request& request, const Tracker* current) {
  const TrackingMode& mode = request.mode;
  if (!mode.broadcast && !request.prefixes.empty()) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (current != nullptr && current->mode.broadcast != mode.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  if (mode.broadcast && (mode.opt_in || mode.opt_out)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (mode.opt_in && mode.opt_out) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (current != nullptr &&
      ((mode.opt_in && current->mode.opt_out) || (mode.opt_out && current->mode.opt_in))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  return {};
}

bool overlap(std::string_view one, std::string_view other) {
  return one.starts_with(other) || other.starts_with(one);
}

std::string overlap_error(std::string_view prefix, std::string_view with, std::string_view other) {
  std::string text = "ERR Prefix '";
  text.append(prefix).append("' overlaps with ").append(with).append(" '").append(other);
  return text.append("'. Prefixes for a single client must not overlap.");
}

// Compares each prefix with the current ones and then with those that follow it; empty if none
// overlap.
std::string find_overlap(const Request& request, const Tracker* current) {
  for (std::size_t i = 0; i < request.prefixes.size(); ++i) {
    const std::string_view prefix = request.prefixes[i];
    if (current != nullptr) {
      for (const pubsub::TrackedPrefix* known : current->prefixes) {
        if (overlap(prefix, known->name())) {
          return overlap_error(prefix, "an existing prefix", known->name());
        }
      }
    }
    for (std::size_t j = i + 1; j < request.prefixes.size(); ++j) {
      if (overlap(prefix, request.prefixes[j])) {
        return overlap_error(prefix, "another provided prefix", request.prefixes[j]);
      }
    }
  }
  return {};
}

void start(Call& call, Tracking& tracking, const Request& request) {
  const Tracker* const current = Tracking::of(call.session);
  if (const std::string_view error = conflict(request, current); !error.empty()) {
    return call.reply.error(error);
  }
  if (const std::string error = find_overlap(request, current); !error.empty()) {
    return call.reply.error(error);
  }
  tracking.start(call.session, request.mode, request.prefixes);
  call.reply.ok();
}

void client_tracking(Call& call, Tracking& tracking, Sessions& sessions) {
  Request request;
  if (!read(call, sessions, request)) return;
  ArgReader status(call, 2);
  if (status.word("on")) return start(call, tracking, request);
  if (!status.word("off")) return call.reply.error(errors::kSyntax);
  tracking.stop(call.session);
  call.reply.ok();
}

void client_caching(Call& call, Tracking& tracking) {
  const Tracker* const tracker = Tracking::of(call.session);
  if (tracker == nullptr) {
    return call.reply.error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  ArgReader mode(call, 2);
  if (mode.word("yes")) {
    if (!tracker->mode.opt_in) {
      return call.reply.error(
          "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
  } else if (mode.word("no")) {
    if (!tracker->mode.opt_out) {
      return call.reply.error(
          "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
  } else {
    return call.reply.error(errors::kSyntax);
  }
  tracking.choose(call.session, *call.command.parent);
  call.reply.ok();
}

std::int64_t redirection(const Tracker* tracker) {
  return tracker == nullptr ? -1 : static_cast<std::int64_t>(tracker->mode.redirect);
}

void client_getredir(Call& call) { call.reply.integer(redirection(Tracking::of(call.session))); }

std::vector<std::string_view> flags(const Tracker* tracker) {
  if (tracker == nullptr) return {"off"};
  std::vector<std::string_view> flags = {"on"};
  const bool chosen = tracker->caching != nullptr;
  if (tracker->mode.broadcast) flags.push_back("bcast");
  if (tracker->mode.opt_in) flags.push_back("optin");
  if (tracker->mode.opt_in && chosen) flags.push_back("caching-yes");
  if (tracker->mode.opt_out) flags.push_back("optout");
  if (tracker->mode.opt_out && chosen) flags.push_back("caching-no");
  if (tracker->mode.no_loop) flags.push_back("noloop");
  if (tracker->broken) flags.push_back("broken_redirect");
  return flags;
}

void client_trackinginfo(Call& call) {
  const Tracker* const tracker = Tracking::of(call.session);
  call.reply.map(3);
  call.reply.bulk("flags");
  const auto words = flags(tracker);
  call.reply.set(words.size());
  for (const std::string_view word : words) call.reply.bulk(word);
  call.reply.bulk("redirect");
  call.reply.integer(redirection(tracker));
  call.reply.bulk("prefixes");
  if (tracker == nullptr) return call.reply.array(0);
  call.reply.array(tracker->prefixes.size());
  for (const pubsub::TrackedPrefix* prefix : tracker->prefixes) call.reply.bulk(prefix->name());
}

constexpr std::uint32_t kClientTrackingFlags = kNoScript | kLoading | kStale | kWhilePaused;

}  // namespace

std::span<const engine::Command> connection_client_tracking() {
  static constexpr Command kCommands[] = {
      {.name = "client tracking",
       .family = Family::connection,
       .arity = at_least(3),
       .flags = kClientTrackingFlags,
       .handler = Handler::of<client_tracking>(),
       .since = "6.0.0",
       .summary = "Turns invalidation messages for client-side caching on or off.",
       .complexity = "O(1), and O(N) for N prefixes",
       .arguments = "status:oneof(on:pure-token@ON off:pure-token@OFF) client-id:integer@REDIRECT? "
                    "prefix:string@PREFIX?*+ bcast:pure-token@BCAST? optin:pure-token@OPTIN? "
                    "optout:pure-token@OPTOUT? noloop:pure-token@NOLOOP?"},
      {.name = "client caching",
       .family = Family::connection,
       .arity = exactly(3),
       .flags = kClientTrackingFlags,
       .handler = Handler::of<client_caching>(),
       .since = "6.0.0",
       .summary = "Selects whether the keys of the next command are tracked.",
       .complexity = "O(1)",
       .arguments = "mode:oneof(yes:pure-token@YES no:pure-token@NO)"},
      {.name = "client getredir",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kClientTrackingFlags,
       .handler = Handler::of<client_getredir>(),
       .since = "6.0.0",
       .summary = "Returns the connection that gets the invalidation messages.",
       .complexity = "O(1)"},
      {.name = "client trackinginfo",
       .family = Family::connection,
       .arity = exactly(2),
       .flags = kClientTrackingFlags,
       .only_shows = true,
       .handler = Handler::of<client_trackinginfo>(),
       .since = "6.2.0",
       .summary = "Returns the state of client-side caching of this connection.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
