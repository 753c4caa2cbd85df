#!/usr/bin/env python3
"""Servers that stop and die while they copy each other, servers whose data has gone different ways, and what the stream says.

Usage: replication_kills.py BINARY [--only NAME,...] [--rounds N] [--seed N]
"""
import argparse
import random
import shutil
import socket
import sys
import time

import linked
import replication_replica
import wire
from linked import audit, compare, nodes, until, wait_for_link

SKIPPED = 77
REDIS = shutil.which("redis-server")
OPTIONS = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
KEPT = ("--appendonly", "yes", "--appendfsync", "always")


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def online(primary, port):
    return f"port={port},state=online" in primary.ask("INFO", "replication").decode()


def disturb(rng, primary, replica, busy):
    """Something happens to one of the two, and commands go on where they can."""
    victim = rng.choice((primary, replica))
    if rng.random() < 0.5:
        victim.halt()
        if victim is replica:
            busy.run(rng.choice((20, 200)))
        else:
            time.sleep(rng.choice((0.01, 0.2)))
        victim.go_on()
        return
    victim.kill()
    if victim is replica:
        busy.run(rng.choice((20, 200)))
    victim.start_with_file()


def pairs(binary):
    return [(binary, binary), (REDIS, binary), (binary, REDIS)]


def stops_and_kills(binary, rounds, seed):
    """SIGSTOP and kill -9 of either side at any time under a load; the primary keeps its data in an append-only file."""
    for number, (first, second) in enumerate(pairs(binary)):
        rng = random.Random(seed * 10 + number)
        with nodes((first, *OPTIONS, *KEPT), (second, *OPTIONS)) as (primary, replica):
            for node in (primary, replica):
                node.stop()
                node.start_with_file()
            replica.follow(primary)
            replica.ask("CONFIG", "REWRITE")
            busy = linked.Load(primary, seed + number)
            for _ in range(rounds):
                busy.run(rng.choice((10, 100, 400)))
                disturb(rng, primary, replica, busy)
                if rng.random() < 0.3:
                    wait_for_link(replica)
                    compare(primary, replica)
            wait_for_link(replica)
            busy.run(100)
            compare(primary, replica)
            for node in (primary, replica):
                if node.binary != REDIS:
                    audit(node)


def diverged(binary, rounds, seed):
    """A promoted replica and its former primary with writes that the other one does not have: a full copy, either way round."""
    for first, second in pairs(binary):
        for more_at_primary in (False, True):
            with nodes((first, *OPTIONS), (second, *OPTIONS)) as (primary, replica):
                linked.Load(primary, seed).run(300)
                replica.follow(primary)
                wait_for_link(replica)
                compare(primary, replica)
                replica.ask("REPLICAOF", "NO", "ONE")
                until(lambda: primary.info()["connected_slaves"] == "0", "the replica has left")
                primary.ask("SELECT", 0)
                replica.ask("SELECT", 0)
                here, there = (200, 2) if more_at_primary else (2, 200)
                for i in range(here):
                    primary.ask("SET", f"own:{i}", "primary")
                for i in range(there):
                    replica.ask("SET", f"own:{i}", "replica")
                full = int(replica.info("stats")["sync_full"])
                primary.follow(replica)
                wait_for_link(primary)
                compare(replica, primary)
                check(int(replica.info("stats")["sync_full"]) == full + 1, "a full copy")
                primary.ask("SELECT", 0)
                check(primary.ask("GET", "own:1") == b"replica", "the writes of the promoted one")


def lost_history(binary, rounds, seed):
    """The former primary wrote what nobody has, and the promoted replica nothing: the surplus must go."""
    for first, second in pairs(binary):
        with nodes((first, *OPTIONS), (second, *OPTIONS)) as (primary, replica):
            replica.follow(primary)
            wait_for_link(replica)
            linked.Load(primary, seed).run(100)
            compare(primary, replica)
            replica.ask("REPLICAOF", "NO", "ONE")
            until(lambda: primary.info()["connected_slaves"] == "0", "the replica has left")
            primary.ask("SET", "surplus", "1")
            primary.follow(replica)
            wait_for_link(primary)
            compare(replica, primary)
            check(primary.ask("EXISTS", "surplus") == 0, "the surplus is gone")


class Reader:
    """A replica that only counts: it asks for a part of the stream, or for everything."""

    def __init__(self, port, history="?", first=-1):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = self.link.makefile("rb", buffering=1 << 16)
        for words in (("REPLCONF", "listening-port", "1"), ("REPLCONF", "capa", "psync2")):
            self.link.sendall(wire.encode(words))
            check(self.stream.readline() == b"+OK\r\n", "REPLCONF")
        self.link.sendall(wire.encode(("PSYNC", history, first)))
        words = self.line().split()
        self.is_full = words[0] == b"+FULLRESYNC"
        self.history = words[1].decode()
        self.next = first
        if self.is_full:
            self.next = int(words[2]) + 1
            left = int(self.line()[1:])
            self.copy = self.stream.read(left)
            check(len(self.copy) == left, "the copy is whole")

    def line(self):
        while (line := self.stream.readline()) == b"\n":
            pass
        check(line.endswith(b"\r\n"), f"a line instead of {line!r}")
        return line

    def read_to(self, offset):
        """The bytes up to this offset, and then none."""
        count = offset + 1 - self.next
        data = self.stream.read(count)
        check(len(data) == count, f"{count} bytes of the stream, not {len(data)}")
        self.next += count
        return data

    def acknowledge(self):
        self.link.sendall(wire.encode(("REPLCONF", "ACK", self.next - 1)))

    def has_more(self):
        self.link.settimeout(0.1)
        try:
            return bool(self.stream.peek(1))
        except TimeoutError:
            return False
        finally:
            self.link.settimeout(60)

    def close(self):
        self.stream.close()
        self.link.close()


def requests_in(data):
    """Cuts the stream into requests; fails at what is none."""
    at, found = 0, []
    while at < len(data):
        end = data.index(b"\r\n", at)
        check(data[at:at + 1] == b"*", f"a request at {data[at:at + 40]!r}")
        count, at, words = int(data[at + 1:end]), end + 2, []
        for _ in range(count):
            end = data.index(b"\r\n", at)
            size, at = int(data[at + 1:end]), end + 4 + int(data[at + 1:end])
            check(data[at - 2:at] == b"\r\n", "the end of a word")
            words.append(data[at - 2 - size:at - 2])
        found.append(words)
    return found


def play(replica, history, first, copy, data):
    """Plays the primary of the replica: a copy, and this part of the stream from an offset on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        replica.ask("REPLICAOF", "127.0.0.1", listener.getsockname()[1])
        link, _ = listener.accept()
    with link, link.makefile("rb") as stream:
        replication_replica.answer_until_psync(link, stream)
        link.sendall(b"+FULLRESYNC %s %d\r\n$%d\r\n" % (history.encode(), first - 1, len(copy)) + copy + data)
        until(lambda: replica.info()["slave_repl_offset"] == str(first - 1 + len(data)), "the replica has run the stream")


def offset(node):
    return int(node.info()["master_repl_offset"])


def stream_and_offsets(binary, rounds, seed):
    """The bytes of the stream are those that the offsets count: of all readers, from memory and from disk, at each server of
    a chain. And the requests in them make the data."""
    rng = random.Random(seed)
    # Without pings.
    still = ("--repl-diskless-sync", "no", "--repl-ping-replica-period", "3600", "--repl-backlog-size", "64kb")
    with nodes((binary, *still), (binary, *still), (binary,)) as (primary, middle, model):
        whole = Reader(primary.port)
        check(whole.is_full, "a full copy at first")
        begin, recorded = whole.next, b""
        middle.follow(primary)
        wait_for_link(middle)
        busy = linked.Load(primary, seed)
        primary.ask("SET", "first", "1")
        for _ in range(rounds):
            busy.run(rng.choice((5, 50, 300)))
            end = offset(primary)
            recorded += whole.read_to(end)
            whole.acknowledge()
            until(lambda: linked.in_step(primary, middle), "the middle has the stream")
            for server, oldest in ((primary, begin), (middle, None)):
                first = oldest if oldest is not None else int(middle.info()["repl_backlog_first_byte_offset"])
                start = rng.randrange(max(first, begin), end + 2)
                other = Reader(server.port, whole.history, start)
                if other.is_full:
                    check(int(server.info()["repl_backlog_first_byte_offset"]) > start or server is middle, "the offset is kept")
                else:
                    check(other.read_to(end) == recorded[start - begin:], f"the bytes from {start} on")
                # Expired keys are removed at any time.
                check(not other.has_more() or offset(server) > end, "nothing behind the offset")
                other.close()
        primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        recorded += whole.read_to(offset(primary))
        check(not whole.has_more(), "nothing behind the offset")
        check(len(requests_in(recorded)) > rounds, "there are requests")
        play(model, whole.history, begin, whole.copy, recorded)
        check(model.ask("DEBUG", "DIGEST") == primary.ask("DEBUG", "DIGEST"), "the stream makes the data")
        whole.close()
        audit(primary)
        audit(middle)
        audit(model)


TESTS = [stops_and_kills, diverged, lost_history, stream_and_offsets]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if REDIS is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    wanted = arguments.only.split(",") if arguments.only else [test.__name__ for test in TESTS]
    for test in TESTS:
        if test.__name__ in wanted:
            began = time.monotonic()
            test(arguments.binary, arguments.rounds, arguments.seed)
            print(f"{test.__name__}: good ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
