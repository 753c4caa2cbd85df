#pragma once

// The manifest of the append-only file: the files that it consists of. It is a text with one line
// for each file, in the order base, history, increments:
//
//   file appendonly.aof.2.base.rdb seq 2 type b
//   file appendonly.aof.1.incr.aof seq 1 type h
//   file appendonly.aof.2.incr.aof seq 2 type i
//
// The data are those of the base, changed by the commands of the increments in their order. Files
// of the history are not needed any more and will be removed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace larder::persistence {

struct AofFile {
  std::string name;
  std::int64_t seq = 0;
};

enum class BaseFormat : std::uint8_t { rdb, commands };

// The names of the files, all of them in one folder.
class AofNames {
 public:
  AofNames(std::string folder, std::string first_part)
      : folder_(std::move(folder)), first_part_(std::move(first_part)) {}
  // With whole paths, so that the working folder may change.
  static AofNames in_working_folder(const std::string& folder, const std::string& first_part);

  const std::string& folder() const { return folder_; }
  // The single file of Redis before version 7, in the working folder.
  const std::string& single_file() const { return single_file_; }
  std::string base(std::int64_t seq, BaseFormat format) const;
  std::string incr(std::int64_t seq) const;
  std::string manifest() const { return first_part_ + ".manifest"; }
  std::string ring() const { return first_part_ + ".ring"; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
  std::string first_part_;
  std::string single_file_ = first_part_;
};

struct ManifestFailure {
  int line = 0;  // from 1; 0 if it is the whole text
  std::string text;
  std::string reason;  // in Redis's words
};

struct AofManifest {
  std::optional<AofFile> base;
  std::vector<AofFile> history;
  std::vector<AofFile> incr;

  // Reads the text into this manifest, which must be empty; nothing if it is correct.
  std::optional<ManifestFailure> read(std::string_view text);
  std::string print() const;

  bool empty() const { return !base && incr.empty() && history.empty(); }
  std::int64_t base_seq() const { return base ? base->seq : 0; }
  std::int64_t incr_seq() const { return incr.empty() ? 0 : incr.back().seq; }
  AofFile next_base(const AofNames& names, BaseFormat format) const;
  AofFile next_incr(const AofNames& names) const;
  // The new base contains everything but the last increment: what it replaces becomes history.
  void replace_base(AofFile next);
  // The new base contains everything.
  void replace_all(AofFile next);
};

}  // namespace larder::persistence
