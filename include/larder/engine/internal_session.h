#pragma once

// A session that no client stands behind: what runs commands by itself (scripts, loading, the link
// to a primary) does so as one. It is not among Sessions, so that no command of clients shows,
// counts or closes it; it waits for nothing, and its replies are what the owner takes from
// output().

#include <string>

#include "larder/engine/session.h"
#include "larder/resp/reply_buffer.h"

namespace larder::engine {

class InternalSession final : private Peer, public memory::Witness {
 public:
  // `name` is shown where a client's address would be ("lua"). Gates among `passes` count for it as
  // open although they are closed for everybody; a pause of clients always does.
  InternalSession(Sessions& sessions, const base::Clock& clock, std::string name,
                  std::uint32_t passes = 0);
  ~InternalSession() override;

  Session& session() { return session_; }
  resp::ReplyBuffer& output() { return output_; }

  void testify(memory::Audit& audit) const override;

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
