#include "larder/engine/internal_session.h"

#include <utility>

namespace larder::engine {

InternalSession::InternalSession(Sessions& sessions, const base::Clock& clock, std::string name,
                                 std::uint32_t passes)
    : name_(std::move(name)),
      output_(chunks_),
      session_(sessions, *this, output_, clock, Session::Listing::hidden) {
  session_.common_gates = ~(passes | kDelayingGates);
  session_.may_block = false;
}

InternalSession::~InternalSession() = default;

void InternalSession::report_bytes(memory::Audit& audit) const {
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(session_.text_bytes()));
  audit.found(memory::Owner::client_output,
              static_cast<std::int64_t>(output_.held_bytes() + chunks_.free_bytes()));
}

}  // namespace larder::engine
