#include "larder/persistence/aof_manifest.h"

#include <cstdlib>
#include <filesystem>

#include "larder/base/text.h"
#include "larder/base/words.h"
#include "larder/config/line.h"

namespace larder::persistence {
namespace {

constexpr std::size_t kMostLine = 1024;

constexpr char kBase = 'b';
constexpr char kHistory = 'h';
constexpr char kIncr = 'i';

constexpr const char* kBadFormat = "Invalid AOF manifest file format";

struct Line {
  AofFile file;
  char type = 0;
};

std::string trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return std::string(line.substr(first, line.find_last_not_of(kBlanks) - first + 1));
}

// Reads pairs of a key and its value; other keys than these three are for later versions. Returns
// why it is wrong, or an empty text.
std::string read_pairs(const std::vector<std::string>& words, Line& line) {
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (base::equals_ignoring_case(words[i], "file")) {
      if (value.find_first_of("/\\") != std::string::npos) {
        return "File can't be a path, just a filename";
      }
      line.file.name = value;
    } else if (base::equals_ignoring_case(words[i], "seq")) {
      line.file.seq = std::strtoll(value.c_str(), nullptr, 10);
    } else if (base::equals_ignoring_case(words[i], "type")) {
      line.type = value.empty() ? '\0' : value.front();
    }
  }
  const bool whole = !line.file.name.empty() && line.file.seq != 0 && line.type != 0;
  return whole ? std::string() : std::string(kBadFormat);
}

std::string read_line(std::string_view text, Line& line) {
  const auto words = base::split_words(trimmed(text));
  if (!words || words->size() < 6 || words->size() % 2 != 0) return kBadFormat;
  return read_pairs(*words, line);
}

std::string add(AofManifest& manifest, Line line) {
  switch (line.type) {
    case kBase:
      if (manifest.base) return "Found duplicate base file information";
      manifest.base = std::move(line.file);
      return {};
    case kHistory:
      manifest.history.push_back(std::move(line.file));
      return {};
    case kIncr:
      if (line.file.seq <= manifest.incr_seq()) return "Found a non-monotonic sequence number";
      manifest.incr.push_back(std::move(line.file));
      return {};
    default:
      return "Unknown AOF file type";
  }
}

void print_line(std::string& out, const AofFile& file, char type) {
  out += "file " + config::word(file.name) + " seq " + std::to_string(file.seq) + " type " + type +
         "\n";
}

}  // namespace

AofNames AofNames::in_working_folder(const std::string& folder, const std::string& first_part) {
  const std::filesystem::path here = std::filesystem::current_path();
  AofNames names((here / folder).string(), first_part);
  names.single_file_ = (here / first_part).string();
  return names;
}

std::string AofNames::base(std::int64_t seq, BaseFormat format) const {
  return first_part_ + "." + std::to_string(seq) +
         (format == BaseFormat::rdb ? ".base.rdb" : ".base.aof");
}

std::string AofNames::incr(std::int64_t seq) const {
  return first_part_ + "." + std::to_string(seq) + ".incr.aof";
}

std::optional<ManifestFailure> AofManifest::read(std::string_view text) {
  if (text.empty()) return ManifestFailure{0, {}, "Found an empty AOF manifest"};
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    const auto fail = [&](std::string reason) {
      return ManifestFailure{number, std::string(whole.substr(0, kMostLine)), std::move(reason)};
    };
    if (whole.substr(0, 1) != "#") {
      if (end == std::string_view::npos || whole.size() >= kMostLine) {
        return fail("The AOF manifest file contains too long line");
      }
      Line line;
      std::string reason = read_line(whole, line);
      if (reason.empty()) reason = add(*this, std::move(line));
      if (!reason.empty()) return fail(std::move(reason));
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::nullopt;
}

std::string AofManifest::print() const {
  std::string out;
  if (base) print_line(out, *base, kBase);
  for (const AofFile& file : history) print_line(out, file, kHistory);
  for (const AofFile& file : incr) print_line(out, file, kIncr);
  return out;
}

AofFile AofManifest::next_base(const AofNames& names, BaseFormat format) const {
  const std::int64_t seq = base_seq() + 1;
  return {names.base(seq, format), seq};
}

AofFile AofManifest::next_incr(const AofNames& names) const {
  const std::int64_t seq = incr_seq() + 1;
  return {names.incr(seq), seq};
}

void AofManifest::replace_all(AofFile next) {
  replace_base(std::move(next));
  if (!incr.empty()) history.push_back(std::move(incr.back()));
  incr.clear();
}

void AofManifest::replace_base(AofFile next) {
  if (base) history.push_back(*std::move(base));
  base = std::move(next);
  while (incr.size() > 1) {
    history.push_back(std::move(incr.front()));
    incr.erase(incr.begin());
  }
}

}  // namespace larder::persistence
