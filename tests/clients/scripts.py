#!/usr/bin/env python3
"""Scripts beside an installed redis-server: random programs must give the same replies, and others must observe the
same of what scripts do (SLOWLOG, keyspace notifications, CLIENT NO-TOUCH).

Usage: scripts.py BINARY [--programs N] [--seed N]
"""
import random
import re
import sys

import random_cases
import wire

KEYS = ["text", "number", "list", "hash", "zset", "none"]
SETTING_UP = [["FLUSHALL"], ["SET", "text", "some text"], ["SET", "number", "41"], ["RPUSH", "list", "a", "b", "c"],
              ["HSET", "hash", "f", "1", "g", "x"], ["ZADD", "zset", "1", "one", "2.5", "two"]]
NAMES = ["a", "b", "c", "d"]


class Program:
    """A random script. Tables are used as arrays: the order of other keys is not defined."""

    def __init__(self, rng):
        self.rng = rng

    def key(self):
        return self.rng.choice(["KEYS[%d]" % (i + 1) for i in range(len(KEYS))] + ["'fresh'"])

    def name(self):
        return self.rng.choice(NAMES)

    def number(self):
        return self.rng.choice(["0", "1", "2", "-3", "7", "0.5", "1e15", "2^53", "1/0", "-1/0", "0/0", "10", "'12'", "'0x10'"])

    def text(self):
        return self.rng.choice(["''", "'x'", "'abc'", "'a,b,,c'", "'12'", "' 5 '", "'\\0\\255'", "'ABC def'", "('ab'):rep(5)"])

    def call(self):
        rng, key = self.rng, self.key()
        words = rng.choice([
            ["'GET'", key], ["'SET'", key, self.simple()], ["'INCR'", key], ["'INCRBYFLOAT'", key, "1.5"],
            ["'APPEND'", key, self.text()], ["'STRLEN'", key], ["'TYPE'", key], ["'EXISTS'", key], ["'DEL'", key],
            ["'LPUSH'", key, self.simple(), self.simple()], ["'LRANGE'", key, "0", "-1"], ["'LPOP'", key], ["'LLEN'", key],
            ["'HSET'", key, "'f'", self.simple()], ["'HGET'", key, "'f'"], ["'HMGET'", key, "'f'", "'nothing'", "'g'"],
            ["'ZADD'", key, self.number(), "'m'"], ["'ZRANGE'", key, "0", "-1", "'WITHSCORES'"], ["'ZSCORE'", key, "'one'"],
            ["'GETRANGE'", key, self.number(), "2"], ["'NOSUCH'", key], ["'GET'"], ["'PING'"], ["'ECHO'", self.text()],
            ["'EVAL'", "'return 1'", "0"], ["'MULTI'"], ["'SELECT'", "0"], ["'EXPIRE'", key, "100"], ["'PERSIST'", key]])
        return "redis.%s(%s)" % (rng.choice(["call", "call", "pcall"]), ", ".join(words))

    def library(self):
        rng, text, number = self.rng, self.text(), self.number()
        return rng.choice([
            "string.sub(%s, %s, %s)" % (text, number, self.number()), "string.upper(%s)" % text, "string.len(%s)" % text,
            "string.rep(%s, 3)" % text, "string.reverse(%s)" % text, "string.byte(%s, 1, 3)" % text,
            "string.format('%%d|%%s|%%5.2f', %s, %s, %s)" % (number, text, number), "string.find(%s, '%%w+')" % text,
            "string.match(%s, '(%%a)(%%a?)')" % text, "string.gsub(%s, ',', ';')" % text, "math.floor(%s)" % number,
            "math.max(%s, %s)" % (number, self.number()), "math.fmod(%s, 3)" % number, "math.abs(%s)" % number,
            "tostring(%s)" % self.scalar(), "tonumber(%s)" % self.scalar(), "tonumber(%s, 16)" % text, "type(%s)" % self.simple(),
            "select('#', %s)" % self.simple(), "table.concat({%s, %s}, %s)" % (number, text, text),
            "cjson.encode({%s, %s})" % (self.scalar(), text), "cmsgpack.unpack(cmsgpack.pack(%s))" % self.scalar(),
            "bit.band(%s, 255)" % number, "struct.unpack('>I2', struct.pack('>I2', 258))", "redis.sha1hex(%s)" % text,
            "redis.error_reply(%s)" % text, "redis.status_reply(%s)" % text, "#%s" % text, "rawequal(%s, %s)" % (text, text),
            "unpack({%s, %s})" % (number, text), "next({%s})" % number, "redis.acl_check_cmd('GET', 'k')"])

    def scalar(self):
        return self.rng.choice([self.number, self.text, lambda: "nil", lambda: "true", lambda: "false"])()

    def simple(self):
        """The sign of 0/0 depends on the system's way to print it."""
        value = self.scalar() if self.rng.random() < 0.5 else self.name()
        return "0.25" if value == "0/0" else value

    def value(self, depth=0):
        rng = self.rng
        kind = rng.randrange(14)
        if kind < 3:
            return self.scalar()
        if kind < 6:
            return self.name()
        if kind == 6 and depth < 3:
            return "{%s}" % ", ".join(self.value(depth + 1) for _ in range(rng.randrange(4)))
        if kind < 9 and depth < 3:
            return "(%s %s %s)" % (self.value(depth + 1), rng.choice(["+", "-", "*", "/", "%", "..", "==", "<", "and", "or"]),
                                   self.value(depth + 1))
        if kind < 11:
            return self.library()
        return self.call()

    def statement(self, depth=0):
        rng = self.rng
        kind = rng.randrange(12)
        if kind < 4 or depth > 2:
            return "%s = %s" % (self.name(), self.value())
        if kind == 4:
            return "if %s then %s else %s end" % (self.value(), self.statement(depth + 1), self.statement(depth + 1))
        if kind == 5:
            return "for i = 1, %d do %s end" % (rng.randrange(4), self.statement(depth + 1))
        if kind == 6:
            return "%s, %s = pcall(function() %s end)" % (self.name(), self.name(), self.statement(depth + 1))
        if kind == 7:
            return "local t = {%s} for i, v in ipairs(t) do %s = v end" % (self.value(), self.name())
        if kind == 8:
            return rng.choice(["error('an error')", "error({err = 'MINE text'})", "error()", "assert(%s)" % self.value(),
                               "undefined = 1", "a = undefined", "redis.setresp(3)", "a.b = 1", "a = a.b"])
        return "%s" % self.call()

    def script(self):
        rng = self.rng
        lines = ["local a, b, c, d = 1, 'two', nil, KEYS[1]"]
        lines += [self.statement() for _ in range(rng.randrange(1, 7))]
        lines.append("return %s" % rng.choice([self.value(), "{%s, %s, %s}" % tuple(self.value() for _ in range(3))]))
        return "\n".join(lines)


def shown(reply):
    """Without the addresses of tables and functions."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x", repr(reply))


def random_programs(ours, theirs, seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        script = Program(rng).script()
        replies = []
        for client in (ours, theirs):
            client.burst(SETTING_UP)
            run = client.ask("EVAL", script, str(len(KEYS)), *KEYS)
            data = client.burst([["GET", "text"], ["GET", "number"], ["LRANGE", "list", "0", "-1"], ["HGETALL", "hash"],
                                 ["ZRANGE", "zset", "0", "-1", "WITHSCORES"], ["TYPE", "fresh"], ["DBSIZE"]])
            replies.append(shown((run, data)))
        if replies[0] != replies[1]:
            yield f"{script}\n  redis-server {replies[1]}\n  Larder       {replies[0]}"


def observed(port):
    """What others see of a script."""
    client, listener = wire.Client(port), wire.Client(port, 3)
    client.burst([["FLUSHALL"], ["CONFIG", "SET", "slowlog-log-slower-than", "0"], ["SLOWLOG", "RESET"]])
    client.ask("EVAL", "redis.call('SET', 'k', 'v') return redis.call('GET', 'k')", "0")
    found = [("SLOWLOG", [entry[3] for entry in client.ask("SLOWLOG", "GET", "10")])]
    client.burst([["CONFIG", "SET", "slowlog-log-slower-than", "-1"], ["CONFIG", "SET", "notify-keyspace-events", "KEA"]])
    listener.ask("SUBSCRIBE", "__keyspace@0__:k")
    client.ask("EVAL", "redis.call('SET', 'k', 'v') redis.call('EXPIRE', 'k', 10) redis.call('DEL', 'k')", "0")
    found.append(("notifications", [listener.read() for _ in range(3)]))
    client.burst([["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"], ["CONFIG", "SET", "lfu-log-factor", "0"],
                  ["SET", "k", "v"], ["CLIENT", "NO-TOUCH", "ON"]])
    before = client.ask("OBJECT", "FREQ", "k")
    client.ask("EVAL", "for i = 1, 50 do redis.call('GET', 'k') end", "0")
    # redis-server has this from 7.2 on.
    touched = client.ask("CLIENT", "NO-TOUCH", "OFF") == b"OK" and client.ask("OBJECT", "FREQ", "k") != before
    found.append(("CLIENT NO-TOUCH: the key was touched", touched))
    client.close()
    listener.close()
    return found


def differences(ours, theirs, seed, count):
    yield from random_programs(wire.Client(ours), wire.Client(theirs), seed, count)
    for (what, got), (_, expected) in zip(observed(ours), observed(theirs), strict=True):
        if got != expected:
            yield f"{what}:\n  redis-server {expected}\n  Larder       {got}"


if __name__ == "__main__":
    sys.exit(random_cases.compare("programs", 3000, differences))
