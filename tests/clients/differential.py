#!/usr/bin/env python3
"""The same random commands to Larder and to redis-server: every reply must be the same, and at the
end the contents of every key. Families whose commands a server does not know are left out.

Usage: differential.py BINARY [--operations N] [--seed N] [--only FAMILY,...]
"""
import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time

import server

SKIPPED = 77
try:
    import redis
except ImportError:
    print("skipped: python3-redis is not installed")
    sys.exit(SKIPPED)

import differential_operations as operations

BATCH = 100
# Where a value leaves its compact form: at once, or never here.
THRESHOLDS = {
    "low": {"hash-max-listpack-entries": 4, "hash-max-listpack-value": 16, "list-max-listpack-size": 4,
            "list-compress-depth": 1, "set-max-intset-entries": 4, "set-max-listpack-entries": 4,
            "set-max-listpack-value": 16, "zset-max-listpack-entries": 4, "zset-max-listpack-value": 16,
            "hll-sparse-max-bytes": 100, "stream-node-max-entries": 3},
    "high": {"hash-max-listpack-entries": 10000, "hash-max-listpack-value": 1000, "list-max-listpack-size": -5,
             "list-compress-depth": 0, "set-max-intset-entries": 10000, "set-max-listpack-entries": 10000,
             "set-max-listpack-value": 1000, "zset-max-listpack-entries": 10000, "zset-max-listpack-value": 1000,
             "hll-sparse-max-bytes": 3000, "stream-node-max-entries": 100},
}
CONTENTS = {"string": ["GET"], "list": ["LRANGE", 0, -1], "hash": ["HGETALL"], "set": ["SMEMBERS"],
            "zset": ["ZRANGE", 0, -1, "WITHSCORES"], "stream": ["XRANGE", "-", "+"]}


class Difference(Exception):
    pass


@contextlib.contextmanager
def reference():
    """The port of a redis-server of our own."""
    port, folder = server.free_port(), tempfile.mkdtemp(prefix="differential-")
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder,
                                "--enable-debug-command", "yes"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        while not server.is_up(port) and process.poll() is None:
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def client(port):
    found = redis.Redis(port=port)
    found.response_callbacks.clear()
    return found


def plain(reply):
    """Errors as text, so that replies compare."""
    if isinstance(reply, Exception):
        return f"{type(reply).__name__}: {reply}"
    return [plain(item) for item in reply] if isinstance(reply, list) else reply


def knows(one, names):
    """Which of the commands a server has."""
    names = sorted(names)
    rows = one.execute_command("COMMAND", "INFO", *names)
    return {name for name, row in zip(names, rows) if row is not None}


class Comparison:
    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs
        self.history = []

    def both(self, *words):
        return self.ask(self.ours, *words), self.ask(self.theirs, *words)

    @staticmethod
    def ask(one, *words):
        try:
            return plain(one.execute_command(*words))
        except redis.ResponseError as error:
            return plain(error)

    def expect(self, command, ours, theirs):
        self.history.append(command)
        if ours != theirs:
            before = "\n".join(f"  {words}" for words in self.history[-12:])
            raise Difference(f"after\n{before}\nLarder answers       {ours!r}\nredis-server answers {theirs!r}")

    def send(self, commands):
        """Ordinary commands, in one burst."""
        replies = []
        for one in (self.ours, self.theirs):
            with one.pipeline(transaction=False) as pipe:
                for command in commands:
                    pipe.execute_command(*command.words)
                replies.append(pipe.execute(raise_on_error=False))
        for command, ours, theirs in zip(commands, *replies):
            self.expect(command.words, command.normal(plain(ours)), command.normal(plain(theirs)))

    def draw(self, draw):
        """A random command: asked of Larder alone but for its errors and its size."""
        members = self.ask(self.theirs, *draw.members)
        ours = self.ask(self.ours, *draw.words)
        if not isinstance(members, list) or not members or not isinstance(ours, (list, bytes)):
            return self.expect(draw.words, ours, self.ask(self.theirs, *draw.words))
        drawn = ours if isinstance(ours, list) else [ours]
        if draw.pairs:
            drawn, members = list(zip(drawn[0::2], drawn[1::2])), list(zip(members[0::2], members[1::2]))
        if not set(drawn) <= set(members) or (not draw.repeats and len(set(drawn)) < len(drawn)):
            raise Difference(f"{draw.words} drew {drawn} of {members}")
        if draw.removal:
            removed = self.ask(self.theirs, *draw.removal, *drawn) if drawn else 0
            return self.expect(draw.words, len(drawn), removed)
        theirs = self.ask(self.theirs, *draw.words)
        self.expect(draw.words, len(ours) if isinstance(ours, list) else 1, len(theirs) if isinstance(ours, list) else 1)

    def scan(self, scan):
        self.expect(scan.words, self.whole(self.ours, scan), self.whole(self.theirs, scan))

    def whole(self, one, scan):
        words, found = list(scan.words), []
        while True:
            reply = self.ask(one, *words)
            if not isinstance(reply, list):
                return reply
            found += zip(reply[1][0::2], reply[1][1::2]) if scan.pairs else reply[1]
            words[scan.at] = reply[0]
            if reply[0] == b"0":
                return sorted(set(found))

    def run(self, makers, rng, count):
        waiting = []
        for _ in range(count):
            made = rng.choice(makers)()
            if isinstance(made, operations.Command):
                waiting.append(made)
                if len(waiting) < BATCH:
                    continue
            self.send(waiting)
            waiting = []
            if isinstance(made, operations.Draw):
                self.draw(made)
            elif isinstance(made, operations.Scan):
                self.scan(made)
        self.send(waiting)

    def compare_contents(self, family):
        names = [sorted(self.ask(one, "KEYS", "*")) for one in (self.ours, self.theirs)]
        self.expect(("KEYS", "*"), *names)
        for name in names[0]:
            kind = self.ask(self.theirs, "TYPE", name).decode()
            self.expect(("TYPE", name), self.ask(self.ours, "TYPE", name).decode(), kind)
            if family == "hyperloglog" and name != b"string":
                self.expect(("PFDEBUG", "GETREG", name), *self.both("PFDEBUG", "GETREG", name))
                continue
            verb, *rest = CONTENTS[kind]
            normal = {"hash": operations.pairs_in_any_order, "set": operations.any_order}.get(kind, lambda r: r)
            self.expect((verb, name), *map(normal, self.both(verb, name, *rest)))
            self.expect(("DEBUG", "DIGEST-VALUE", name), *self.both("DEBUG", "DIGEST-VALUE", name))

    def carry(self):
        """Every value through DUMP and RESTORE into the other server, both ways."""
        for one, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            for name in self.ask(one, "KEYS", "*"):
                payload = self.ask(one, "DUMP", name)
                answer = self.ask(other, "RESTORE", b"carried", 0, payload, "REPLACE")
                self.expect(("RESTORE", name, payload), answer, b"OK")
                self.expect(("DIGEST-VALUE of the restored", name), self.ask(other, "DEBUG", "DIGEST-VALUE", "carried"),
                            self.ask(one, "DEBUG", "DIGEST-VALUE", name))
                self.ask(other, "DEL", "carried")


def known_makers(makers, ours, theirs):
    """The functions whose command both servers know, and the commands that are left out."""
    names = {}
    for make in makers:
        names[make] = {make().words[0] for _ in range(30)}
    every = set().union(*names.values())
    known = knows(ours, every) & knows(theirs, every)
    return [make for make in makers if names[make] <= known], sorted(every - known)


def compare_family(family, arguments, ours, theirs):
    _, missing = known_makers(operations.FAMILIES[family](operations.Source(0, operations.KEYS)), ours, theirs)
    carries = len(knows(ours, ["DUMP", "RESTORE"])) == 2
    for round_number, (name, thresholds) in enumerate(THRESHOLDS.items()):
        comparison = Comparison(ours, theirs)
        comparison.both("FLUSHALL")
        for directive, value in thresholds.items():
            comparison.both("CONFIG", "SET", directive, value)
        comparison.both("SET", "string", "text")
        source = operations.Source(arguments.seed * 2 + round_number, operations.KEYS)
        makers, _ = known_makers(operations.FAMILIES[family](source), ours, theirs)
        if not makers:
            return f"skipped, the server does not know {', '.join(missing)}"
        comparison.run(makers, source.rng, arguments.operations // len(THRESHOLDS))
        comparison.compare_contents(family)
        if carries:
            comparison.carry()
    return f"{arguments.operations} operations, all equal" + (f"; without {', '.join(missing)}" if missing else "")


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--operations", type=int, default=5000, help="for each family")
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
    with server.running(arguments.binary) as port, reference() as other:
        for family in wanted:
            started = time.time()
            try:
                outcome = compare_family(family, arguments, client(port), client(other))
            except Difference as difference:
                outcome, failed = f"DIFFERENT: {difference}", failed + 1
            print(f"{family}: {outcome} ({time.time() - started:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
