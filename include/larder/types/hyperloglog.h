#pragma once

// HyperLogLog as Redis stores it in a string, so that values move between servers byte by byte:
//
//   | "HYLL" | encoding: 1 | zeros: 3 | cached count: 8, little-endian | registers ... |
//
// The highest bit of the cached count means that it is stale. There are 16,384 registers of six
// bits. Dense values have them packed from the lowest bit up in 12,288 bytes. Sparse ones have
// runs of equal registers, in order:
//
//   00llllll            l + 1 registers of 0          (1 to 64)
//   01llllll llllllll   l + 1 registers of 0          (1 to 16,384)
//   1vvvvvll            l + 1 registers of v + 1      (1 to 4 registers of 1 to 32)
//
// An element's hash chooses a register by its lowest 14 bits; the register keeps the longest run
// of zeros, plus one, seen in the other 50. The count is estimated from how many registers have
// which value, by Otmar Ertl's "New cardinality estimation algorithms for HyperLogLog sketches"
// (arXiv:1702.01284); its standard error is 0.81 %.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::types::hll {

inline constexpr std::size_t kRegisters = 16384;
inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;
// A sparse value has at most two bytes to a register.
inline constexpr std::size_t kMostSparseBytes = kHeaderBytes + 2 * kRegisters;

using Registers = std::array<std::uint8_t, kRegisters>;

// A register, and the least value it must have.
struct Raise {
  std::uint16_t index;
  std::uint8_t value;
};

// The register of an element, and its value.
Raise raise_of(std::string_view element);

// The estimate for these registers.
std::uint64_t estimate(const Registers& registers);

enum class Encoding : std::uint8_t { dense, sparse };

// A view of a stored value; valid as long as the bytes are.
class View {
 public:
  // Nothing when the header or the size is not a HyperLogLog's. The registers of a sparse value
  // are checked as they are read.
  static std::optional<View> of(std::string_view bytes);

  Encoding encoding() const { return static_cast<Encoding>(bytes_[4]); }
  std::string_view bytes() const { return bytes_; }
  // The estimate that was stored with it; nothing when it is stale.
  std::optional<std::uint64_t> cached_count() const;

  // Makes every register at least as large as here; false, with some done, when the value is
  // corrupt.
  bool merge_into(Registers& registers) const;
  // The estimate; nothing when the value is corrupt. Some 4 us.
  std::optional<std::uint64_t> count() const;

  // One register of a dense value.
  std::uint8_t dense_register(std::size_t index) const;
  // The runs of a sparse value, as "Z:100 v:3,1 z:5"; nothing when it is corrupt.
  std::optional<std::string> describe() const;

 private:
  explicit View(std::string_view bytes) : bytes_(bytes) {}
  std::string_view registers() const { return bytes_.substr(kHeaderBytes); }

  std::string_view bytes_;
};

// Changes of a stored value in place.
void store_count(char* bytes, std::uint64_t count);
void forget_count(char* bytes);
// Dense values only.
void set_dense_register(char* bytes, Raise raise);

// A copy of a value that can be changed; 36 kB, for the stack. For dense values, changes in place
// are faster.
class Sketch {
 public:
  // Without elements: sparse, and its cached count is 0.
  Sketch();
  explicit Sketch(const View& view);

  enum class Outcome : std::uint8_t { unchanged, changed, corrupt };
  // Raises one register. A sparse value that would take more than `most_sparse_bytes`, or whose
  // register would pass 32, becomes dense.
  Outcome raise(Raise raise, std::uint64_t most_sparse_bytes);
  // Raises all; `registers` are at least those it has.
  Outcome raise_all(const Registers& registers, std::uint64_t most_sparse_bytes);
  // Makes it dense; false when it is corrupt.
  bool make_dense();

  void forget_count() { hll::forget_count(buffer_.data()); }
  bool is_dense() const { return buffer_[4] == static_cast<char>(Encoding::dense); }
  std::string_view bytes() const { return {buffer_.data(), size_}; }

 private:
  Outcome raise_sparse(Raise raise, std::uint64_t most_sparse_bytes);
  Outcome raise_dense(Raise raise);
  // Replaces `removed` bytes from `at` on by `bytes`.
  void replace(std::size_t at, std::size_t removed, std::string_view bytes);
  void join_equal_runs(std::size_t from);

  std::size_t size_ = 0;
  // A split adds at most three bytes to what is stored.
  std::array<char, kMostSparseBytes + 4> buffer_;
};

// Packs, unpacks and counts registers, compares sparse with dense, and checks the error of
// estimates. Returns a text if something is wrong, else nothing. Takes about 50 ms.
std::optional<std::string> self_test();

}  // namespace larder::types::hll
