#!/usr/bin/env python3
"""Snapshots that are written while clients change the data: an installed redis-server loads the file of BINARY, and has the
data of the moment when the snapshot began. By both methods.

Usage: snapshots.py BINARY
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

import server
import wire

SKIPPED = 77
KEYS = 4000


def fill(client):
    rng = random.Random(1)
    lines = [("SET", f"key:{i}", f"value {rng.random()} " * rng.randrange(1, 20)) for i in range(KEYS)]
    lines += [("SET", f"ttl:{i}", i, "EX", 100000 + i) for i in range(500)]
    for i in range(6):
        lines.append(("HSET", f"hash:{i}", *[word for n in range(8000) for word in (f"f{n}", f"value {n}")]))
        lines.append(("SADD", f"set:{i}", *[f"member {n}" for n in range(8000)]))
        lines.append(("ZADD", f"zset:{i}", *[word for n in range(8000) for word in (n / 7, f"member {n}")]))
        lines.append(("RPUSH", f"list:{i}", *[f"element {n}" * (n % 9) for n in range(8000)]))
        lines.append(("SET", f"text:{i}", os.urandom(700_000 * (i + 1) // 2).hex()))
    for n in range(9000):
        lines.append(("XADD", "stream", f"{n + 1}-1", "field", n))
    lines += [("XGROUP", "CREATE", "stream", "group", 0),
              ("XREADGROUP", "GROUP", "group", "alice", "COUNT", 4000, "STREAMS", "stream", ">"),
              ("SELECT", 3), ("SET", "other", "db"), ("SELECT", 0)]
    client.burst(lines)


def changes(rng, count):
    """Changes of keys of all sizes, as many as one burst has."""
    lines = []
    for _ in range(count):
        i, n = rng.randrange(KEYS), rng.randrange(8000)
        lines.append(rng.choice([
            ("SET", f"key:{i}", "changed"), ("DEL", f"key:{i}"), ("APPEND", f"key:{i}", "tail"),
            ("HSET", f"hash:{i % 6}", f"f{n}", "changed"), ("SREM", f"set:{i % 6}", f"member {n}"),
            ("ZADD", f"zset:{i % 6}", 1, f"member {n}"), ("LPOP", f"list:{i % 6}"), ("XADD", "stream", "*", "f", "v"),
            ("SETRANGE", f"text:{i % 6}", n, "changed"), ("RENAME", f"list:{i % 6}", f"list:{(i + 1) % 6}"),
            ("PERSIST", f"ttl:{i % 500}"), ("SET", f"new:{i}", "new"), ("XACK", "stream", "group", f"{n}-1")]))
    return lines


def digest_of(redis, folder):
    with server.running(redis, "--dir", folder) as port:
        client = wire.Client(port)
        found = client.ask("DEBUG", "DIGEST")
        client.close()
    return found


def field(client, name):
    for line in client.ask("INFO", "persistence").decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.partition(":")[2]
    raise SystemExit(f"INFO has no {name}")


def check(binary, redis, method):
    folder = tempfile.mkdtemp(prefix="snapshots-")
    rng = random.Random(method)
    try:
        with server.running(binary, "--dir", folder, "--snapshot-method", method) as port:
            client = wire.Client(port)
            fill(client)
            before = client.ask("DEBUG", "DIGEST")
            replies = client.burst([("BGSAVE",)] + changes(rng, 500))
            if replies[0] != b"Background saving started":
                raise SystemExit(f"BGSAVE: {replies[0]!r}")
            bursts = 0
            while field(client, "rdb_bgsave_in_progress") == "1":
                client.burst(changes(rng, 200))
                bursts += 1
            if field(client, "rdb_last_bgsave_status") != "ok":
                raise SystemExit(f"{method}: the snapshot failed")
            if client.ask("DEBUG", "DIGEST") == before:
                raise SystemExit(f"{method}: nothing changed")
            held = field(client, "snapshot_held_bytes_peak"), field(client, "snapshot_longest_hold_ms")
            client.close()
        checked = subprocess.run(["redis-check-rdb", os.path.join(folder, "dump.rdb")], capture_output=True, text=True)
        if checked.returncode != 0:
            raise SystemExit(f"{method}: redis-check-rdb:\n{checked.stdout[-2000:]}")
        after = digest_of(redis, folder)
        if after != before:
            raise SystemExit(f"{method}: the digest was {before}, that of the loaded file is {after}")
        print(f"{method}: the same data after {bursts} bursts of changes, held {held[0]} bytes, longest hold {held[1]} ms")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    redis = shutil.which("redis-server")
    if redis is None or shutil.which("redis-check-rdb") is None:
        print("redis-server is not installed")
        return SKIPPED
    for method in ("steps", "fork"):
        check(sys.argv[1], redis, method)
    return 0


if __name__ == "__main__":
    sys.exit(main())
