#pragma once

// The history of writes: an id, and the offset of the stream of effects that it numbers. Two
// servers with the same id and offset have the same data. After a promotion the former id is valid
// up to the offset at which the histories part, so that other replicas can continue from there.

#include <cstdint>
#include <string>
#include <string_view>

namespace larder::replication {

// 40 random hex digits.
std::string random_replication_id();

class History {
 public:
  // A history of its own, at offset 0.
  History() : id_(random_replication_id()) {}

  const std::string& id() const { return id_; }
  // The former id, or zeros; valid up to and including second_offset(), which is -1 without one.
  const std::string& id2() const { return id2_; }
  std::int64_t offset() const { return offset_; }
  std::int64_t second_offset() const { return second_offset_; }

  // The stream has grown by so many bytes.
  void advance(std::uint64_t bytes) { offset_ += static_cast<std::int64_t>(bytes); }

  // Continues as a history of its own, which nobody else knows: a new id, no former one.
  void renew();
  // Promotion of a replica: its own writes follow from here, under a new id.
  void shift() { shift_to(random_replication_id()); }
  // The primary continues this history under another id (+CONTINUE <id>).
  void shift_to(std::string_view id);
  // After a full sync, or from a file: the data is that of this id at this offset.
  void adopt(std::string_view id, std::int64_t offset);
  // The same, with the former id (after the start from a file).
  void adopt(std::string_view id, std::int64_t offset, std::string_view id2,
             std::int64_t second_offset);

  // Whether a server that has this id and asks for the stream from `next` on (its offset + 1) has a
  // part of this history. Whether the bytes from there on are still known is another question.
  bool holds(std::string_view id, std::int64_t next) const;

 private:
  std::string id_;
  std::string id2_ = std::string(40, '0');
  std::int64_t offset_ = 0;
  std::int64_t second_offset_ = -1;
};

}  // namespace larder::replication
