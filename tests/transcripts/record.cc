#include "record.h"

#include <fstream>
#include <map>

namespace larder::transcripts {

namespace {

constexpr int kSilenceMs = 300;

struct Answers {
  Lines resp2;
  Lines resp3;
};
using Recorded = std::map<int, Answers>;  // by the line of the step

base::Result<void> collect_replies(Runner& runner, const Case& about, Protocol protocol,
                                   Recorded& out) {
  if (!runner.reason_to_skip(about, protocol).empty()) return {};
  const Runner::OnReply on_reply = [&](const Step& step, const Lines& lines) {
    Answers& answers = out[step.line];
    (protocol == Protocol::resp2 ? answers.resp2 : answers.resp3) = lines;
    return true;
  };
  const Verdict verdict = runner.perform(about, protocol, kSilenceMs, on_reply);
  if (verdict.outcome == Outcome::passed) return {};
  return base::Error{"line " + std::to_string(about.line) + ": " + verdict.text};
}

Expected exactly(const Lines& lines) {
  Expected out;
  for (const std::string& line : lines) out.push_back({Expectation::How::exactly, line});
  return out;
}

void write_lines(std::ostream& out, std::string_view mark, const Lines& lines) {
  for (const std::string& line : lines) out << mark << line << "\n";
}

void write(std::ostream& out, const Answers& answers) {
  if (answers.resp2.empty()) return write_lines(out, "< ", answers.resp3);
  write_lines(out, "< ", answers.resp2);
  Step alone;
  alone.expected = exactly(answers.resp2);
  const bool differs =
      !answers.resp3.empty() && !matches(expected_in(alone, Protocol::resp3), answers.resp3);
  if (differs) write_lines(out, "<3 ", answers.resp3);
}

bool is_up_to_date(const Step& step, const Answers& answers) {
  if (step.expected.empty() && step.expected3.empty()) return false;
  const auto holds = [&](Protocol protocol, const Lines& lines) {
    return lines.empty() || matches(expected_in(step, protocol), lines);
  };
  return holds(Protocol::resp2, answers.resp2) && holds(Protocol::resp3, answers.resp3);
}

}  // namespace

base::Result<int> record(Runner& runner, const Script& script) {
  Recorded recorded;
  std::map<int, const Step*> steps;
  for (const Case& about : script.cases) {
    for (const Protocol protocol : {Protocol::resp2, Protocol::resp3}) {
      const base::Result<void> collected = collect_replies(runner, about, protocol, recorded);
      if (!collected) return collected.error();
    }
    for (const Step& step : about.steps) steps[step.line] = &step;
  }
  std::ofstream out(script.path);
  if (!out) return base::Error{script.path + ": cannot be written"};
  int written = 0;
  for (int line = 1; line <= static_cast<int>(script.lines.size()); ++line) {
    out << script.lines[static_cast<std::size_t>(line) - 1] << "\n";
    const auto answers = recorded.find(line);
    if (answers == recorded.end() || is_up_to_date(*steps[line], answers->second)) continue;
    write(out, answers->second);
    ++written;
    line = steps[line]->last_line;
  }
  return written;
}

}  // namespace larder::transcripts
