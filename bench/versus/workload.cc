#include "workload.h"

#include <sstream>

namespace larder::versus {

namespace {

constexpr std::size_t kDigits = 10;
constexpr int kKeysOfMget = 10;

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void write_digits(char* to, std::uint64_t number) {
  for (std::size_t i = kDigits; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
}

std::string key(std::uint64_t number, const std::string& prefix) {
  std::string out = prefix + std::string(kDigits, '0');
  write_digits(out.data() + out.size() - kDigits, number);
  return out;
}

// The same length for every number, and not a compressible run.
std::string value(std::uint64_t number, int bytes) {
  std::string out = key(number, "v");
  while (out.size() < static_cast<std::size_t>(bytes))
    out += "abcdefghijklmnopqrstuvwxyz"[out.size() % 26];
  out.resize(static_cast<std::size_t>(bytes));
  return out;
}

std::vector<std::vector<std::string>> split(const std::string& request) {
  std::vector<std::vector<std::string>> out(1);
  std::istringstream words(request);
  for (std::string word; words >> word;) {
    if (word == ";") {
      out.emplace_back();
    } else {
      out.back().push_back(word);
    }
  }
  return out;
}

}  // namespace

Requests::Requests(const Workload& workload, std::uint64_t seed)
    : workload_(workload),
      state_(seed * 0x9e3779b97f4a7c15 + 1),
      made_of_(split(workload.request)) {
  if (workload.op == "load") return;
  const std::string some = key(0, workload.prefix);
  for (int i = 0; i < workload.pipeline; ++i) {
    if (workload.op == "request") append(made_of_[static_cast<std::size_t>(i) % made_of_.size()]);
    if (workload.op == "get") append({"GET", some}, {false, true});
    if (workload.op == "set")
      append({"SET", some, value(0, workload.value_bytes)}, {false, true, false});
    if (workload.op == "incr") append({"INCR", some}, {false, true});
    if (workload.op == "mget") {
      std::vector<std::string> words(kKeysOfMget + 1, some);
      std::vector<bool> is_key(kKeysOfMget + 1, true);
      words[0] = "MGET";
      is_key[0] = false;
      append(words, is_key);
    }
  }
}

void Requests::append(const std::vector<std::string>& words, const std::vector<bool>& is_key) {
  buffer_ += "*" + std::to_string(words.size()) + "\r\n";
  for (std::size_t i = 0; i < words.size(); ++i) {
    buffer_ += "$" + std::to_string(words[i].size()) + "\r\n" + words[i];
    if (is_key[i]) places_.push_back(buffer_.size() - kDigits);
    buffer_ += "\r\n";
  }
}

void Requests::append(const std::vector<std::string>& words) {
  static constexpr std::string_view kNumber = "{}";
  buffer_ += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    const std::size_t place = word.find(kNumber);
    if (place == std::string::npos) {
      buffer_ += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
      continue;
    }
    buffer_ += "$" + std::to_string(word.size() - kNumber.size() + kDigits) + "\r\n";
    places_.push_back(buffer_.size() + place);
    buffer_ += word.substr(0, place) + std::string(kDigits, '0') +
               word.substr(place + kNumber.size()) + "\r\n";
  }
}

void Requests::write_numbers(std::size_t first_place, std::uint64_t number) {
  for (std::size_t i = first_place; i < places_.size(); ++i) {
    write_digits(buffer_.data() + places_[i], number);
  }
}

const std::string& Requests::random() {
  for (const std::size_t place : places_) {
    write_digits(buffer_.data() + place, next_random(state_) % workload_.keys);
  }
  return buffer_;
}

const std::string& Requests::in_order(std::uint64_t number, std::uint64_t most) {
  buffer_.clear();
  places_.clear();
  for (std::uint64_t i = number; i < number + most; ++i) {
    if (!workload_.request.empty()) {
      const std::size_t first = places_.size();
      append(made_of_.front());
      write_numbers(first, i);
      continue;
    }
    const std::string held =
        workload_.integers ? std::to_string(10'000 + i) : value(i, workload_.value_bytes);
    std::vector<std::string> words = {"SET", key(i, workload_.prefix), held};
    if (workload_.ttl > 0) words.insert(words.end(), {"EX", std::to_string(workload_.ttl)});
    append(words, std::vector<bool>(words.size(), false));
  }
  return buffer_;
}

}  // namespace larder::versus
