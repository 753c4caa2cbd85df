#pragma once

// Runs the stream of the primary and passes it on. The offset counts what has run: of a transaction
// everything or nothing, so that a link that breaks within one continues before its MULTI.
//
//   buffer   [ passed on | MULTI .. that waits for EXEC | requests to run | incomplete | room ]
//                        ^ begin_                       ^ at_                          ^ end_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/budget.h"
#include "larder/engine/executor.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"
#include "larder/replication/feed.h"
#include "larder/resp/reader.h"

namespace larder::replication {

// Learns which commands of the stream will run next.
class StreamReader {
 public:
  virtual void before(std::span<const resp::Request> requests) = 0;

 protected:
  ~StreamReader() = default;
};

class Applier {
 public:
  struct Parts {
    engine::Executor& executor;
    keyspace::Keyspace& keyspace;
    Feed& feed;
    StreamReader& reader;
  };
  // The session must outlive it.
  Applier(const Parts& parts, engine::Session& session) : parts_(parts), session_(session) {}

  // Room for bytes that arrive; only after run() has returned `needs_input`.
  std::span<char> room();
  void arrived(std::size_t count) { end_ += count; }

  enum class Progress : std::uint8_t {
    needs_input,
    more,    // the time is over, or a command was put off to the next turn
    asked,   // the primary wants to know the offset (REPLCONF GETACK)
    broken,  // the stream is no sequence of requests
  };
  Progress run(base::Budget budget);

  // Bytes that have arrived and do not count in the history's offset yet.
  std::uint64_t pending() const { return end_ - begin_; }
  // The error of `broken`.
  std::string_view error() const { return error_; }

  void report_bytes(memory::Audit& audit) const;

 private:
  // Not filled with zeros: a large request fills it soon.
  struct Unset : memory::Allocator<char, memory::Owner::client_input> {
    template <typename Other>
    struct rebind {  // NOLINT(readability-identifier-naming)
      using other = Unset;
    };
    void construct(char*) {}
  };
  using Bytes = std::vector<char, Unset>;

  bool cut();
  // Runs what is left of the batch up to a request that is for the link. False: at such a request.
  bool run_requests();
  void run_some(std::span<const resp::Request> requests);
  void follow_transaction(resp::Args words, std::uint64_t begin);
  bool take_link_request();
  void pass_on();

  const Parts parts_;
  engine::Session& session_;
  Bytes bytes_;
  std::size_t begin_ = 0;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t wanted_ = 0;  // bytes from at_ on that the next request has at least
  resp::Reader reader_;
  resp::Batch batch_;
  std::span<const resp::Request> left_;  // of the batch
  bool is_put_off_ = false;              // the first of them
  bool in_transaction_ = false;
  std::size_t transaction_ = 0;  // where its MULTI begins
  std::string_view error_;
};

}  // namespace larder::replication
