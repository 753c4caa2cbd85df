#pragma once

// The directives of the network: where the server listens and the limits of connections.

#include <algorithm>
#include <climits>
#include <cstdint>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::net {

struct ListenSettings : config::Group {
  explicit ListenSettings(config::Registry& registry) : Group(registry, "Network") {}

  config::Integer port{
      *this,
      {.name = "port", .fallback = 6379, .range = {0, 65535}, .help = "TCP port; 0 means none."}};
  config::Words bind{*this,
                     {.name = "bind",
                      .fallback = {"*", "-::*"},
                      .most = 16,
                      .refusal = "Too many bind addresses specified.",
                      .help = "Addresses to listen on. An address after a dash may be missing on "
                              "this machine; * and ::* are all of IPv4 and IPv6."}};
  config::Text bind_source_addr{
      *this,
      {.name = "bind-source-addr", .help = "Local address of connections to other servers."}};
  config::Toggle protected_mode{
      *this,
      {.name = "protected-mode",
       .fallback = true,
       .help = "Serve only clients on this machine while the default user has no password."}};
  config::Text unixsocket{
      *this,
      {.name = "unixsocket",
       .traits = config::kImmutable,
       .help = "Path of a Unix socket to listen on as well; empty means none."}};
  config::Integer unixsocketperm{
      *this,
      {.name = "unixsocketperm",
       .fallback = 0,
       .range = {0, 0777},
       .traits = config::kImmutable,
       .help = "Permissions of the Unix socket; 0 means those of the umask.",
       .radix = config::Radix::octal}};
  config::Integer tcp_backlog{
      *this,
      {.name = "tcp-backlog",
       .fallback = 511,
       .range = {0, INT_MAX},
       .traits = config::kImmutable,
       .help =
           "Maximum number of connections that wait to be accepted; the system may allow fewer."}};
  config::Integer tcp_keepalive{*this,
                                {.name = "tcp-keepalive",
                                 .fallback = 300,
                                 .range = {0, INT_MAX},
                                 .help = "Seconds without traffic after which the system probes "
                                         "whether a client is still connected; 0 means never."}};
  config::Integer socket_mark_id{
      *this,
      {.name = "socket-mark-id",
       .fallback = 0,
       .range = {0, UINT_MAX},
       .traits = config::kImmutable,
       .help = "Mark that the system sets on every packet, for packet filters."}};
  config::Integer io_threads{
      *this,
      {.name = "io-threads",
       .fallback = 1,
       .range = {1, 128},
       .traits = config::kImmutable | config::kNotActing,
       .help = "Number of threads that read and write sockets. Larder has one thread."}};
  config::Toggle io_threads_do_reads{*this,
                                     {.name = "io-threads-do-reads",
                                      .fallback = false,
                                      .traits = config::kImmutable | config::kNotActing,
                                      .help = "Let the threads of io-threads also read."}};
};

struct ClientSettings : config::Group {
  explicit ClientSettings(config::Registry& registry) : Group(registry, "Clients") {}

  config::Integer maxclients{
      *this,
      {.name = "maxclients",
       .fallback = 10000,
       .range = {1, UINT_MAX},
       .help = "Maximum number of clients; further ones get an error and are disconnected."}};
  config::Integer timeout{
      *this,
      {.name = "timeout",
       .fallback = 0,
       .range = {0, INT_MAX},
       .help = "Seconds after which an idle client is disconnected; 0 means never."}};
  config::Bytes client_query_buffer_limit{
      *this,
      {.name = "client-query-buffer-limit",
       .fallback = 1 << 30,
       .range = {1 << 20, INT64_MAX},
       .help = "Maximum size of a client's incomplete requests before it is disconnected."}};
  config::Bytes proto_max_bulk_len{
      *this,
      {.name = "proto-max-bulk-len",
       .fallback = 512 << 20,
       .range = {1 << 20, INT64_MAX},
       .help =
           "Maximum length of an argument of a request, and of a string that a command creates."}};
  config::Bytes client_reply_pause_bytes{
      *this,
      {.name = "client-reply-pause-bytes",
       .fallback = 1 << 20,
       .range = {64 << 10, 1 << 30},
       .help = "Unsent bytes of replies above which the server stops reading a client until it has "
               "received some of them. Limits the memory of clients that send requests and do not "
               "read replies."}};
  config::Bytes client_socket_buffer_bytes{
      *this,
      {.name = "client-socket-buffer-bytes",
       .fallback = 0,
       .range = {0, 64 << 20},
       .traits = config::kImmutable,
       .help = "Size of the system's buffer for each direction of a client's connection, at least "
               "64kb; the system takes up to twice as much. 0 means that the system chooses, up to "
               "tens of megabytes for a client that does not read or is not read."}};
  config::BufferLimits client_output_buffer_limit{
      *this,
      {.name = "client-output-buffer-limit",
       .fallback = {{{0, 0, 0}, {256 << 20, 64 << 20, 60}, {32 << 20, 8 << 20, 60}}},
       .traits = config::kRepeatable,
       .help =
           "Unsent bytes above which a client is disconnected: at once at the hard limit, after "
           "the given seconds above the soft limit; 0 means no limit. Output that a client did not "
           "request (messages, lines of MONITOR) is also under the limit of pubsub."}};

  // The size of each buffer of the system for a connection, 0 if the system chooses; and the most
  // that a connection takes of the system's memory with it: twice the size in each direction, as
  // the system counts the space around the bytes, and one packet more.
  std::int64_t socket_buffer_bytes() const {
    const std::int64_t bytes = client_socket_buffer_bytes.value();
    return bytes == 0 ? 0 : std::max(bytes, kLeastSocketBuffer);
  }
  std::int64_t most_in_socket() const { return 4 * socket_buffer_bytes() + kPacket; }

 private:
  // With less than a packet of the local network, a client waits for timers of the system.
  static constexpr std::int64_t kLeastSocketBuffer = 64 << 10;
  static constexpr std::int64_t kPacket = 64 << 10;
};

// All directives of this room without TLS.
struct Settings {
  explicit Settings(config::Registry& registry) : listen(registry), clients(registry) {}

  ListenSettings listen;
  ClientSettings clients;
};

// The port that monitoring reads.
struct MetricsSettings : config::Group {
  explicit MetricsSettings(config::Registry& registry) : Group(registry, "Metrics") {}

  config::Integer metrics_port{
      *this,
      {.name = "metrics-port",
       .fallback = 0,
       .range = {0, 65535},
       .help = "TCP port that serves /metrics and /health over HTTP, for Prometheus; 0 means none. "
               "It has no password, so restrict metrics-bind."}};
  config::Words metrics_bind{*this,
                             {.name = "metrics-bind",
                              .fallback = {"127.0.0.1", "-::1"},
                              .most = 16,
                              .refusal = "Too many bind addresses specified.",
                              .help = "Addresses of the metrics port, with the syntax of bind."}};
};

}  // namespace larder::net
