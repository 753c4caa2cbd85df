#include "larder/persistence/rdb_file.h"

#include <algorithm>
#include <array>

#include "larder/base/format.h"
#include "larder/base/numbers.h"
#include "rdb_format.h"
#include "rdb_reader.h"
#include "rdb_window.h"

namespace larder::persistence {
namespace {

using Kind = RdbFailure::Kind;

// So much of the file is read, or added to the checksum, at once.
constexpr std::size_t kPiece = 512 << 10;
constexpr std::size_t kHeadBytes = kRdbMagic.size() + kRdbVersionDigits;
static_assert(kHeadBytes == kRdbHeadBytes);

std::optional<int> version_of(std::string_view head) {
  const std::string_view digits = head.substr(kRdbMagic.size(), kRdbVersionDigits);
  const auto version = base::parse_int64(
      digits.substr(std::min(digits.find_first_not_of('0'), kRdbVersionDigits - 1)));
  if (!version || *version < 1 || *version > kNewestRdb) return std::nullopt;
  return static_cast<int>(*version);
}

constexpr const char* kWrongMagic = "Wrong signature trying to load DB from file";

std::string wrong_version(std::string_view head) {
  return "Can't handle RDB format version " + std::string(head.substr(kRdbMagic.size()));
}

// What the parts of a module's data are; 0 ends them.
enum class ModulePart : std::uint8_t { end, integer, unsigned_integer, real32, real64, text };

class FileReader {
 public:
  FileReader(RdbSource& source, const RdbReading& reading, RdbVisitor& visitor)
      : reading_(reading),
        visitor_(visitor),
        window_(source, reading.verifies_checksum, reading.window) {}

  bool read_head() {
    if (!fill(kHeadBytes)) return false;
    const std::string_view head = window_.rest().substr(0, kHeadBytes);
    if (head.substr(0, kRdbMagic.size()) != kRdbMagic.substr(0, head.size())) {
      return fail(Kind::magic, kWrongMagic);
    }
    if (head.size() < kHeadBytes) return fail_for_end();
    const auto version = version_of(head);
    if (!version) return fail(Kind::version, wrong_version(head));
    version_ = *version;
    window_.take(kHeadBytes);
    return true;
  }

  bool read_items() {
    while (!done_) {
      if (!read_item()) return false;
    }
    return deliver();
  }

  std::optional<RdbFailure> failure() && { return std::move(failure_); }

 private:
  struct Slot {
    RdbText name;
    DecodedValue value;
  };

  bool fail(Kind kind, std::string text) {
    if (!failure_) failure_ = RdbFailure{kind, window_.offset(), std::move(text)};
    return false;
  }
  bool fail_for_end() { return fail(Kind::truncated, "Unexpected EOF reading RDB file"); }
  // Both in pieces, between which the visitor may do other work.
  bool sum() {
    while (window_.sum_some(kPiece)) {
      if (!visitor_.go_on()) return fail(Kind::stopped, "Stopped");
    }
    return true;
  }
  bool fill(std::size_t bytes) {
    if (!sum()) return false;
    while (window_.move_some(bytes, kPiece)) {
      if (!visitor_.go_on()) return fail(Kind::stopped, "Stopped");
    }
    for (;;) {
      const std::size_t piece = std::min(bytes, window_.rest().size() + kPiece);
      if (const auto filled = window_.fill(piece); !filled) {
        return fail(Kind::source, filled.error().text);
      }
      if (piece == bytes || window_.at_end()) return true;
      if (!visitor_.go_on()) return fail(Kind::stopped, "Stopped");
    }
  }

  // Passes the keys that are ready; their names and texts may lie in the window.
  bool deliver() {
    const std::size_t ready = ready_;
    ready_ = 0;
    if (ready > 0) {
      const auto taken = visitor_.keys({keys_.data(), ready});
      for (std::size_t i = 0; i < ready; ++i) slots_[i].value.clear();
      if (!taken) return fail(Kind::visitor, taken.error().text);
    }
    visitor_.progress(window_.offset());
    return visitor_.go_on() ? true : fail(Kind::stopped, "Stopped");
  }

  bool read_item() {
    const std::size_t left = window_.rest().size();
    if (left < window_.few() && !window_.at_end() && !more(window_.few())) return false;
    for (;;) {
      RdbReader in(window_.rest());
      in.call(&visitor_);
      if (parse(in)) {
        window_.take(window_.rest().size() - in.left());
        return true;
      }
      if (failure_) return false;
      if (in.missing() == 0 || in.missing() > window_.unread()) return fail_for(in);
      if (window_.at_end()) return fail_for_end();
      // Doubling it makes the time for all attempts proportional to the value.
      const std::size_t whole = window_.rest().size();
      if (!more(whole + std::max<std::uint64_t>(whole, in.missing()))) return false;
    }
  }
  bool fail_for(const RdbReader& in) {
    if (!visitor_.go_on()) return fail(Kind::stopped, item_name());
    if (in.missing() > 0) return fail_for_end();
    if (in.lacks_room()) return fail(Kind::damaged, "Out of memory reading a value");
    return fail(Kind::damaged, "integrity check failed: " + item_name());
  }
  // Names the item at the window's front.
  std::string item_name() {
    RdbReader in(window_.rest());
    const std::uint8_t first = in.byte();
    const std::string number = std::to_string(first);
    if (first >= static_cast<std::uint8_t>(RdbOpcode::slot_sizes)) {
      return "the item with opcode " + number;
    }
    if (!in.text(text_)) return "the name of a key of type " + number;
    return "the value of key '" + std::string(text_.view().substr(0, 128)) + "' of type " + number;
  }
  bool more(std::uint64_t bytes) { return deliver() && fill(static_cast<std::size_t>(bytes)); }

  // False if `in` has failed, or with a failure.
  bool parse(RdbReader& in) {
    const std::uint8_t first = in.byte();
    if (in.failed()) return false;
    if (first < static_cast<std::uint8_t>(RdbOpcode::slot_sizes)) return parse_key(in, first);
    switch (static_cast<RdbOpcode>(first)) {
      case RdbOpcode::slot_sizes:
        in.length();
        in.length();
        in.length();
        return !in.failed();
      case RdbOpcode::function:
        if (!in.text(text_) || !deliver()) return false;
        if (const auto taken = visitor_.function(text_.view()); !taken) {
          return visitor_.go_on() ? fail(Kind::visitor, taken.error().text)
                                  : fail(Kind::stopped, item_name());
        }
        return true;
      case RdbOpcode::old_function:
        return fail(Kind::damaged, "Pre-release function format not supported.");
      case RdbOpcode::module_aux:
        return skip_module(in);
      case RdbOpcode::idle:
        idle_s_ = in.length();
        return !in.failed();
      case RdbOpcode::frequency:
        frequency_ = in.byte();
        return !in.failed();
      case RdbOpcode::aux:
        return parse_aux(in);
      case RdbOpcode::sizes:
        return parse_sizes(in);
      case RdbOpcode::deadline_ms:
        deadline_ms_ = static_cast<std::int64_t>(in.word());
        return !in.failed();
      case RdbOpcode::deadline_s:
        deadline_ms_ = std::int64_t{in.half_word()} * 1000;
        return !in.failed();
      case RdbOpcode::database:
        return parse_database(in);
      case RdbOpcode::end:
        return parse_end(in);
    }
    return in.fail();
  }

  bool parse_aux(RdbReader& in) {
    if (!in.text(text_) || !in.text(more_text_) || !deliver()) return false;
    visitor_.aux(text_.view(), more_text_.view());
    return true;
  }
  bool parse_sizes(RdbReader& in) {
    const std::uint64_t keys = in.length();
    const std::uint64_t deadlines = in.length();
    if (in.failed()) return false;
    // A key takes three bytes at least.
    const std::uint64_t most = (window_.unread() + window_.rest().size()) / 3;
    visitor_.sizes(std::min(keys, most), std::min(deadlines, most));
    return true;
  }
  bool parse_database(RdbReader& in) {
    const std::uint64_t index = in.length();
    if (in.failed() || !deliver()) return false;
    const auto taken = visitor_.database(index);
    return taken ? true : fail(Kind::visitor, taken.error().text);
  }

  // The module's number, when its data is to be read, and its data, of which each part says what it
  // is.
  static bool skip_module(RdbReader& in) {
    RdbText text;
    in.length();
    in.length();
    in.length();
    while (!in.failed()) {
      switch (static_cast<ModulePart>(in.length())) {
        case ModulePart::end:
          return !in.failed();
        case ModulePart::integer:
        case ModulePart::unsigned_integer:
          in.length();
          break;
        case ModulePart::real32:
          in.raw(4);
          break;
        case ModulePart::real64:
          in.raw(8);
          break;
        case ModulePart::text:
          in.text(text);
          break;
        default:
          return in.fail();
      }
    }
    return false;
  }

  bool parse_key(RdbReader& in, std::uint8_t form) {
    if (ready_ == RdbVisitor::kMostKeys && !deliver()) return false;
    const std::uint64_t offset = window_.offset();
    Slot& slot = slots_[ready_];
    if (!in.text(slot.name)) return false;
    if (!is_value_form(form)) {
      return fail(Kind::damaged, "Unknown RDB encoding type " + std::to_string(form));
    }
    if (!slot.value.read_body(form, in, reading_.settings, reading_.now_ms)) return false;
    keys_[ready_++] = {slot.name.view(), deadline_ms_, idle_s_, frequency_, &slot.value, offset};
    deadline_ms_.reset();
    idle_s_.reset();
    frequency_.reset();
    return true;
  }

  // The checksum is of everything in front of it, of which the last value may be large.
  bool parse_end(RdbReader& in) {
    if (!sum()) return false;
    done_ = true;
    if (version_ < kChecksumVersion) return true;
    const std::uint64_t written = in.word();
    if (in.failed()) {
      done_ = false;
      return false;
    }
    const std::uint64_t found = window_.sum_with(1);
    if (!reading_.verifies_checksum || written == 0 || written == found) return true;
    return fail(Kind::checksum, checksum_text(written, found));
  }
  static std::string checksum_text(std::uint64_t written, std::uint64_t found) {
    std::string text = base::printed("Wrong RDB checksum expected: (%llx) but got (%llx)",
                                     static_cast<unsigned long long>(found),
                                     static_cast<unsigned long long>(written));
    return text;
  }

  const RdbReading& reading_;
  RdbVisitor& visitor_;
  RdbWindow window_;
  std::optional<RdbFailure> failure_;
  int version_ = 0;
  bool done_ = false;
  RdbText text_, more_text_;
  std::array<Slot, RdbVisitor::kMostKeys> slots_;
  std::array<RdbKey, RdbVisitor::kMostKeys> keys_;
  std::size_t ready_ = 0;
  std::optional<std::int64_t> deadline_ms_;
  std::optional<std::uint64_t> idle_s_;
  std::optional<std::uint8_t> frequency_;
};

}  // namespace

base::Result<void> check_rdb_head(std::string_view head) {
  if (head.size() < kHeadBytes || !head.starts_with(kRdbMagic)) return base::Error{kWrongMagic};
  if (!version_of(head)) return base::Error{wrong_version(head.substr(0, kHeadBytes))};
  return {};
}

std::optional<RdbFailure> read_rdb(RdbSource& source, const RdbReading& reading,
                                   RdbVisitor& visitor) {
  FileReader reader(source, reading, visitor);
  if (reader.read_head()) reader.read_items();
  return std::move(reader).failure();
}

}  // namespace larder::persistence
