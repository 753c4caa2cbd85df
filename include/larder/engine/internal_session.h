#pragma once

// A session without a client, for code that runs commands without a client (scripts, loading, the
// link to a primary). It is not in Sessions, so no command shows, counts or closes it as a client;
// it cannot block, and its owner takes its replies from output().

#include <string>

#include "larder/engine/session.h"
#include "larder/resp/reply_buffer.h"

namespace larder::engine {

class InternalSession final : private Peer, public memory::AuditedOwner {
 public:
  // `name` is shown in place of a client's address ("lua"). The gates in `passes` are open for it
  // although they are closed for clients; the gates of CLIENT PAUSE are always open for it.
  InternalSession(Sessions& sessions, const base::Clock& clock, std::string name,
                  std::uint32_t passes = 0);
  ~InternalSession() override;

  Session& session() { return session_; }
  resp::ReplyBuffer& output() { return output_; }

  void report_bytes(memory::Audit& audit) const override;

 private:
  std::string address() const override { return name_; }
  std::string local_address() const override { return name_; }
  int descriptor() const override { return -1; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  Buffers buffers() const override { return {}; }
  void closing() override {}

  std::string name_;
  resp::ChunkPool chunks_;
  resp::ReplyBuffer output_;
  Session session_;
};

}  // namespace larder::engine
