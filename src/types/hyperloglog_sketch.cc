#include <algorithm>
#include <cstring>

#include "hyperloglog_registers.h"
#include "hyperloglog_runs.h"
#include "larder/base/assert.h"
#include "larder/types/hyperloglog.h"

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

namespace larder::types::hll {
namespace {

constexpr std::size_t kEncodingAt = 4;

// The run that holds a register, the run before it (itself when it is the first), and the number
// of its first register.
struct Place {
  std::size_t at;
  std::size_t previous;
  std::size_t first;
  SparseRun run;
};

constexpr std::size_t kStride = 16;

// The number of registers in the next 16 bytes; 0 if a run among them has two bytes.
#if defined(__SSE4_1__)
std::size_t registers_in_stride(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i kinds = _mm_and_si128(bytes, _mm_set1_epi8(static_cast<char>(0xc0)));
  if (!_mm_test_all_zeros(_mm_cmpeq_epi8(kinds, _mm_set1_epi8(0x40)), _mm_set1_epi8(-1))) return 0;
  const __m128i masks = _mm_blendv_epi8(_mm_set1_epi8(0x3f), _mm_set1_epi8(3), bytes);
  const __m128i sums = _mm_sad_epu8(_mm_and_si128(bytes, masks), _mm_setzero_si128());
  return static_cast<std::size_t>(_mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4)) +
         kStride;
}
#else
std::size_t registers_in_stride(const char* at) {
  std::size_t registers = 0;
  for (std::size_t i = 0; i < kStride; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    if ((byte & 0xc0) == 0x40) return 0;
    registers += (byte & (byte >= 0x80 ? 3u : 0x3fu)) + 1;
  }
  return registers;
}
#endif

// Nothing when the runs end before the register.
std::optional<Place> locate(std::string_view runs, std::size_t index) {
  Place place{};
  while (place.at < runs.size()) {
    const std::size_t left = runs.size() - place.at;
    const std::size_t skipped = left >= kStride ? registers_in_stride(runs.data() + place.at) : 0;
    if (skipped > 0 && place.first + skipped <= index) {
      place.first += skipped;
      place.at += kStride;
      place.previous = place.at - 1;
      continue;
    }
    const std::size_t stop = place.at + std::min(left, kStride);
    while (place.at < stop) {
      if (!read_run(runs, place.at, place.run)) return std::nullopt;
      if (index < place.first + place.run.length) return place;
      place.first += place.run.length;
      place.previous = place.at;
      place.at += place.run.bytes;
    }
  }
  return std::nullopt;
}

// Writes the runs that replace a run in which a register is raised: the part before it, the
// register, and the part after it. Returns their end.
char* write_split(char* to, const Place& place, Raise raise) {
  const auto write = [&place](char* at, std::size_t length) {
    if (length == 0) return at;
    return place.run.value == 0 ? write_zeros(at, length)
                                : write_values(at, place.run.value, length);
  };
  to = write(to, raise.index - place.first);
  to = write_values(to, raise.value, 1);
  return write(to, place.first + place.run.length - 1 - raise.index);
}

}  // namespace

Sketch::Sketch() {
  constexpr std::string_view kHeader("HYLL\1\0\0\0\0\0\0\0\0\0\0\0", kHeaderBytes);
  std::memcpy(buffer_.data(), kHeader.data(), kHeader.size());
  size_ = static_cast<std::size_t>(write_zeros(buffer_.data() + kHeaderBytes, kRegisters) -
                                   buffer_.data());
}

Sketch::Sketch(const View& view) : size_(std::min(view.bytes().size(), kMostSparseBytes + 1)) {
  std::memcpy(buffer_.data(), view.bytes().data(), size_);
}

Sketch::Outcome Sketch::raise(Raise raise, std::uint64_t most_sparse_bytes) {
  return is_dense() ? raise_dense(raise) : raise_sparse(raise, most_sparse_bytes);
}

Sketch::Outcome Sketch::raise_dense(Raise raise) {
  char* packed = buffer_.data() + kHeaderBytes;
  if (packed_register(packed, raise.index) >= raise.value) return Outcome::unchanged;
  set_packed_register(packed, raise);
  return Outcome::changed;
}

Sketch::Outcome Sketch::raise_sparse(Raise raise, std::uint64_t most_sparse_bytes) {
  const auto densely = [this, raise] {
    return make_dense() ? raise_dense(raise) : Outcome::corrupt;
  };
  // Longer than any valid value: too many runs, which may not fit into this buffer.
  if (size_ > kMostSparseBytes) return Outcome::corrupt;
  if (raise.value > kMostSparseValue) return densely();
  const auto place = locate(bytes().substr(kHeaderBytes), raise.index);
  if (!place) return Outcome::corrupt;
  if (place->run.value >= raise.value) return Outcome::unchanged;

  char split[5];
  const auto length = static_cast<std::size_t>(write_split(split, *place, raise) - split);
  if (length > place->run.bytes && size_ + length - place->run.bytes > most_sparse_bytes) {
    return densely();
  }
  replace(kHeaderBytes + place->at, place->run.bytes, {split, length});
  join_equal_runs(kHeaderBytes + place->previous);
  return Outcome::changed;
}

void Sketch::replace(std::size_t at, std::size_t removed, std::string_view bytes) {
  char* to = buffer_.data() + at;
  LARDER_ASSERT(size_ + bytes.size() - removed <= buffer_.size());
  std::memmove(to + bytes.size(), to + removed, size_ - at - removed);
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  size_ = size_ + bytes.size() - removed;
}

// redis-server tries to join five runs after a change, starting with the one before it. The stored
// bytes are equal to its own only if exactly these are joined here.
void Sketch::join_equal_runs(std::size_t from) {
  std::size_t at = from;
  SparseRun run;
  SparseRun next;
  for (int looks = 0; looks < 5 && at < size_; ++looks) {
    if (!read_run(bytes(), at, run)) return;
    const bool both = run.value > 0 && at + 1 < size_ && read_run(bytes(), at + 1, next);
    if (both && next.value == run.value && run.length + next.length <= kMostEqual) {
      write_values(buffer_.data() + at + 1, run.value, run.length + next.length);
      replace(at, 1, {});
    } else {
      at += run.bytes;
    }
  }
}

Sketch::Outcome Sketch::raise_all(const Registers& registers, std::uint64_t most_sparse_bytes) {
  for (std::size_t i = 0; i < kRegisters && !is_dense(); ++i) {
    if (registers[i] == 0) continue;
    const Raise one{static_cast<std::uint16_t>(i), registers[i]};
    if (raise(one, most_sparse_bytes) == Outcome::corrupt) return Outcome::corrupt;
  }
  if (is_dense()) pack(registers, buffer_.data() + kHeaderBytes);
  return Outcome::changed;
}

bool Sketch::make_dense() {
  if (is_dense()) return true;
  Registers all{};
  const auto view = View::of(bytes());
  if (!view || !view->merge_into(all)) return false;
  buffer_[kEncodingAt] = static_cast<char>(Encoding::dense);
  size_ = kDenseBytes;
  pack(all, buffer_.data() + kHeaderBytes);
  return true;
}

}  // namespace larder::types::hll
