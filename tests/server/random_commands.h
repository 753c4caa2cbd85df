#pragma once

// Random commands for all types of data, as inline requests.

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "larder/base/rng.h"

namespace larder::server {

// Commands whose replies do not depend on a random order. K is a key, F an element, N a number, T
// a text, S a score and M a time in ms.
inline constexpr std::string_view kRandomCommands[] = {
    "SET K T",
    "SET K N",
    "GET K",
    "APPEND K T",
    "SETRANGE K N T",
    "INCR K",
    "SETBIT K N 1",
    "BITCOUNT K",
    "GETDEL K",
    "PFADD K F F F",
    "PFCOUNT K",
    "HSET K F T",
    "HSET K F N F T F T F F F F F T F N",
    "HGET K F",
    "HDEL K F F",
    "HLEN K",
    "HEXISTS K F",
    "HPEXPIRE K M FIELDS 2 F F",
    "HPTTL K FIELDS 1 F",
    "HPERSIST K FIELDS 1 F",
    "HINCRBY K F 1",
    "SADD K F F F F F F F F",
    "SADD K N",
    "SREM K F F",
    "SISMEMBER K F",
    "SCARD K",
    "SMOVE K K F",
    "SUNIONSTORE K K K",
    "SINTERCARD 2 K K",
    "ZADD K S F S F S F S F S F S F",
    "ZREM K F F",
    "ZSCORE K F",
    "ZRANK K F",
    "ZRANGE K 0 -1 WITHSCORES",
    "ZINCRBY K S F",
    "ZREMRANGEBYRANK K 0 0",
    "ZPOPMIN K",
    "ZRANGESTORE K K 0 -1",
    "LPUSH K F T",
    "RPUSH K T F N F F T T T",
    "LPOP K",
    "RPOP K",
    "LRANGE K 0 -1",
    "LINSERT K BEFORE F T",
    "LSET K 1 T",
    "LREM K 1 F",
    "LMOVE K K LEFT RIGHT",
    "LTRIM K 0 300",
    "XADD K N-N F T",
    "XADD K MAXLEN 300 * F T",
    "XRANGE K - +",
    "XLEN K",
    "XDEL K N-N",
    "XTRIM K MAXLEN 200",
    "XGROUP CREATE K g 0 MKSTREAM",
    "XREADGROUP GROUP g F COUNT 3 STREAMS K >",
    "XPENDING K g",
    "XACK K g N-N",
    "XGROUP DELCONSUMER K g F",
    "XINFO STREAM K FULL",
    "PEXPIRE K M",
    "PERSIST K",
    "PTTL K",
    "DEL K",
    "RENAME K K",
    "COPY K K REPLACE",
    "COPY K K DB 2 REPLACE",
    "TYPE K",
    "OBJECT ENCODING K",
    "SWAPDB 0 2",
    "DEBUG DIGEST-VALUE K",
    "DBSIZE",
};

class RandomCommands {
 public:
  explicit RandomCommands(std::uint64_t seed = 3) : rng_(seed) {}

  // A random command; mostly with keys of its type.
  std::string next() {
    const std::string_view words = kRandomCommands[rng_.below(std::size(kRandomCommands))];
    return fill(words, rng_.below(12) == 0 ? kFamilies[rng_.below(6)] : family_of(words));
  }

 private:
  // Strings, sets, hashes, lists, sorted sets, streams.
  static constexpr std::string_view kFamilies = "sehlzx";

  char family_of(std::string_view words) {
    const std::string_view name = words.substr(0, words.find(' '));
    switch (name[0]) {
      case 'H':
        return 'h';
      case 'Z':
        return 'z';
      case 'X':
        return 'x';
      case 'L':
        return 'l';
      default:
        break;
    }
    if (name == "RPUSH" || name == "RPOP") return 'l';
    constexpr std::string_view kOfSets = "SADD SREM SISMEMBER SCARD SMOVE SUNIONSTORE SINTERCARD";
    if (kOfSets.find(name) != kOfSets.npos) return 'e';
    constexpr std::string_view kOfAll = "PEXPIRE PERSIST PTTL RENAME COPY TYPE OBJECT DEBUG";
    return kOfAll.find(name) != kOfAll.npos ? kFamilies[rng_.below(6)] : 's';
  }
  std::string fill(std::string_view line, char family) {
    std::string filled;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool begins = i == 0 || line[i - 1] == ' ' || line[i - 1] == '-';
      const bool ends = i + 1 == line.size() || line[i + 1] == ' ' || line[i + 1] == '-';
      filled += begins && ends ? word(line[i], family) : std::string(1, line[i]);
    }
    return filled;
  }
  std::string word(char kind, char family) {
    switch (kind) {
      case 'K':
        return std::string(1, family) + std::to_string(rng_.below(2));
      case 'F':
        return "element" + std::to_string(rng_.below(400));
      case 'N':
        return std::to_string(rng_.below(400));
      case 'T':
        return std::string(rng_.below(rng_.below(8) == 0 ? 900 : 60), 't');
      case 'S':
        return std::to_string(rng_.below(20));
      case 'M':
        return std::to_string(1 + rng_.below(5000));
      default:
        return std::string(1, kind);
    }
  }

  base::Rng rng_;
};

}  // namespace larder::server
