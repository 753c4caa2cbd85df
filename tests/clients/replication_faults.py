#!/usr/bin/env python3
"""What happens on the way between a replica and its primary: connections that end at each byte of the handshake and of the
beginning of a copy, bytes that come one by one, late, twice or never. When the way is good again, all have the same data.

Usage: replication_faults.py BINARY [--only NAME,...] [--step N]

Of the bytes of a copy at which a connection is cut, one of N is tried (4); for redis-server one of 8 N, as it starts a process each time.
"""
import argparse
import random
import shutil
import sys
import time

import linked
import proxy
from linked import audit, compare, nodes, until, wait_for_link
from proxy import DOWN, UP, Fault

SKIPPED = 77
REDIS = shutil.which("redis-server")
OPTIONS = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
FILE, PIPE = ("--repl-diskless-sync", "no"), ("--repl-diskless-sync", "yes")
SHORT = ("--repl-timeout", "3")
HANDSHAKE, COPY = 100, 1200  # bytes to the replica, about


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def fill(primary):
    primary.client.burst([("SET", f"key:{i}", f"value {i} " * 10) for i in range(200)])
    linked.Load(primary, 5).run(400)


def begin_again(replica, way, fault=None):
    """Follows from the beginning, and at once. Returns the connection, which has the fault."""
    replica.ask("REPLICAOF", "NO", "ONE")
    number = way.prepare(fault)
    check(replica.ask("REPLICAOF", "127.0.0.1", way.port) == b"OK", "REPLICAOF")
    return way.connection(number)


def meet(replica, way, fault):
    """A connection with the fault. An attempt that the replica made before may have got it instead."""
    for _ in range(10):
        connection = begin_again(replica, way, fault)
        if connection.fault is not fault:
            continue
        until(lambda: connection.happened.is_set() or connection.ended.is_set(), f"{fault} happens")
        if connection.happened.is_set():
            return connection
    raise SystemExit(f"{fault} does not happen")


def finish(primary, replica):
    linked.Load(primary, 6).run(200)
    wait_for_link(replica)
    compare(primary, replica)
    for node in (primary, replica):
        if node.binary != REDIS:
            audit(node)


def pairs(binary):
    """A primary and a replica, of which one at least is BINARY."""
    return [(binary, binary), (REDIS, binary), (binary, REDIS)]


def play(replica, way, faults):
    """One connection after the other, each with its fault, from the beginning."""
    for fault in faults:
        meet(replica, way, fault)
    way.released.set()


def cuts(binary, step):
    """The connection ends at each byte that the primary sends, and at each that the replica sends."""
    for number, (first, second) in enumerate(pairs(binary)):
        with nodes((first, *OPTIONS, *FILE), (second,)) as (primary, replica), proxy.between(primary) as way:
            fill(primary)
            # redis-server starts a process for each copy.
            own = step if first == second else 8 * step
            faults = [Fault("cut", DOWN, at) for at in range(0, HANDSHAKE, max(1, own // 8))]
            faults += [Fault("cut", UP, at) for at in range(0, 180, max(1, own // 8))]
            faults += [Fault("cut", DOWN, at) for at in range(HANDSHAKE + number, COPY, own)]
            play(replica, way, faults)
            begin_again(replica, way)
            finish(primary, replica)


def cut_copies(binary, _):
    """The same for copies without a length, at some bytes, and the replica tries again by itself."""
    for load in ("disabled", "on-empty-db"):
        with nodes((binary, *OPTIONS, *PIPE), (binary, "--repl-diskless-load", load)) as (primary, replica), \
                proxy.between(primary) as way:
            fill(primary)
            for at in (0, 8, 30, 80, 130, 137, 150, 1000, 3000):
                replica.ask("REPLICAOF", "NO", "ONE")
                replica.ask("FLUSHALL")
                meet(replica, way, Fault("cut", DOWN, at))
            wait_for_link(replica)
            finish(primary, replica)


def slow_links(binary, _):
    """Bytes that come one by one, or late."""
    for first, second in pairs(binary):
        for copies in (FILE, PIPE):
            with nodes((first, *OPTIONS, *copies), (second,)) as (primary, replica), proxy.between(primary) as way:
                fill(primary)
                for kind in ("single", "delay"):
                    for direction in (DOWN, UP):
                        begin_again(replica, way, Fault(kind, direction))
                        wait_for_link(replica)
                finish(primary, replica)


def doubled_bytes(binary, _):
    """Bytes that come twice make a copy fail, or end the stream; the next full copy is good."""
    for first, second in ((binary, binary), (REDIS, binary)):
        for copies in (FILE, PIPE):
            with nodes((first, *OPTIONS, *copies), (second,)) as (primary, replica), proxy.between(primary) as way:
                fill(primary)
                faults = [Fault("duplicate", DOWN, at, size) for at, size in
                          ((7, 7), (12, 5), (30, 10), (60, 1), (100, 30), (140, 1), (200, 50), (700, 400), (2000, 1))]
                play(replica, way, faults)
                for at, size in ((5, 5), (40, 1), (60, 20), (150, 70)):
                    play(replica, way, [Fault("duplicate", UP, at, size)])
                way.cut()
                begin_again(replica, way)
                finish(primary, replica)


def half_closed(binary, _):
    """One side of the connection ends, and the other does not."""
    for first, second in pairs(binary):
        with nodes((first, *OPTIONS, *SHORT, *FILE), (second, *SHORT)) as (primary, replica), proxy.between(primary) as way:
            fill(primary)
            play(replica, way, [Fault("half_close", direction, at) for direction in (DOWN, UP)
                                         for at in (0, 5, 20, 60, 120, 150)])
            begin_again(replica, way)
            wait_for_link(replica)
            before = primary.info("stats")["sync_full"]
            for direction in (DOWN, UP):
                connection = way.reconnect(Fault("half_close", direction, 300))
                busy = linked.Load(primary, 8)
                until(lambda: busy.run(40) or connection.happened.is_set() or direction == UP, "bytes pass")
                check(connection.happened.wait(120), "the connection is half closed")
                check(connection.ended.wait(60), "the replica or the primary gives it up")
            finish(primary, replica)
            check(primary.info("stats")["sync_full"] == before, "no full copy for a connection that ended")


def stalls(binary, _):
    """A connection on which nothing passes any more is given up."""
    with nodes((binary, *OPTIONS, *SHORT, *FILE), (binary, *SHORT)) as (primary, replica), proxy.between(primary) as way:
        fill(primary)
        for fault in (Fault("stall", DOWN, 0), Fault("stall", DOWN, 12), Fault("stall", DOWN, 150), Fault("stall", UP, 100)):
            meet(replica, way, fault)
            wait_for_link(replica)
        before = primary.info("stats")["sync_full"]
        for direction in (DOWN, UP):
            connection = way.reconnect(Fault("stall", direction, 300))
            following = len(way.made)
            busy = linked.Load(primary, 9)
            until(lambda: busy.run(40) or connection.happened.is_set() or direction == UP, "bytes pass")
            check(connection.happened.wait(120), "it stalls")
            way.connection(following)
        finish(primary, replica)
        check(primary.info("stats")["sync_full"] == before, "no full copy for a connection that stalled")


def cut_streams(binary, _):
    """Under a load the connection ends again and again at any byte of the stream: it continues each time."""
    rng = random.Random(11)
    for first, second in pairs(binary):
        with nodes((first, *OPTIONS, *FILE, "--repl-backlog-size", "64mb"), (second,)) as (primary, replica), \
                proxy.between(primary) as way:
            replica.ask("REPLICAOF", "127.0.0.1", way.port)
            wait_for_link(replica)
            busy = linked.Load(primary, 10)
            for _ in range(25 if REDIS != second else 6):
                connection = way.reconnect(Fault("cut", DOWN, rng.randrange(130, 4000)))
                until(lambda: busy.run(100) or connection.happened.is_set(), "the connection is cut")
            finish(primary, replica)
            check(primary.info("stats")["sync_full"] == "1", "one full copy")


TESTS = [cuts, cut_copies, slow_links, doubled_bytes, half_closed, stalls, cut_streams]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", default="")
    parser.add_argument("--step", type=int, default=4)
    arguments = parser.parse_args()
    if REDIS is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    wanted = arguments.only.split(",") if arguments.only else [test.__name__ for test in TESTS]
    for test in TESTS:
        if test.__name__ in wanted:
            began = time.monotonic()
            test(arguments.binary, arguments.step)
            print(f"{test.__name__}: good ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
