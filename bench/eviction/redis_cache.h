#pragma once

// A running redis-server as a cache under replay, with pipelines over its socket.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "bench/eviction/replay.h"

namespace larder::bench {

class RedisCache final : public Cache {
 public:
  // Connects to 127.0.0.1; throws std::runtime_error if the connection fails.
  explicit RedisCache(int port);
  ~RedisCache() override;
  RedisCache(const RedisCache&) = delete;
  RedisCache& operator=(const RedisCache&) = delete;

  // Empties the server and sets its policy; limit: maxmemory above its used_memory then.
  void reset(const std::string& policy);
  void limit(std::uint64_t bytes_above_empty);
  // used_memory.
  std::uint64_t bytes();
  std::string version();

  // Reads are paced to kRate requests a second, so that the server's clock moves as in use.
  void get(std::span<const std::uint32_t> keys, std::vector<bool>& hit) override;
  void set(std::span<const std::uint32_t> keys) override;
  std::size_t size() override;

 private:
  using Time = std::chrono::steady_clock::time_point;

  std::string ask(std::initializer_list<std::string_view> words);
  std::string info(const std::string& field);
  void send_all();
  // The next reply: its line, or the bytes of a bulk string; `found` is false for a null one.
  std::string read_reply(bool& found);
  std::string read_line();
  void fill();
  void add(std::initializer_list<std::string_view> words);

  int socket_;
  std::string out_;
  std::string in_;
  std::size_t read_ = 0;
  std::string value_;
  Time next_batch_;
  std::uint64_t empty_bytes_ = 0;
};

inline RedisCache::RedisCache(int port)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)), value_(kValueBytes, 'v') {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("no server on port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline RedisCache::~RedisCache() { ::close(socket_); }

inline void RedisCache::add(std::initializer_list<std::string_view> words) {
  out_ += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out_ += "$" + std::to_string(word.size()) + "\r\n";
    out_ += word;
    out_ += "\r\n";
  }
}

inline void RedisCache::send_all() {
  for (std::size_t sent = 0; sent < out_.size();) {
    const ssize_t n = ::send(socket_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("the server hung up");
    sent += static_cast<std::size_t>(n);
  }
  out_.clear();
}

inline void RedisCache::fill() {
  if (read_ == in_.size()) {
    in_.clear();
    read_ = 0;
  }
  char buffer[16384];
  const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
  if (n <= 0) throw std::runtime_error("the server hung up");
  in_.append(buffer, static_cast<std::size_t>(n));
}

inline std::string RedisCache::read_line() {
  std::size_t end;
  while ((end = in_.find("\r\n", read_)) == std::string::npos) fill();
  std::string line = in_.substr(read_, end - read_);
  read_ = end + 2;
  return line;
}

inline std::string RedisCache::read_reply(bool& found) {
  const std::string line = read_line();
  found = line != "$-1";
  if (line[0] == '-') throw std::runtime_error("the server said " + line);
  if (line[0] != '$' || !found) return line.substr(1);
  const std::size_t size = std::strtoull(line.c_str() + 1, nullptr, 10);
  while (in_.size() - read_ < size + 2) fill();
  std::string bytes = in_.substr(read_, size);
  read_ += size + 2;
  return bytes;
}

inline std::string RedisCache::ask(std::initializer_list<std::string_view> words) {
  add(words);
  send_all();
  bool found;
  return read_reply(found);
}

inline std::string RedisCache::info(const std::string& field) {
  const std::string all = ask({"INFO"});
  const std::size_t at = all.find("\n" + field + ":") + field.size() + 2;
  return all.substr(at, all.find('\r', at) - at);
}

inline std::uint64_t RedisCache::bytes() {
  return std::strtoull(info("used_memory").c_str(), nullptr, 10);
}
inline std::string RedisCache::version() { return info("redis_version"); }
inline std::size_t RedisCache::size() {
  return std::strtoull(ask({"DBSIZE"}).c_str(), nullptr, 10);
}

inline void RedisCache::reset(const std::string& policy) {
  ask({"CONFIG", "SET", "maxmemory", "0"});
  ask({"FLUSHALL"});
  ask({"CONFIG", "SET", "maxmemory-policy", policy});
  empty_bytes_ = bytes();
  next_batch_ = std::chrono::steady_clock::now();
}

inline void RedisCache::limit(std::uint64_t bytes_above_empty) {
  ask({"CONFIG", "SET", "maxmemory", std::to_string(empty_bytes_ + bytes_above_empty)});
}

inline void RedisCache::get(std::span<const std::uint32_t> keys, std::vector<bool>& hit) {
  std::this_thread::sleep_until(next_batch_);
  next_batch_ += std::chrono::microseconds(keys.size() * 1'000'000 / kRate);
  for (const std::uint32_t key : keys) add({"GET", key_name(key)});
  send_all();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bool found;
    read_reply(found);
    hit[i] = found;
  }
}

inline void RedisCache::set(std::span<const std::uint32_t> keys) {
  for (const std::uint32_t key : keys) add({"SET", key_name(key), value_});
  if (keys.empty()) return;
  send_all();
  bool found;
  for (std::size_t i = 0; i < keys.size(); ++i) read_reply(found);
}

}  // namespace larder::bench
