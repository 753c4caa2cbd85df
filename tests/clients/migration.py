#!/usr/bin/env python3
"""Copies values of every type and encoding by DUMP and RESTORE from BINARY to an installed redis-server
and back: both must then hold the same contents, encoding, deadline and digest.

Usage: migration.py BINARY
"""
import random
import shutil
import sys

import server

SKIPPED = 77
try:
    import redis
except ImportError:
    print("skipped: python3-redis is not installed")
    sys.exit(SKIPPED)

# 7.2 has compact encodings of sets and lists that 7.0 does not have.
KNOWN_DIFFERENCES = {("listpack", "hashtable"), ("listpack", "quicklist")}
COMPACT = {"hash-max-listpack-entries": 500, "hash-max-listpack-value": 5000, "set-max-intset-entries": 600,
           "zset-max-listpack-entries": 500, "zset-max-listpack-value": 5000, "list-max-listpack-size": -2,
           "list-compress-depth": 0, "stream-node-max-entries": 100}
LOOSE = {"hash-max-listpack-entries": 1, "set-max-intset-entries": 1, "zset-max-listpack-entries": 1,
         "list-max-listpack-size": 3, "list-compress-depth": 1, "stream-node-max-entries": 5}
TEXTS = [b"", b"0", b"-1", b"127", b"-4096", b"32767", b"-8388608", b"2147483647", b"9223372036854775807",
         b"-9223372036854775808", b"007", b"\x00\xff\r\n", b"x" * 63, b"x" * 64, b"y" * 4095, b"y" * 4096,
         b"like this, like this, like this, like this", random.Random(1).randbytes(300)]


def numbered(count):
    return [b"element:%d" % i for i in range(count)]


def pairs(names, values):
    return [word for pair in zip(names, values) for word in pair]


def in_parts(command, words):
    """Splits a command with many words into several."""
    return [[command, *words[at:at + 500]] for at in range(0, len(words), 500)]


def strings():
    for i, text in enumerate(TEXTS):
        yield f"string:{i}", [["SET", text]]
    yield "string:big", [["SET", b"abc" * 700_000]]
    yield "string:random", [["SET", random.Random(2).randbytes(1_000_000)]]
    yield "hll:sparse", [["PFADD", *numbered(100)]]
    yield "hll:dense", in_parts("PFADD", numbered(10_000))


def lists():
    yield "list:one", [["RPUSH", "a"]]
    yield "list:texts", [["RPUSH", *TEXTS]]
    yield "list:big", in_parts("RPUSH", numbered(10_000))
    yield "list:plain", [["RPUSH", "a", b"z" * 300_000, "b", random.Random(3).randbytes(200_000), "c"]]


def sets():
    for bits in (15, 31, 63):
        yield f"set:{bits} bits", [["SADD", -2**bits, 2**bits - 1, 0, 5]]
    yield "set:integers", [["SADD", *range(500)]]
    yield "set:many integers", in_parts("SADD", range(10_000))
    yield "set:texts", [["SADD", *TEXTS]]
    yield "set:big", in_parts("SADD", numbered(10_000))


def hashes():
    yield "hash:texts", [["HSET", *pairs(TEXTS, reversed(TEXTS))]]
    yield "hash:small", [["HSET", *pairs(numbered(10), numbered(10))]]
    yield "hash:big", in_parts("HSET", pairs(numbered(10_000), numbered(10_000)))


def sorted_sets():
    scores = [0, -1, 1.5, "inf", "-inf", 1e300, -2.5e-300, 3, 3, 3, 2**53, 1e17, 0.1, 100, -100, 7, 8, 9]
    yield "zset:texts", [["ZADD", *pairs(scores, TEXTS)]]
    yield "zset:small", [["ZADD", *pairs(range(10), numbered(10))]]
    yield "zset:big", in_parts("ZADD", pairs((i * 0.25 for i in range(10_000)), numbered(10_000)))
    yield "zset:geo", [["GEOADD", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]]


def streams():
    entries = [["XADD", f"{i // 3 + 1}-{i % 3 + 1}", "name", b"value %d" % i, *(["more", i] if i % 7 == 0 else [])]
               for i in range(1000)]
    yield "stream:entries", entries
    yield "stream:texts", [["XADD", f"{i + 1}-0", text, text] for i, text in enumerate(TEXTS)]
    yield "stream:deleted", entries[:40] + [["XDEL", "1-1", "2-2", "14-1"]]
    yield "stream:emptied", entries[:4] + [["XTRIM", "MAXLEN", 0]]
    yield "stream:empty", [["XGROUP CREATE", "g", "$", "MKSTREAM"]]
    yield "stream:groups", entries[:60] + [
        ["XGROUP CREATE", "readers", "0"], ["XGROUP CREATE", "late", "$"], ["XGROUP CREATE", "known", "4-2", "ENTRIESREAD", 11],
        ["XGROUP CREATECONSUMER", "readers", "idle"],
        ["XREADGROUP", "readers", "alice", 20], ["XREADGROUP", "readers", "bob", 9], ["XREADGROUP", "known", "carol", 3],
        ["XACK", "readers", "1-1", "3-2"], ["XCLAIM", "readers", "bob", 0, "2-1", "IDLE", 5000, "RETRYCOUNT", 7],
        ["XDEL", "5-1", "2-3"], ["XSETID", "100-5"]]


VALUES = [value for family in (strings, lists, sets, hashes, sorted_sets, streams) for value in family()]


def make(client, key, commands):
    """Runs the commands, which leave out the key."""
    with client.pipeline(transaction=False) as pipe:
        pipe.delete(key)
        for command, *words in commands:
            if command == "XREADGROUP":
                group, consumer, count = words
                pipe.execute_command("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", key, ">")
            else:
                pipe.execute_command(*command.split(), key, *words)
        pipe.execute()


def groups(client, key):
    """The groups of a stream, without fields that depend on the current time."""
    found = []
    for row in client.execute_command("XINFO", "GROUPS", key):
        name = row[1]
        owners = {}
        for entry, consumer, _, deliveries in client.execute_command("XPENDING", key, name, "-", "+", 10_000):
            owners[entry] = (consumer, deliveries)
        consumers = [consumer[:4] for consumer in client.execute_command("XINFO", "CONSUMERS", key, name)]
        found.append((row, owners, consumers))
    return found


def stream(client, key):
    info = client.execute_command("XINFO", "STREAM", key)
    named = dict(zip(info[::2], info[1::2]))
    marks = [named[name] for name in (b"length", b"last-generated-id", b"max-deleted-entry-id", b"entries-added",
                                      b"recorded-first-entry-id", b"groups")]
    return marks, client.execute_command("XRANGE", key, "-", "+"), groups(client, key)


def sorted_set(client, key):
    """Scores as numbers: 7.0 prints more digits than necessary."""
    words = client.execute_command("ZRANGE", key, 0, -1, "WITHSCORES")
    return [(member, float(score)) for member, score in zip(words[::2], words[1::2])]


READERS = {
    b"string": lambda client, key: client.execute_command("GET", key),
    b"list": lambda client, key: client.execute_command("LRANGE", key, 0, -1),
    b"set": lambda client, key: sorted(client.execute_command("SMEMBERS", key)),
    b"zset": sorted_set,
    b"hash": lambda client, key: sorted(zip(*[iter(client.execute_command("HGETALL", key))] * 2)),
    b"stream": stream,
}


def state(client, key):
    kind = client.execute_command("TYPE", key)
    return {"type": kind, "contents": READERS[kind](client, key),
            "digest": client.execute_command("DEBUG", "DIGEST-VALUE", key),
            "deadline": client.execute_command("PEXPIRETIME", key)}


def same_encoding(one, other):
    return one == other or (one, other) in KNOWN_DIFFERENCES or (other, one) in KNOWN_DIFFERENCES


def move(source, target, key):
    """Restores a key's payload in another server; returns the differences as text."""
    deadline = max(source.execute_command("PEXPIRETIME", key), 0)
    payload = source.execute_command("DUMP", key)
    target.execute_command("RESTORE", key, deadline, payload, "REPLACE", "ABSTTL")
    encodings = [client.execute_command("OBJECT", "ENCODING", key).decode() for client in (source, target)]
    wrong = []
    if not same_encoding(*encodings):
        wrong.append(f"encodings {encodings}")
    here, there = state(source, key), state(target, key)
    wrong += [f"{part}: {repr(here[part])[-300:]}, moved: {repr(there[part])[-300:]}" for part in here
              if here[part] != there[part]]
    return wrong


def configure(client, limits):
    for name, value in limits.items():
        client.execute_command("CONFIG", "SET", name, value)


def move_all(limits_of_source, limits_of_target, source, target, direction):
    configure(source, limits_of_source)
    configure(target, limits_of_target)
    found = []
    for key, commands in VALUES:
        for client in (source, target):
            client.execute_command("FLUSHALL")
        make(source, key, commands)
        if key.endswith("small"):
            source.execute_command("PEXPIREAT", key, 4_000_000_000_123)
        wrong = move(source, target, key) + move(target, source, key)
        found += [f"{direction}, {key}: {line}" for line in wrong]
    return found


def field_deadlines(ours, theirs):
    """Version 10 has no encoding for fields with deadlines: only servers from 7.4 on can exchange them."""
    found = []
    for limits in (COMPACT, LOOSE):
        configure(ours, limits)
        ours.execute_command("FLUSHALL")
        ours.execute_command("HSET", "h", *pairs(numbered(20), numbered(20)))
        ours.execute_command("HPEXPIREAT", "h", 4_000_000_000_123, "FIELDS", 2, "element:3", "element:4")
        ours.execute_command("HPEXPIREAT", "h", 4_000_000_000_999, "FIELDS", 1, "element:5")
        payload = ours.execute_command("DUMP", "h")
        ours.execute_command("RESTORE", "copy", 0, payload)
        for words in (["HGETALL"], ["HPEXPIRETIME", "FIELDS", 20, *numbered(20)]):
            one, other = (ours.execute_command(words[0], key, *words[1:]) for key in ("h", "copy"))
            if sorted(map(repr, one)) != sorted(map(repr, other)):
                found.append(f"field deadlines: {words[0]} differs: {one}, {other}")
        if payload[-10:-8] != b"\x0c\x00":
            found.append(f"field deadlines: the payload's version is {payload[-10:-8]}, expected 12")
        try:
            theirs.execute_command("RESTORE", "h", 0, payload, "REPLACE")
            found.append("field deadlines: 7.0 accepted a payload of an unknown version")
        except redis.ResponseError as error:
            if "version or checksum" not in str(error):
                found.append(f"field deadlines: 7.0 answers {error}")
        ours.execute_command("HPERSIST", "h", "FIELDS", 3, "element:3", "element:4", "element:5")
        found += [f"field deadlines taken away: {line}" for line in move(ours, theirs, "h")]
    return found


def connect(port):
    client = redis.Redis(port=port, socket_timeout=60)
    client.response_callbacks.clear()
    return client


def main():
    reference = shutil.which("redis-server")
    if reference is None:
        print("redis-server is not installed: nothing to move values to")
        return SKIPPED
    with server.running(sys.argv[1]) as our_port, server.running(reference) as their_port:
        ours, theirs = connect(our_port), connect(their_port)
        found = []
        for here, there in ((COMPACT, COMPACT), (LOOSE, LOOSE)):
            found += move_all(here, there, ours, theirs, "from Larder")
            found += move_all(here, there, theirs, ours, "from redis-server")
        found += field_deadlines(ours, theirs)
        audit = ours.execute_command("MEMORY", "AUDIT")
        if b"\nbalanced" not in audit:
            found.append(audit.decode())
    print("\n".join(found) or f"{len(VALUES)} values, both ways, compact and not: all the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
