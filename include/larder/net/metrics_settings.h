#pragma once

// The directives of the port that monitoring reads.

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::net {

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
