#pragma once

// The directives of the network: where the server listens and what a connection may cost.

#include <climits>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::net {

struct ListenSettings : config::Group {
  explicit ListenSettings(config::Registry& registry) : Group(registry, "Network") {}

  config::Integer port{*this,
                       {.name = "port",
                        .fallback = 6379,
                        .range = {0, 65535},
                        .help = "TCP port; 0 listens to none."}};
  config::Words bind{*this,
                     {.name = "bind",
                      .fallback = {"*", "-::*"},
                      .most = 16,
                      .refusal = "Too many bind addresses specified.",
                      .help = "Addresses to listen at. One after a dash may be missing on this "
                              "machine; * and ::* are all of IPv4 and IPv6."}};
  config::Text bind_source_addr{*this,
                                {.name = "bind-source-addr",
                                 .traits = config::kNotActing,
                                 .help = "Address that connections to other servers come from."}};
  config::Toggle protected_mode{
      *this,
      {.name = "protected-mode",
       .fallback = true,
       .help = "Serve only clients on this machine while there is no password."}};
  config::Text unixsocket{*this,
                          {.name = "unixsocket",
                           .traits = config::kImmutable,
                           .help = "Path of a Unix socket to listen at too; empty is none."}};
  config::Integer unixsocketperm{*this,
                                 {.name = "unixsocketperm",
                                  .fallback = 0,
                                  .range = {0, 0777},
                                  .traits = config::kImmutable,
                                  .help = "Permissions of the Unix socket; 0 leaves them to the "
                                          "umask.",
                                  .radix = config::Radix::octal}};
  config::Integer tcp_backlog{*this,
                              {.name = "tcp-backlog",
                               .fallback = 511,
                               .range = {0, INT_MAX},
                               .traits = config::kImmutable,
                               .help = "Most connections that wait to be accepted; the system "
                                       "may allow fewer."}};
  config::Integer tcp_keepalive{*this,
                                {.name = "tcp-keepalive",
                                 .fallback = 300,
                                 .range = {0, INT_MAX},
                                 .help = "Seconds of silence after which the system asks whether a "
                                         "client is still there; 0 never."}};
  config::Integer socket_mark_id{*this,
                                 {.name = "socket-mark-id",
                                  .fallback = 0,
                                  .range = {0, UINT_MAX},
                                  .traits = config::kImmutable,
                                  .help = "Mark that the system puts on every packet, for "
                                          "filters."}};
  config::Integer io_threads{
      *this,
      {.name = "io-threads",
       .fallback = 1,
       .range = {1, 128},
       .traits = config::kImmutable | config::kNotActing,
       .help = "Threads that read and write sockets. Larder has one thread."}};
  config::Toggle io_threads_do_reads{*this,
                                     {.name = "io-threads-do-reads",
                                      .fallback = false,
                                      .traits = config::kImmutable | config::kNotActing,
                                      .help = "Let those threads read too."}};
};

struct ClientSettings : config::Group {
  explicit ClientSettings(config::Registry& registry) : Group(registry, "Clients") {}

  config::Integer maxclients{*this,
                             {.name = "maxclients",
                              .fallback = 10000,
                              .range = {1, UINT_MAX},
                              .help = "Most clients at a time; further ones are told so and "
                                      "disconnected."}};
  config::Integer timeout{*this,
                          {.name = "timeout",
                           .fallback = 0,
                           .range = {0, INT_MAX},
                           .help = "Seconds after which an idle client is disconnected; 0 is "
                                   "never."}};
  config::Bytes client_query_buffer_limit{
      *this,
      {.name = "client-query-buffer-limit",
       .fallback = 1 << 30,
       .range = {1 << 20, INT64_MAX},
       .help = "Most bytes of a client's unfinished requests before it is disconnected."}};
  config::Bytes proto_max_bulk_len{*this,
                                   {.name = "proto-max-bulk-len",
                                    .fallback = 512 << 20,
                                    .range = {1 << 20, INT64_MAX},
                                    .help = "Longest argument of a request, and longest string "
                                            "that a command may make."}};
  config::Bytes client_reply_pause_bytes{
      *this,
      {.name = "client-reply-pause-bytes",
       .fallback = 1 << 20,
       .range = {64 << 10, 1 << 30},
       .help = "Unsent bytes of replies from which a client's further requests are not read until "
               "it has taken some, so that asking without reading costs a bounded amount."}};
  config::BufferLimits client_output_buffer_limit{
      *this,
      {.name = "client-output-buffer-limit",
       .fallback = {{{0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60}}},
       .traits = config::kRepeatable,
       .help = "Unsent bytes for which a client is disconnected: at once at the hard limit, after "
               "the given seconds above the soft one; 0 is no limit. What a client is sent without "
               "asking, lines of MONITOR too, is under the limit of pubsub as well."}};
};

// All directives of this room without TLS.
struct Settings {
  explicit Settings(config::Registry& registry) : listen(registry), clients(registry) {}

  ListenSettings listen;
  ClientSettings clients;
};

}  // namespace larder::net
