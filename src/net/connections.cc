#include "larder/net/connections.h"

#include "connection.h"
#include "larder/memory/heap.h"
#include "services.h"
#include "sockets.h"

namespace larder::net {

Services::Services(const Connections::Parts& objects)
    : parts(objects),
      clock(objects.loop.clock()),
      sender(clock),
      closer(clock, objects.executor.turn_time(), chunks),
      memory(parts, chunks, list, sender, closer),
      reader(objects.executor, memory),
      accepting(objects.settings, objects.credentials, objects.metrics),
      handshakes(clock, objects.log),
      check(parts, list, sender, handshakes) {}

Connections::Connections(const Parts& parts) : services_(std::make_unique<Services>(parts)) {}

Connections::~Connections() {
  while (Connection* const connection = services_->list.first()) {
    connection->disconnect();
    services_->closer.free_all();
  }
}

void Connections::on_accepted(int descriptor, Transport transport) {
  const Parts& parts = services_->parts;
  if (parts.log.wants(base::LogLevel::verbose)) {
    parts.log.verbose("Accepted " + peer_name(descriptor));
  }
  if (services_->accepting.refuses(descriptor, transport, size())) return;
  parts.metrics.connections_received += 1;
  if (transport != Transport::unix_socket) {
    disable_delay(descriptor);
    keep_alive(descriptor, static_cast<int>(parts.settings.listen.tcp_keepalive.value()));
  }
  const auto buffer_bytes = static_cast<int>(parts.settings.clients.socket_buffer_bytes());
  if (buffer_bytes != 0) set_buffers(descriptor, buffer_bytes);
  auto* const connection =
      memory::make<Connection>(memory::Owner::client_input, *services_, descriptor, transport);
  if (transport == Transport::tls) connection->secure(*parts.tls);
  parts.credentials.admit(connection->session());
  services_->list.add(*connection);
}

int Connections::direct_socket(const engine::Session& session) const {
  const auto& connection = static_cast<const Connection&>(session.peer());
  return connection.is_encrypted() ? -1 : connection.descriptor();
}

TurnWork Connections::end_turn() {
  Services& owners = *services_;
  owners.reader.run_all();
  owners.handshakes.run();
  owners.reader.run_continued();
  owners.reader.run_all();
  // Replies are sent only after the flush, and only here.
  owners.parts.executor.flush();
  owners.sender.release(owners.parts.executor.released());
  owners.parts.executor.reserve_for_long_commands();
  owners.closer.close_queued();
  owners.sender.send_replies();
  owners.sender.send_messages();
  // The output of commands that run here is sent in the next turn.
  const bool evicts = owners.memory.run_waiting();
  const bool over = owners.memory.close_largest();
  owners.closer.end_turn();
  owners.parts.loop.bound_ready(owners.closer.has_queued() ? Closer::kReadyWhileClosing
                                                           : Loop::kMostReady);
  const bool works = owners.reader.has_continued() || owners.closer.has_work() ||
                     !owners.handshakes.empty() || owners.sender.has_work() || over || evicts;
  return works ? TurnWork::work : TurnWork::nothing;
}

void Connections::begin_within() {
  services_->last_id_before = services_->parts.sessions.last_id();
  services_->reader.begin_within();
  services_->memory.read_again();
}

// Only requests that arrive are run, and only what is ready is sent: the other owners work for the
// outer turn.
void Connections::end_turn_within() {
  Services& owners = *services_;
  owners.reader.run_all();
  owners.handshakes.run();
  owners.parts.executor.flush();
  owners.sender.release(owners.parts.executor.released());
  owners.closer.close_queued();
  owners.sender.send_replies();
  owners.sender.send_messages();
  owners.closer.end_turn_within(owners.last_id_before);
  owners.memory.read_again();
}

void Connections::end_within() { services_->reader.end_within(); }

bool Connections::has_work() const {
  return services_->sender.has_work() || services_->closer.has_queued();
}

void Connections::run_periodic(std::size_t calls) {
  const std::int64_t now_ms = services_->clock.steady_ms();
  services_->chunks.trim();
  services_->check.run(calls, base::Budget(services_->clock, kPeriodicUs));
  services_->memory.close_stalled(now_ms);
  services_->peaks.roll_if_due(now_ms);
}

void Connections::report_bytes(memory::Audit& audit) const {
  const Services& owners = *services_;
  for (const Connection* connection = owners.list.first(); connection != nullptr;
       connection = ConnectionList::next(*connection)) {
    connection->report_bytes(audit);
  }
  owners.closer.report_bytes(audit);
  const std::size_t shared = owners.reader.held_bytes() + owners.sender.held_bytes() +
                             owners.closer.held_bytes() + owners.memory.held_bytes() +
                             owners.handshakes.held_bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(shared));
  audit.found(memory::Owner::client_output, static_cast<std::int64_t>(owners.chunks.free_bytes()));
}

std::size_t Connections::size() const { return services_->list.size(); }
std::size_t Connections::paused() const { return services_->reader.paused(); }
std::uint64_t Connections::recent_input_bytes() const { return services_->peaks.input.recent(); }
std::uint64_t Connections::recent_output_bytes() const { return services_->peaks.output.recent(); }

}  // namespace larder::net
