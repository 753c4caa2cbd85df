#!/usr/bin/env python3
"""kill -9 before calls that a rewrite of the append-only file makes for its files: strace kills the server when one of its threads
for files enters its n-th such call, for every n. After each start every acknowledged write is there, and a rewrite succeeds.

Usage: rewrite_kills.py BINARY
"""
import os
import subprocess
import sys
import threading
import time

from aof_server import AofServer
from faults import STRACE, can_trace
import wire

SKIPPED = 77
CALLS = ("openat", "fsync", "rename", "unlink")
THREADS = ("journal", "snapshot")
SECONDS = 60
MOST = 20  # calls of a kind in a rewrite


def threads_named(pid, name):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as comm:
            if comm.read().strip() == name:
                found.append(task)
    assert found, f"there is no thread {name}"
    return found


class Writer(threading.Thread):
    """Appends consecutive numbers to a list until the server has ended."""

    def __init__(self, port, acknowledged):
        super().__init__(daemon=True)
        self.client, self.acknowledged, self.stops = wire.Client(port), acknowledged, False

    def run(self):
        try:
            while not self.stops and self.client.ask("RPUSH", "list", self.acknowledged + 1) == self.acknowledged + 1:
                self.acknowledged += 1
        except (OSError, EOFError):
            pass


def is_over(server):
    """The process has ended, or the rewrite."""
    if server.process.poll() is not None:
        return True
    try:
        return server.info("aof_rewrite_in_progress") == "0"
    except (OSError, EOFError, AttributeError):
        return False


def rewrite_with_kill(server, thread, call, number, acknowledged):
    """Whether it was killed, and the last number that was acknowledged."""
    traced = threads_named(server.process.pid, thread)
    tracer = subprocess.Popen([STRACE, *(option for task in traced for option in ("-p", task)), "-o", os.devnull, "-e",
                               f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"], stderr=subprocess.PIPE, text=True)
    for _ in traced:
        tracer.stderr.readline()
    writer = Writer(server.port, acknowledged)
    writer.start()
    server.client().link.sendall(wire.encode(["BGREWRITEAOF"]))
    until = time.monotonic() + SECONDS
    time.sleep(0.02)
    while not is_over(server):
        assert time.monotonic() < until, f"the rewrite does not end: {server.log()[-2000:]}"
        time.sleep(0.01)
    writer.stops = True
    writer.join(SECONDS)
    tracer.terminate()
    tracer.communicate(timeout=SECONDS)
    killed = server.process.poll() is not None
    return killed, writer.acknowledged


def check(server, acknowledged):
    """The number of elements."""
    items = [int(item) for item in server.ask("LRANGE", "list", 0, -1)]
    assert items == list(range(1, len(items) + 1)), "the list is not in order"
    assert acknowledged <= len(items) <= acknowledged + 1, f"{len(items)} numbers after {acknowledged} were acknowledged"
    assert server.ask("GET", "large") == b"x" * 200_000
    return len(items)


def begin(server):
    """Starts it; both threads run afterwards."""
    server.start()
    answer = server.rewrite()
    assert answer[1] == "ok", (answer, server.log()[-2000:])


def main():
    if not can_trace():
        print("strace is not installed, or must not attach")
        return SKIPPED
    server = AofServer(sys.argv[1], "--save", "", "--auto-aof-rewrite-percentage", "0")
    kills, count = {}, 0
    try:
        begin(server)
        server.ask("SET", "large", "x" * 200_000)
        for thread in THREADS:
            for call in CALLS:
                for number in range(1, MOST):
                    killed, acknowledged = rewrite_with_kill(server, thread, call, number, count)
                    if not killed:
                        count = check(server, acknowledged)
                        break
                    kills[thread, call] = number
                    begin(server)
                    count = check(server, acknowledged)
        print(f"{sum(kills.values())} kills, before", ", ".join(f"{number} {call} of {thread}" for (thread, call), number in kills.items()))
        server.stop()
        # The base, the manifest and their folders.
        assert kills["snapshot", "rename"] >= 1 and kills["snapshot", "fsync"] >= 2, kills
        # The threads of the journal share its calls.
        assert kills["journal", "rename"] >= 1 and kills["journal", "unlink"] >= 1, kills
    except BaseException:
        print(server.log()[-3000:])
        raise
    finally:
        server.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
