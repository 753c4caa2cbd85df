#pragma once

// Checks the contract of the hook before a change: if a key's value or deadline differs after a
// step, the hook was called for its entry before the change. Copies every value before the step,
// and compares it in the hook.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "larder/keyspace/before_change.h"
#include "larder/keyspace/keyspace.h"

namespace larder::transcripts {

class ChangeCheck final : private keyspace::BeforeChange {
 public:
  explicit ChangeCheck(keyspace::Keyspace& keyspace);
  ~ChangeCheck() override;
  ChangeCheck(const ChangeCheck&) = delete;
  ChangeCheck& operator=(const ChangeCheck&) = delete;

  // Around each step. Steps on more keys or longer values than can be copied each time are not
  // checked.
  void begin();
  void end();

  // The errors since the last call.
  std::string take_trouble() { return std::exchange(trouble_, {}); }
  // Keys that changed in checked steps.
  std::uint64_t changes() const { return changes_; }

 private:
  // Key to the bytes of value and deadline, of one database.
  using Values = std::map<std::string, std::string, std::less<>>;

  void before_change(int db, std::uint64_t hash, keyspace::Entry& entry,
                     keyspace::Intent intent) override;
  void placed(int db, std::uint64_t hash, keyspace::Entry& entry,
              const keyspace::Entry* before) override;
  void before_flush(int db) override;
  void before_swap(int a, int b) override;

  bool is_small() const;
  Values copy(std::size_t db) const;
  void compare(std::size_t db);
  void report(const std::string& what, std::size_t db, std::string_view key);

  keyspace::Keyspace& keyspace_;
  bool looks_ = false;
  std::vector<Values> before_;  // of those about which the hook was not called yet
  std::vector<Values> asked_;
  std::vector<Values> born_;
  std::string trouble_;
  std::uint64_t changes_ = 0;
};

}  // namespace larder::transcripts
