// transcripts: runs transcript files against Larder or a reference server; see README.md.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

#include "in_process_target.h"
#include "mirrored_target.h"
#include "record.h"
#include "runner.h"
#include "script.h"
#include "socket_target.h"

namespace larder::transcripts {

namespace {

constexpr int kNotInstalled = 77;
constexpr int kPatientMs = 10'000;

struct Options {
  bool in_process = false;
  InProcessTarget::Check check = InProcessTarget::Check::none;
  bool mirrored = false;
  bool reference = false;
  bool recording = false;
  bool patient = false;
  bool verbose = false;
  std::string server;
  std::string only;
  std::vector<Protocol> protocols = {Protocol::resp2, Protocol::resp3};
  std::vector<std::string> paths;
};

constexpr const char* kUsage =
    "transcripts (--in-process | --before-change | --moving | --mirrored | --server BINARY |\n"
    "             --reference | --record) [--resp2 | --resp3]\n"
    "            [--patient] [--verbose] [--only TEXT] [FILE | FOLDER]...\n";

// Nothing if the arguments are wrong.
std::optional<Options> read_options(int count, char** arguments) {
  Options out;
  for (int i = 1; i < count; ++i) {
    const std::string word = arguments[i];
    const bool has_next = i + 1 < count;
    if (word == "--in-process")
      out.in_process = true;
    else if (word == "--before-change")
      out.check = InProcessTarget::Check::before_change, out.in_process = true;
    else if (word == "--moving")
      out.check = InProcessTarget::Check::moving, out.in_process = true;
    else if (word == "--mirrored")
      out.mirrored = true;
    else if (word == "--reference")
      out.reference = true;
    else if (word == "--record")
      out.reference = out.recording = out.patient = true;
    else if (word == "--patient")
      out.patient = true;
    else if (word == "--verbose")
      out.verbose = true;
    else if (word == "--resp2")
      out.protocols = {Protocol::resp2};
    else if (word == "--resp3")
      out.protocols = {Protocol::resp3};
    else if (word == "--server" && has_next)
      out.server = arguments[++i];
    else if (word == "--only" && has_next)
      out.only = arguments[++i];
    else if (word[0] != '-')
      out.paths.push_back(word);
    else
      return std::nullopt;
  }
  if (out.in_process + out.mirrored + out.reference + !out.server.empty() != 1) return std::nullopt;
  if (out.paths.empty()) out.paths.push_back("tests/transcripts");
  return out;
}

std::vector<std::string> find_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string reference_binary() {
  for (const char* path : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

std::unique_ptr<Target> make_target(const Options& options) {
  if (options.in_process) return std::make_unique<InProcessTarget>(options.check);
  if (options.mirrored) return std::make_unique<MirroredTarget>();
  SocketTarget::Options socket;
  socket.binary = options.reference ? reference_binary() : options.server;
  socket.is_larder = !options.reference;
  if (options.patient) socket.longest_sleep_ms = kPatientMs;
  return std::make_unique<SocketTarget>(std::move(socket));
}

struct Counts {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
};

void run_case(Runner& runner, const Script& script, const Case& about, Protocol protocol,
              bool verbose, Counts& counts) {
  const Verdict verdict = runner.run(about, protocol);
  const char* const name = protocol == Protocol::resp2 ? "RESP2" : "RESP3";
  const auto print_result = [&](const char* what) {
    std::printf("%s %s:%d %s: %s\n", what, script.path.c_str(), about.line, name,
                about.title.c_str());
  };
  switch (verdict.outcome) {
    case Outcome::passed:
      ++counts.passed;
      break;
    case Outcome::failed:
      ++counts.failed;
      print_result("FAILED");
      std::printf("%s", verdict.text.c_str());
      break;
    case Outcome::skipped:
      ++counts.skipped;
      if (verbose) print_result("skipped"), std::printf("    %s\n", verdict.text.c_str());
      break;
  }
}

void take_script(Runner& runner, const Options& options, const Script& script, Counts& counts) {
  if (options.recording) {
    const base::Result<int> written = record(runner, script);
    if (!written) throw std::runtime_error(script.path + ", " + written.error().text);
    std::printf("%s: %d answers written\n", script.path.c_str(), written.value());
    ++counts.passed;
    return;
  }
  for (const Case& about : script.cases) {
    if (!options.only.empty() && about.title.find(options.only) == std::string::npos) continue;
    for (const Protocol protocol : options.protocols) {
      run_case(runner, script, about, protocol, options.verbose, counts);
    }
  }
}

int run(const Options& options) {
  if (options.reference && reference_binary().empty()) {
    std::printf("redis-server is not installed: nothing to compare with\n");
    return kNotInstalled;
  }
  const std::unique_ptr<Target> target = make_target(options);
  Runner runner(*target);
  Counts counts;
  for (const std::string& path : find_files(options.paths)) {
    const base::Result<Script> script = read_script(path);
    if (!script) throw std::runtime_error(script.error().text);
    take_script(runner, options, script.value(), counts);
  }
  if (const std::string line = target->summary(); !line.empty()) std::printf("%s\n", line.c_str());
  std::printf("%d passed, %d failed, %d skipped\n", counts.passed, counts.failed, counts.skipped);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}

}  // namespace

}  // namespace larder::transcripts

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto options = larder::transcripts::read_options(count, arguments);
  if (!options) {
    std::fputs(larder::transcripts::kUsage, stderr);
    return 2;
  }
  try {
    return larder::transcripts::run(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
