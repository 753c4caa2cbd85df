#pragma once

// The stream of effects for replicas: effects in the order in which they happened, as requests in
// RESP, with SELECT in front of the first one in another database. Each byte has an offset in the
// History. A server that copies a primary passes on the bytes that it applied, unchanged, so that
// its own replicas have the same offsets.

#include <cstdint>
#include <string_view>

#include "larder/engine/executor.h"
#include "larder/engine/propagation.h"
#include "larder/replication/backlog.h"
#include "larder/replication/history.h"

namespace larder::replication {

// Is told of the stream, after each change.
class FeedListener {
 public:
  // Bytes were added at its end.
  virtual void stream_grew() = 0;
  // What was kept of it is gone: nobody can continue from an earlier offset.
  virtual void stream_restarted() = 0;

 protected:
  ~FeedListener() = default;
};

class Feed final : public engine::EffectSink {
 public:
  Feed(engine::Propagation& effects, History& history, Backlog& backlog)
      : effects_(effects), history_(history), backlog_(backlog) {}
  ~Feed() override { close(); }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void listen(FeedListener& listener) { listener_ = &listener; }
  // The executor whose effects these are: removals without a command are among them, and each
  // session gets the offset behind its last write (WAIT).
  void follow(engine::Executor& executor) { executor_ = &executor; }

  // Where its bytes come from: effects of this server's commands, or the primary that it copies.
  enum class Source : std::uint8_t { own_effects, primary };
  Source source() const { return source_; }
  // Effects of own commands are taken or ignored from now on.
  void take_from(Source source);

  // While it is closed it keeps nothing, costs nothing, and the offset stands still. It opens at
  // the offset of the history. A replica is always open.
  bool is_open() const { return is_open_; }
  // Nothing is taken during its life: the data is loaded anew.
  class Paused {
   public:
    explicit Paused(Feed& feed) : feed_(feed), source_(feed.source_) {
      feed_.take_from(Source::primary);
    }
    ~Paused() { feed_.take_from(source_); }
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;

   private:
    Feed& feed_;
    const Source source_;
  };
  void open();
  void close();
  // The same on a replica, whose stream begins when it has found its primary.
  void open_for_primary();
  void primary_found() { awaits_primary_ = false; }
  bool has_begun() const { return is_open_ && !awaits_primary_; }
  // The history has another offset now (a full sync of this replica): what was kept is dropped.
  void restart();

  // On a replica: bytes of the primary's stream that were applied.
  void forward(std::string_view bytes);
  // One request of the server itself, which belongs to no database: PING, REPLCONF GETACK.
  void add(std::string_view request);
  // At the end of the turn replicas are asked how far they are.
  void ask_for_offsets() { asks_ = is_open_; }
  // The next effect is preceded by SELECT, whatever its database: a copy that begins here has none.
  void select_anew() { db_ = kUnknown; }
  // The database in which the stream is; -1 if the next effect will select one.
  int db() const { return db_; }
  // A replica that starts from a file or becomes a primary knows it.
  void continue_in(int db) { db_ = db; }

  // engine::EffectSink
  void take(const engine::Effect& effect) override;
  void flush() override;

 private:
  static constexpr int kUnknown = -1;

  void append(std::string_view bytes);
  void begin_to_take();
  void stop_taking();

  engine::Propagation& effects_;
  History& history_;
  Backlog& backlog_;
  FeedListener* listener_ = nullptr;
  engine::Executor* executor_ = nullptr;
  Source source_ = Source::own_effects;
  int db_ = kUnknown;
  bool is_open_ = false;
  bool awaits_primary_ = false;
  bool has_grown_ = false;  // since the last flush
  bool asks_ = false;
};

}  // namespace larder::replication
