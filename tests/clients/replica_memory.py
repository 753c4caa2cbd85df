#!/usr/bin/env python3
"""A value takes the same memory on the primary where it was built element by element, on a replica that had it from the
stream, on replicas that had it in a copy, and after a restart from the RDB file: for each type, in compact and large forms.

Usage: replica_memory.py BINARY [--only TYPE,...] [--elements N]
"""
import argparse
import os
import random
import shutil
import sys

import linked
import wire
from linked import audit, compare, nodes, until

MOST_MORE = 0.03
# The nodes of a sorted set are full in a copy, which is written in the order of the scores.
MOST_LESS = {"sorted sets, large": 0.1}
BURST = 500
PRIMARY = ("--repl-diskless-sync-delay", "0")


def text(rng, least, most):
    return bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(least, most)))


# Each builds values of one type in one form, from requests for one element. `n` is a number of elements in all.

def strings_by_append(rng, n):
    for _ in range(n):
        yield "APPEND", f"s{rng.randrange(n // 40)}", text(rng, 10, 60)


def strings_by_setrange(rng, n):
    sizes = {}
    for _ in range(n):
        key = rng.randrange(n // 25)
        at = sizes.get(key, 0)
        piece = text(rng, 5, 50)
        sizes[key] = at + len(piece)
        yield "SETRANGE", f"s{key}", at, piece


def strings_by_setbit(rng, n):
    for _ in range(n):
        yield "SETBIT", f"s{rng.randrange(n // 50)}", rng.randrange(16_000), 1


def strings_by_set(rng, n):
    for i in range(n):
        yield ("SET", f"s{i}", i) if i % 3 == 0 else ("SET", f"s{i}", text(rng, 1, 300))


def counters(rng, n):
    for _ in range(n):
        yield "INCRBY", f"s{rng.randrange(n // 4)}", rng.randrange(1 << 40)


def sketches(rng, n):
    for _ in range(n):
        yield "PFADD", f"s{rng.randrange(max(1, n // 400))}", text(rng, 8, 8)


def lists(elements):
    def build(rng, n):
        for _ in range(n):
            yield rng.choice(("LPUSH", "RPUSH")), f"l{rng.randrange(max(1, n // elements))}", text(rng, 1, 90)
    return build


def hashes(elements):
    def build(rng, n):
        for i in range(n):
            yield "HSET", f"h{rng.randrange(max(1, n // elements))}", b"f%d" % i, text(rng, 1, 60)
    return build


def hashes_that_change(rng, n):
    """Fields are overwritten and deleted too."""
    for _ in range(2 * n):
        key, field = f"h{rng.randrange(n // 60)}", b"f%d" % rng.randrange(100)
        yield ("HDEL", key, field) if rng.random() < 0.3 else ("HSET", key, field, text(rng, 1, 60))


def hashes_with_deadlines(elements):
    def build(rng, n):
        for i in range(n // 2):
            key, field = f"h{rng.randrange(max(1, n // 2 // elements))}", b"f%d" % i
            yield "HSET", key, field, text(rng, 1, 60)
            if rng.random() < 0.5:
                yield "HPEXPIRE", key, rng.randint(10**8, 10**9), "FIELDS", 1, field
    return build


def sets(elements, of=lambda rng: text(rng, 4, 40)):
    def build(rng, n):
        for _ in range(n):
            yield "SADD", f"e{rng.randrange(max(1, n // elements))}", of(rng)
    return build


def integers(rng):
    return rng.randrange(1 << rng.choice((12, 30, 50)))


def sorted_sets(elements):
    def build(rng, n):
        for i in range(n):
            score = rng.choice((rng.randrange(1000), rng.random()))
            yield "ZADD", f"z{rng.randrange(max(1, n // elements))}", score, b"m%d" % i
    return build


def streams(rng, n):
    """With groups, consumers and entries that wait for an acknowledgement."""
    keys = max(2, n // 1000)
    for key in range(keys):
        yield "XGROUP", "CREATE", f"x{key}", "group", "$", "MKSTREAM"
    for i in range(n):
        key = f"x{rng.randrange(keys)}"
        yield "XADD", key, f"{i + 1}-1", "field", text(rng, 1, 60), "other", text(rng, 1, 10)
        if i % 7 == 0:
            yield "XREADGROUP", "GROUP", "group", f"consumer{rng.randrange(5)}", "COUNT", 3, "STREAMS", key, ">"
        if i % 20 == 0:
            yield "XDEL", key, f"{i // 2 + 1}-1"


def keys_with_deadlines(rng, n):
    for i in range(n):
        yield "SET", f"s{i}", text(rng, 1, 30), "PX", rng.randint(10**8, 10**9)


BUILDERS = {
    "strings, APPEND": strings_by_append, "strings, SETRANGE": strings_by_setrange, "strings, SETBIT": strings_by_setbit,
    "strings, SET": strings_by_set, "counters": counters, "sketches": sketches, "keys with deadlines": keys_with_deadlines,
    "lists, small": lists(30), "lists, large": lists(5000),
    "hashes, small": hashes(40), "hashes, large": hashes(3000), "hashes that change": hashes_that_change,
    "hashes with deadlines, small": hashes_with_deadlines(40), "hashes with deadlines, large": hashes_with_deadlines(3000),
    "sets, small": sets(40), "sets, large": sets(3000), "sets of integers, small": sets(100, integers),
    "sets of integers, large": sets(5000, integers),
    "sorted sets, small": sorted_sets(40), "sorted sets, large": sorted_sets(3000), "streams": streams,
}


def build(node, name, count):
    requests = BUILDERS[name](random.Random(name), count)
    waiting = []
    for request in requests:
        waiting.append(request)
        if len(waiting) == BURST:
            expect_good(node.client.burst(waiting))
            waiting = []
    expect_good(node.client.burst(waiting))


def expect_good(replies):
    failed = [reply for reply in replies if isinstance(reply, wire.Failure)]
    if failed:
        raise SystemExit(f"a request failed: {failed[0]}")


def settle(node):
    """Until what was removed is freed, except for the room that its list keeps."""
    seen = []

    def stands_still():
        seen.append(owners(node)["graveyard"])
        return len(seen) > 3 and len(set(seen[-3:])) == 1
    until(stands_still, "nothing waits to be freed")


def owners(node):
    """The bytes of each owner that the ledger names."""
    found = {}
    for line in bytes(node.ask("MEMORY", "AUDIT")).decode().splitlines():
        words = line.split()
        if len(words) >= 3 and words[1].lstrip("-").isdigit():
            found[words[0]] = int(words[1])
    return found


DATA = ("strings", "lists", "hashes", "sets", "sorted_sets", "streams", "table", "expires")


def data_bytes(node):
    """Keys, values, and the tables of both."""
    settle(node)
    found = owners(node)
    return sum(bytes_ for name, bytes_ in found.items() if name.replace(".", "_") in DATA)


def restarted(binary, primary):
    """A server with the primary's RDB file."""
    if primary.ask("SAVE") != b"OK":
        raise SystemExit("SAVE failed")
    node = linked.Node(binary)
    shutil.copy(os.path.join(primary.folder, "dump.rdb"), node.folder)
    return node.start()


def check(binary, name, count):
    """Returns what was wrong."""
    with nodes((binary, *PRIMARY), (binary,), (binary,), (binary, "--repl-diskless-load", "on-empty-db")) as every:
        primary, by_stream, by_file, direct = every
        by_stream.follow(primary)
        linked.wait_for_link(by_stream)
        build(primary, name, count)
        primary.ask("CONFIG", "SET", "repl-diskless-sync", "no")
        by_file.follow(primary)
        linked.wait_for_link(by_file)
        primary.ask("CONFIG", "SET", "repl-diskless-sync", "yes")
        direct.follow(primary)
        linked.wait_for_link(direct)
        compare(primary, by_stream, by_file, direct)
        again = restarted(binary, primary)
        try:
            found = {"stream": by_stream, "copy in a file": by_file, "copy to memory": direct, "restart": again}
            base = data_bytes(primary)
            bytes_of = {what: data_bytes(node) for what, node in found.items()}
            for node in (*every, again):
                audit(node)
        finally:
            again.close()
    shares = {what: n / base - 1 for what, n in bytes_of.items()}
    print(f"{name}: {base:,} bytes; " + ", ".join(f"{what} {share:+.2%}" for what, share in shares.items()), flush=True)
    return [f"{name}: {what} takes {bytes_of[what]} bytes, the primary {base}"
            for what, share in shares.items() if not -MOST_LESS.get(name, MOST_MORE) <= share <= MOST_MORE]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", default="")
    parser.add_argument("--elements", type=int, default=20_000, help="in all values of a type")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else list(BUILDERS)
    wrong = [problem for name in BUILDERS if any(name.startswith(each) for each in wanted)
             for problem in check(arguments.binary, name, arguments.elements)]
    print("\n".join(wrong) or "ok: the same bytes everywhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
