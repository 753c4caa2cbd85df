#include "in_process_target.h"

#include <utility>

namespace larder::transcripts {
namespace {

class InProcessConnection final : public Connection {
 public:
  explicit InProcessConnection(std::unique_ptr<server::Harness::Client> client)
      : client_(std::move(client)) {}

  void send(std::string_view bytes) override { received_ += client_->exchange(bytes); }
  std::string receive(int) override { return std::exchange(received_, {}); }
  bool is_closed() override { return client_->is_closed() && received_.empty(); }

 private:
  std::unique_ptr<server::Harness::Client> client_;
  std::string received_;
};

}  // namespace

std::unique_ptr<Connection> InProcessTarget::connect() {
  return std::make_unique<InProcessConnection>(harness_.connect());
}

bool InProcessTarget::advance_ms(int ms) {
  harness_.advance_ms(ms);
  return true;
}

}  // namespace larder::transcripts
