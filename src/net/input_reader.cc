#include "input_reader.h"

#include "connection.h"
#include "memory_gate.h"

namespace larder::net {
namespace {

// Larger batches do not wait until other connections are read: the prefetches of so many requests
// overlap with each other.
constexpr std::size_t kMostAhead = 4;

}  // namespace

void InputReader::run_and_read(Connection& connection) {
  if (InputBatch* const batch = batches_->of(connection); batch != nullptr) run(*batch);
  if (connection.receives_long()) {
    if (!memory_.is_crowded()) connection.run_long_request();
    return;
  }
  InputBatch& batch = run_oldest();
  if (connection.is_dead() || connection.is_closing()) return;
  if (memory_.is_full()) {
    if (connection.has_unread()) connection.visit_at_turn_end();
    return;
  }
  batch.input = connection.read(batches_->buffer(batch));
  if (batch.input.empty()) return;
  batch.connection = &connection;
  if (connection.session().is_parked()) return run(batch);
  plan(connection, batch, 0);
  if (batch.batch.size() > kMostAhead) {
    executor_.fetch_entries(connection.session(), batch.plan);
    return run(batch);
  }
  executor_.fetch_buckets(connection.session(), batch.plan);
  fetch_entries(batches_->before_newest());
}

void InputReader::run_and_discard(Connection& connection) {
  connection.discard(batches_->buffer(run_oldest()));
}

void InputReader::run_all() {
  fetch_entries(batches_->newest());
  for (std::size_t i = 0; i < InputBatches::kCount; ++i) run_oldest();
}

void InputReader::run(InputBatch& batch) {
  Connection& connection = *batch.connection;
  batch.connection = nullptr;
  connection.run_batch(batch);
}

void InputReader::begin_within() {
  for (std::size_t i = 0; i < InputBatches::kCount; ++i) run_oldest();
  outer_ = std::exchange(batches_, std::make_unique<InputBatches>());
}

InputBatch& InputReader::run_oldest() {
  InputBatch& batch = batches_->reuse_oldest();
  if (batch.connection != nullptr) run(batch);
  return batch;
}

void InputReader::continue_later(Connection& connection) {
  continued_.add(connection, connection.in_reader.place);
}

void InputReader::run_continued() {
  if (memory_.is_crowded()) return;
  continued_.visit_all([this](Connection& connection) {
    connection.in_reader.place = ConnectionVisits::kNowhere;
    if (!connection.is_open()) return;
    if (connection.is_discarding()) return run_and_discard(connection);
    if (connection.is_closing()) return;
    connection.has_unread() ? run_and_read(connection) : connection.run_kept_requests();
  });
}

void InputReader::forget(Connection& connection) { continued_.leave(connection.in_reader.place); }

void InputReader::plan(Connection& connection, InputBatch& batch, std::size_t from) {
  connection.split(batch, from);
  executor_.plan(connection.session(), batch.batch.requests(), batch.plan);
}

void InputReader::plan_to_run(Connection& connection, InputBatch& batch, std::size_t from) {
  plan(connection, batch, from);
  executor_.fetch_entries(connection.session(), batch.plan);
}

void InputReader::fetch_entries(const InputBatch& batch) {
  if (batch.connection != nullptr) executor_.fetch_entries(batch.connection->session(), batch.plan);
}

}  // namespace larder::net
