#!/usr/bin/env python3
"""Sends the same random commands to Larder and to redis-server: the replies, and the contents,
encoding and digest of every key, must be equal. Commands that a server does not have are left out.

Usage: differential.py BINARY [--operations N] [--seed N] [--only FAMILY,...]
"""
import argparse
import contextlib
import shutil
import sys
import time

import differential_operations as operations
import server
import wire
from differential_source import Command, Draw, Scan, Source, any_order, pairs_in_any_order, same, shortest

SKIPPED = 77
BATCH = 100
LOOKS = 20  # times that the contents are compared in a round
# Thresholds of the compact encodings: exceeded at once, or never.
LOW = {"hash-max-listpack-entries": 4, "hash-max-listpack-value": 16, "list-max-listpack-size": 4,
       "list-compress-depth": 1, "set-max-intset-entries": 4, "set-max-listpack-entries": 4,
       "set-max-listpack-value": 16, "zset-max-listpack-entries": 4, "zset-max-listpack-value": 16,
       "hll-sparse-max-bytes": 100, "stream-node-max-entries": 3, "stream-node-max-bytes": 4096}
HIGH = {"hash-max-listpack-entries": 10000, "hash-max-listpack-value": 10000, "list-max-listpack-size": -5,
        "list-compress-depth": 0, "set-max-intset-entries": 10000, "set-max-listpack-entries": 10000,
        "set-max-listpack-value": 10000, "zset-max-listpack-entries": 10000, "zset-max-listpack-value": 10000,
        "hll-sparse-max-bytes": 3000, "stream-node-max-entries": 100, "stream-node-max-bytes": 0}
# The directives that a round sets, the protocol, and the share of operations that change a threshold.
ROUNDS = [("low", LOW, 2, 0), ("high", HIGH, 3, 0), ("changing", LOW, 2, 0.01), ("changing", HIGH, 3, 0.002)]
CONTENTS = {"string": ["GET"], "list": ["LRANGE", 0, -1], "hash": ["HGETALL"], "set": ["SMEMBERS"],
            "zset": ["ZRANGE", 0, -1, "WITHSCORES"], "stream": ["XINFO", "STREAM", None, "FULL", "COUNT", 0]}
NORMAL = {"hash": pairs_in_any_order, "set": any_order, "zset": shortest, "stream": operations.without_times}

REWORDED = {"Unbalanced XREAD list of streams: for each stream key an ID or '$'":
            "Unbalanced 'xread' list of streams: for each stream key an ID or '$'"}


class Difference(Exception):
    pass


def reference():
    """The port of a redis-server that the test starts."""
    return server.running("redis-server")


def knows(one, names):
    """Which of the commands a server has."""
    names = sorted(names)
    return {name for name, row in zip(names, one.ask("COMMAND", "INFO", *names)) if isinstance(row, list)}


def encoding(kind, family):
    """7.2 has listpacks for small lists and sets, 7.0 does not. SORT in Redis converts a sorted set to a skiplist, and
    INCRBYFLOAT stores an integer result as text."""
    if kind == "string":
        return lambda reply: b"embstr" if reply == b"int" else reply
    return (lambda reply: b"any") if kind in ("list", "set") or (kind == "zset" and family == "sorting") else same


def as_newer(reply):
    """Errors with the texts of 7.2."""
    if type(reply) is wire.Failure:
        for old, new in REWORDED.items():
            reply = wire.Failure(reply.replace(old, new))
    return reply


def rows_of_pairs(flat, pairs):
    if not pairs or not flat:
        return flat
    rows = flat if isinstance(flat[0], list) else zip(flat[0::2], flat[1::2])
    return [(name, shortest(value)) for name, value in rows]


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.history = []

    def both(self, *words):
        return self.ours.ask(*words), self.theirs.ask(*words)

    def expect(self, command, ours, theirs):
        self.history.append(command)
        if repr(ours) != repr(theirs):
            raise Difference(f"after\n{self.before(command)}\nLarder answers       {ours!r}\nredis-server answers {theirs!r}")

    def before(self, command):
        """The last commands that name a key of the given command."""
        keys = {word for word in command[1:] if str(word).strip("b'") in {"equal", "k0", "k1", "k2", "k3", "k4", "k5"}}
        keys |= {word.decode() for word in keys if isinstance(word, bytes)}
        touching = [words for words in self.history if not keys or keys & set(words) or words[0] == "CONFIG"]
        return "\n".join(f"  {str(words)[:200]}" for words in touching[-12:])

    def send(self, commands):
        """Ordinary commands, in one burst."""
        words = [command.words for command in commands]
        for command, ours, theirs in zip(commands, self.ours.burst(words), self.theirs.burst(words)):
            self.expect(command.words, command.normal(ours), command.normal(as_newer(theirs)))

    def draw(self, draw):
        """A command with a random result: only the errors and the size of the two replies are compared."""
        members, ours = self.theirs.ask(*draw.members), self.ours.ask(*draw.words)
        if not isinstance(members, list) or not members or not isinstance(ours, (list, bytes)):
            return self.expect(draw.words, ours, self.theirs.ask(*draw.words))
        drawn = rows_of_pairs(ours if isinstance(ours, list) else [ours], draw.pairs)
        members = rows_of_pairs(members, draw.pairs)
        if not set(drawn) <= set(members) or (not draw.repeats and len(set(drawn)) < len(drawn)):
            raise Difference(f"{draw.words} drew {drawn} of {members}")
        if draw.removal:
            removed = self.theirs.ask(*draw.removal, *drawn) if drawn else 0
            return self.expect(draw.words, len(drawn), removed)
        theirs = self.theirs.ask(*draw.words)
        shape = lambda reply: [type(reply), len(reply), reply and type(reply[0])] if isinstance(reply, list) else type(reply)
        self.expect(draw.words, shape(ours), shape(theirs))

    def scan(self, scan):
        self.expect(scan.words, self.whole(self.ours, scan), self.whole(self.theirs, scan))

    @staticmethod
    def whole(one, scan):
        words, found = list(scan.words), []
        while True:
            reply = one.ask(*words)
            if not isinstance(reply, list):
                return reply
            found += rows_of_pairs(reply[1], scan.pairs)
            words[scan.at] = reply[0]
            if reply[0] == b"0":
                return sorted(set(found))

    def run(self, makers, source, count, changing, look):
        waiting, next_look = [], count // LOOKS
        for done in range(count):
            made = self.make(makers, source, changing)
            if isinstance(made, (Command, list)):
                waiting += [made] if isinstance(made, Command) else made
                if len(waiting) < BATCH and done < next_look:
                    continue
            self.send(waiting)
            waiting = []
            if isinstance(made, Draw):
                self.draw(made)
            elif isinstance(made, Scan):
                self.scan(made)
            if done >= next_look:
                look()
                next_look += max(1, count // LOOKS)
        self.send(waiting)
        look()

    @staticmethod
    def make(makers, source, changing):
        kind = source.rng.random()
        if kind < 0.003:
            return Command("DEL", source.key())
        if kind < 0.003 + changing:
            directive = source.one(*SHARED)
            return Command("CONFIG", "SET", directive, source.one(LOW[directive], HIGH[directive], *SOME.get(directive, [20])))
        made = source.rng.choice(makers)()
        return source.broken(made) if isinstance(made, Command) and source.chance(0.04) else made

    def compare_contents(self, family):
        names = [sorted(one.ask("KEYS", "*")) for one in (self.ours, self.theirs)]
        self.expect(("KEYS", "*"), *names)
        for name in names[0]:
            kind = self.theirs.ask("TYPE", name).decode()
            self.expect(("TYPE", name), self.ours.ask("TYPE", name).decode(), kind)
            normal = encoding(kind, family)
            self.expect(("OBJECT", "ENCODING", name), *map(normal, self.both("OBJECT", "ENCODING", name)))
            words = [name if word is None else word for word in CONTENTS[kind]]
            if None not in CONTENTS[kind]:
                words.insert(1, name)
            self.expect(words, *map(NORMAL.get(kind, same), self.both(*words)))
            self.expect(("DEBUG", "DIGEST-VALUE", name), *self.both("DEBUG", "DIGEST-VALUE", name))
        self.expect(("DEBUG", "DIGEST"), *self.both("DEBUG", "DIGEST"))
        self.expect(("MEMORY", "AUDIT"), type(self.ours.ask("MEMORY", "AUDIT")) is wire.Failure, False)

    def carry(self):
        """Every value through DUMP and RESTORE into the other server, both ways."""
        for one, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            for name in one.ask("KEYS", "*"):
                payload = one.ask("DUMP", name)
                deadline = max(0, one.ask("PEXPIRETIME", name))
                answer = other.ask("RESTORE", b"carried", deadline, payload, "REPLACE", "ABSTTL")
                self.expect(("RESTORE", name, payload), answer, wire.Simple(b"OK"))
                for words in (["DEBUG", "DIGEST-VALUE"], ["XINFO", "STREAM", "FULL"]):
                    at = 2 if words[0] == "DEBUG" else 1
                    if at == 1 and one.ask("TYPE", name) != b"stream":
                        continue
                    self.expect((*words, "of the restored", name), *(operations.without_times(server_.ask(
                        *words[:2], key, *words[2:])) for server_, key in ((other, "carried"), (one, name))))
                other.ask("DEL", "carried")


# Not below the members of one ZADD: 7.2 converts the sorted set by their number, 7.0 only for a new member.
SHARED = [name for name in LOW if name not in ("set-max-listpack-entries", "set-max-listpack-value")]  # 7.2 has those
SOME = {"list-max-listpack-size": [-1, -2, 1, 2, 128], "list-compress-depth": [0, 1, 2, 3],
        "hll-sparse-max-bytes": [0, 300], "hash-max-listpack-value": [64], "zset-max-listpack-value": [64],
        "zset-max-listpack-entries": [10, 20], "hash-max-listpack-entries": [0, 20]}


def known_makers(makers, source, ours, theirs):
    """The functions whose commands both servers have, and the commands that are left out."""
    names = {}
    state, clock = source.rng.getstate(), source.clock
    for make in makers:
        every = [made for _ in range(60) for made in [make()]]
        flat = [part for made in every for part in (made if isinstance(made, list) else [made])]
        names[make] = {part.words[0] for part in flat}
    source.rng.setstate(state)
    source.clock = clock
    every = set().union(*names.values())
    known = knows(ours, every) & knows(theirs, every)
    return [make for make in makers if names[make] <= known], sorted(every - known)


def compare_round(family, comparison, source, thresholds, changing, count):
    comparison.both("FLUSHALL")
    for directive, value in thresholds.items():
        comparison.both("CONFIG", "SET", directive, value)
    comparison.both("SET", "string", "text")
    comparison.both("RPUSH", "other", "1", "2")
    makers, missing = known_makers(operations.FAMILIES[family](source), source, comparison.ours, comparison.theirs)
    comparison.run(makers, source, count, changing, lambda: comparison.compare_contents(family))
    comparison.carry()
    return missing


def compare_family(family, arguments, our_port, their_port):
    missing = set()
    for number, (name, thresholds, protocol, changing) in enumerate(ROUNDS):
        source = Source(arguments.seed * len(ROUNDS) + number, ordered=name == "high")
        with contextlib.closing(wire.Client(our_port, protocol)) as ours, \
                contextlib.closing(wire.Client(their_port, protocol)) as theirs:
            comparison = Comparison(ours, theirs)
            try:
                missing |= set(compare_round(family, comparison, source, thresholds, changing,
                                             arguments.operations // len(ROUNDS)))
            except Difference as difference:
                return f"DIFFERENT with {name} thresholds, RESP{protocol}: {difference}"
    return f"{arguments.operations} operations, all equal" + (f"; without {', '.join(missing)}" if missing else "")


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--operations", type=int, default=4000, help="for each family")
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--only", default="", help="names of families, with commas between them")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    print(f"seed {arguments.seed}")
    wanted = arguments.only.split(",") if arguments.only else list(operations.FAMILIES)
    failed = 0
    for family in wanted:
        started = time.time()
        with server.running(arguments.binary) as port, reference() as other:
            outcome = compare_family(family, arguments, port, other)
        failed += outcome.startswith("DIFFERENT")
        print(f"{family}: {outcome} ({time.time() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
