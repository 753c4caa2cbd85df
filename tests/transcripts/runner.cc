#include "runner.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace larder::transcripts {

namespace {

constexpr int kSilenceMs = 30;
constexpr int kPatienceMs = 20'000;

// A word that is replaced by the client id of a connection: {id:2}.
constexpr std::string_view kIdWord = "{id:";

bool names_ids(const Case& about) {
  for (const Step& step : about.steps) {
    for (const std::string& word : step.words) {
      if (word.starts_with(kIdWord)) return true;
    }
  }
  return false;
}

bool expects_silence(const Step& step) {
  return step.expected.size() == 1 && step.expected[0].text == "(none)";
}

// One running case: its connections, and the directives to restore.
class Performance {
 public:
  Performance(Target& target, Protocol protocol, int silence_ms, const Runner::OnReply& on_reply)
      : target_(target), protocol_(protocol), silence_ms_(silence_ms), on_reply_(on_reply) {
    target_.clear();
  }

  Verdict run(const Case& about) {
    asks_ids_ = names_ids(about);
    connection(1);
    Verdict verdict;
    for (const Step& step : about.steps) {
      verdict = take(step);
      if (verdict.outcome == Outcome::passed) verdict = look(step);
      if (verdict.outcome != Outcome::passed) break;
    }
    if (verdict.outcome == Outcome::passed) verdict = end();
    clients_.clear();
    for (auto old = changed_.rbegin(); old != changed_.rend(); ++old) {
      target_.configure(old->first, old->second);
    }
    if (verdict.outcome != Outcome::passed) return verdict;
    const std::string unbalanced = target_.audit();
    if (!unbalanced.empty()) return {Outcome::failed, "    MEMORY AUDIT: " + unbalanced + "\n"};
    return verdict;
  }

 private:
  Client& connection(int number) {
    auto& client = clients_[number];
    if (client == nullptr) {
      client = std::make_unique<Client>(target_.connect(), protocol_);
      if (asks_ids_) ask_id(number, *client);
    }
    current_ = client.get();
    return *client;
  }

  void ask_id(int number, Client& client) {
    client.send({"CLIENT", "ID"});
    const Lines reply = client.read(kPatienceMs);
    ids_[number] = reply.empty() ? "" : reply[0].substr(1);
  }

  std::vector<std::string> with_ids(std::vector<std::string> words) const {
    for (std::string& word : words) {
      if (!word.starts_with(kIdWord)) continue;
      const auto id = ids_.find(std::atoi(word.c_str() + kIdWord.size()));
      if (id == ids_.end()) throw std::runtime_error(word + " names no open connection");
      word = id->second;
    }
    return words;
  }

  Verdict take(const Step& step) {
    switch (step.what) {
      case Step::What::raw:
        current_->send_raw(step.bytes);
        return {};
      case Step::What::switch_connection:
        connection(step.number);
        return {};
      case Step::What::configure:
        configure(step.words[0], step.words[1]);
        return {};
      case Step::What::advance:
        target_.advance_ms(step.number);
        return {};
      case Step::What::command:
        current_->send(with_ids(step.words));
        break;
      case Step::What::read:
        break;
    }
    const int wait_ms = expects_silence(step) ? kSilenceMs : silence_ms_;
    if (!on_reply_(step, current_->read(wait_ms))) return {Outcome::failed, {}};
    return {};
  }

  Verdict look(const Step& step) {
    const std::string trouble = target_.step_trouble();
    if (trouble.empty()) return {};
    return {Outcome::failed, "    line " + std::to_string(step.line) + ":\n" + trouble};
  }

  void configure(const std::string& name, const std::string& value) {
    changed_.emplace_back(name, target_.configure(name, value));
  }

  // No connection may have unread output.
  Verdict end() {
    for (auto& [number, client] : clients_) {
      const std::string rest = client->unread();
      if (!rest.empty()) {
        return {Outcome::failed,
                "    left unread on connection " + std::to_string(number) + ": " + rest + "\n"};
      }
    }
    return {};
  }

  Target& target_;
  Protocol protocol_;
  int silence_ms_;
  const Runner::OnReply& on_reply_;
  std::map<int, std::unique_ptr<Client>> clients_;
  Client* current_ = nullptr;
  bool asks_ids_ = false;
  std::map<int, std::string> ids_;
  std::vector<std::pair<std::string, std::string>> changed_;
};

std::string in_words(const Step& step) {
  if (step.what == Step::What::read) return "@read";
  std::string out = ">";
  for (const std::string& word : step.words) out += " " + word.substr(0, 60);
  return out;
}

}  // namespace

std::string Runner::reason_to_skip(const Case& about, Protocol protocol) const {
  if (protocol == Protocol::resp2 && !about.resp2) return "is for RESP3";
  if (protocol == Protocol::resp3 && !about.resp3) return "is for RESP2";
  for (const Step& step : about.steps) {
    const bool passes_time = step.what == Step::What::advance;
    if (passes_time && step.number > target_.longest_advance_ms()) return "would have to sleep";
    if (std::string reason = target_.reason_to_skip(step.words); !reason.empty()) return reason;
  }
  if (about.jemalloc && !target_.has_jemalloc()) return "needs jemalloc";
  if (target_.is_larder()) return {};
  if (about.larder_only) return "is Larder's own";
  if (about.newer) return "is newer than the reference";
  return {};
}

Verdict Runner::perform(const Case& about, Protocol protocol, int silence_ms,
                        const OnReply& on_reply) {
  Verdict verdict;
  try {
    verdict = Performance(target_, protocol, silence_ms, on_reply).run(about);
  } catch (const std::runtime_error& error) {
    verdict = {Outcome::failed, std::string("    ") + error.what() + "\n"};
  }
  if (const std::string trouble = target_.trouble(); !trouble.empty()) {
    verdict = {Outcome::failed, verdict.text + "    " + trouble + "\n"};
  }
  if (verdict.outcome == Outcome::failed) target_.restart();
  return verdict;
}

Verdict Runner::run(const Case& about, Protocol protocol) {
  const std::string reason = reason_to_skip(about, protocol);
  if (!reason.empty()) return {Outcome::skipped, reason};
  std::string wrong;
  const OnReply compare = [&](const Step& step, const Lines& lines) {
    const Expected expected = expected_in(step, protocol);
    if (matches(expected, lines)) return true;
    wrong = "    line " + std::to_string(step.line) + ": " + in_words(step) + "\n" +
            difference(expected, lines);
    return false;
  };
  Verdict verdict = perform(about, protocol, kPatienceMs, compare);
  verdict.text = wrong + verdict.text;
  return verdict;
}

}  // namespace larder::transcripts
