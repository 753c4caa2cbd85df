#!/usr/bin/env python3
"""Sends the same random commands on bits and HyperLogLogs to BINARY and to an installed redis-server.

Usage: sketches.py BINARY [COMMANDS [SEED]]. The replies and the bytes of every key must
be equal, so that values can be moved between the two.
"""
import random
import shutil
import sys

import redis

import server

SKIPPED = 77
BATCH = 500
KEYS = [f"k{i}" for i in range(12)]
SPARSE_LIMITS = ["0", "60", "400", "3000", "20000"]


def text(rng):
    """Random bytes of several kinds: few or many, digits, all equal."""
    size = rng.choice([0, 1, 2, 3, 8, 45, 300, 513, 2000])
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.randrange(-10**12, 10**12))
    if kind == 1:
        return rng.choice([b"\0", b"\xff"]) * size
    return rng.randbytes(size)


def field(rng):
    kind = rng.choice("iu")
    return f"{kind}{rng.randint(1, 64 if kind == 'i' else 63)}"


def offset(rng):
    return rng.choice(["", "#"]) + str(rng.choice([rng.randrange(64), rng.randrange(3000), -1]))


def amount(rng):
    return rng.choice([0, 1, -1, 2**63 - 1, -2**63, rng.randrange(-300, 300), rng.getrandbits(60)])


def bitfield(rng):
    words = ["BITFIELD", rng.choice(KEYS)]
    for _ in range(rng.randint(1, 5)):
        kind = rng.randrange(4)
        if kind == 0:
            words += ["GET", field(rng), offset(rng)]
        elif kind == 1:
            words += ["OVERFLOW", rng.choice(["WRAP", "SAT", "FAIL"])]
        else:
            words += [rng.choice(["SET", "INCRBY"]), field(rng), offset(rng), amount(rng)]
    return words


def bits_command(rng):
    key = rng.choice(KEYS)
    positions = [rng.randint(-3000, 3000) for _ in range(2)]
    unit = rng.choice([[], ["BIT"], ["BYTE"]])
    kind = rng.randrange(8)
    if kind == 0:
        return ["SET", key, text(rng)]
    if kind == 1:
        return ["SETBIT", key, rng.randrange(20000), rng.randrange(2)]
    if kind == 2:
        return ["GETBIT", key, rng.randrange(20000)]
    if kind == 3:
        return ["BITCOUNT", key] + (positions + unit if rng.randrange(4) else [])
    if kind == 4:
        given = positions + unit
        return ["BITPOS", key, rng.randrange(2)] + given[:rng.randint(0, len(given))]
    if kind == 5:
        sources = rng.choices(KEYS, k=rng.randint(1, 4))
        return ["BITOP", rng.choice(["AND", "OR", "XOR"]), key] + sources
    if kind == 6:
        return ["BITOP", "NOT", key, rng.choice(KEYS)]
    return bitfield(rng)


def sketch_command(rng):
    key = rng.choice(KEYS)
    kind = rng.randrange(20)
    if kind == 0:
        return ["DEL", key]
    if kind == 1:
        return ["PFMERGE", key] + rng.choices(KEYS, k=rng.randint(0, 3))
    if kind == 2:
        return ["PFCOUNT"] + rng.choices(KEYS, k=rng.randint(1, 4))
    if kind == 3:
        return ["PFDEBUG", rng.choice(["ENCODING", "DECODE"]), key]
    if kind == 4:
        return ["CONFIG", "SET", "hll-sparse-max-bytes", rng.choice(SPARSE_LIMITS)]
    if kind == 5:
        return ["SETRANGE", key, rng.choice([5, 8, 15]), rng.randbytes(1)]
    if kind == 6:
        return ["PFDEBUG", rng.choice(["TODENSE", "ENCODING"]), rng.choice(KEYS[:2])]
    return ["PFADD", key] + [rng.randbytes(rng.randint(0, 20)) for _ in range(rng.choice([1, 40]))]


def replies(client, commands):
    pipeline = client.pipeline(transaction=False)
    for words in commands:
        pipeline.execute_command(*words)
    return [repr(reply) for reply in pipeline.execute(raise_on_error=False)]


def compare(clients, commands):
    """The differences as text; nothing if all are equal."""
    ours, theirs = (replies(client, commands) for client in clients)
    for words, our, their in zip(commands, ours, theirs):
        if our != their:
            return f"{words}: {our[:300]}, the reference: {their[:300]}"
    dump = [["GET", key] for key in KEYS]
    ours, theirs = (replies(client, dump) for client in clients)
    for key, our, their in zip(KEYS, ours, theirs):
        if our != their:
            return f"{key} after {commands}: {our[:300]}, the reference: {their[:300]}"
    return None


def run(clients, rng, count, command):
    for client in clients:
        client.flushall()
    for _ in range(count // BATCH):
        wrong = compare(clients, [command(rng) for _ in range(BATCH)])
        if wrong:
            return f"{command.__name__}: {wrong}"
    return None


def main():
    reference = shutil.which("redis-server")
    if reference is None:
        print("redis-server is not installed: nothing to compare with")
        return SKIPPED
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with server.running(sys.argv[1]) as our_port, server.running(reference) as their_port:
        clients = [redis.Redis(port=port) for port in (our_port, their_port)]
        for client in clients:
            client.response_callbacks.clear()
        wrong = [run(clients, rng, count, command) for command in (bits_command, sketch_command)]
    found = [line for line in wrong if line]
    print("\n".join(found) or f"{count} commands of each family: all the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
