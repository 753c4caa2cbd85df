#!/usr/bin/env python3
"""BINARY in a memory cgroup, as in a container: `maxmemory auto` and a percentage follow the cgroup's limit, and the server
lives while clients write more than it may hold. In a cgroup of maxmemory and 64 MB it survives clients that do not
read, replicas that do not read or copy it all the time, and being a replica; with the page store also loads that leave
holes in pages. Its resident memory stays below process_memory_bound.

Usage: container.py BINARY [--small]

--small is for a binary that needs much memory beside its data: nothing is written.
"""
import contextlib
import os
import shutil
import stat
import sys
import tempfile
import threading
import time

import linked
import page_load
import server
import slow_readers
import wire

SKIPPED = 77
MEGA = 1 << 20
LIMIT = 200 * MEGA
# What the server leaves for the program, clients and snapshots.
NEEDS = (16 + 4 + 32) * MEGA
# What a container needs beside maxmemory, in the second part.
TIGHT_MAXMEMORY = 64 * MEGA
TIGHT_BESIDE = 64 * MEGA
LARGE_REQUEST = 19 * MEGA


class Cgroup:
    """A memory cgroup of version 1 or 2. OSError if the machine lets none be made."""

    def __init__(self):
        is_v2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        parent = "/sys/fs/cgroup" if is_v2 else "/sys/fs/cgroup/memory"
        self.folder = tempfile.mkdtemp(prefix="larder-", dir=parent)
        self.limit_file = "memory.max" if is_v2 else "memory.limit_in_bytes"
        self.swap_file = "memory.swap.max" if is_v2 else "memory.swappiness"
        try:
            self.allow(LIMIT)
        except OSError:
            self.remove()
            raise

    def allow(self, size):
        self.write(self.limit_file, size)

    def forbid_swap(self):
        # A kernel without swap accounting has no such file.
        with contextlib.suppress(OSError):
            self.write(self.swap_file, 0)

    def write(self, name, figure):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(str(figure))

    def remove(self):
        for _ in range(100):
            with contextlib.suppress(OSError):
                return os.rmdir(self.folder)
            time.sleep(0.05)


@contextlib.contextmanager
def starter(binary, cgroup):
    """A program that starts the binary in the cgroup."""
    folder = tempfile.mkdtemp(prefix="starter-")
    path = os.path.join(folder, "start")
    with open(path, "w") as file:
        file.write(f'#!/bin/sh\necho $$ > {cgroup.folder}/cgroup.procs\nexec {os.path.abspath(binary)} "$@"\n')
    os.chmod(path, stat.S_IRWXU)
    try:
        yield path
    finally:
        shutil.rmtree(folder)


def has_page_store(client):
    return b"+pages\r\n" in client.ask("INFO", "memory")


def automatic(client, limit):
    """With the page store, holes in pages have a bound: 3 % and 4 MB; used_memory may exceed maxmemory by 1 %."""
    if has_page_store(client):
        return (limit - NEEDS - 4 * MEGA) * 100 // 104
    return (limit - NEEDS) * 100 // 110


def maxmemory(client):
    return int(client.ask("CONFIG", "GET", "maxmemory")[1])


def expect(client, wanted):
    """maxmemory is this, give or take a page, within a few seconds."""
    for _ in range(100):
        if abs(maxmemory(client) - wanted) <= 4096:
            return
        time.sleep(0.1)
    raise SystemExit(f"maxmemory is {maxmemory(client)}, not {wanted}")


def check_changes(client, cgroup):
    expect(client, automatic(client, LIMIT))
    cgroup.allow(2 * LIMIT)
    expect(client, automatic(client, 2 * LIMIT))
    if client.ask("CONFIG", "SET", "maxmemory", "50%") != b"OK":
        raise SystemExit("a percentage was refused")
    expect(client, LIMIT)
    cgroup.allow(LIMIT)
    expect(client, LIMIT // 2)
    client.ask("CONFIG", "SET", "maxmemory", "auto")
    expect(client, automatic(client, LIMIT))


def write(client, size):
    """Writes twice what the limit allows, in values of this size, and checks that keys were evicted for it."""
    left = 2 * LIMIT
    n = 0
    while left > 0:
        batch = []
        for _ in range(500):
            batch.append(("SET", f"key:{n}", b"v" * size))
            left -= size
            n += 1
        if client.burst(batch) != [b"OK"] * len(batch):
            raise SystemExit("a write was refused")
    if int(client.ask("DBSIZE")) >= n:
        raise SystemExit("nothing was evicted")


# The loads of scripts/pages, shortened.
LOADS = [
    ("sizes shift, LRU", "allkeys-lru", lambda limit: page_load.size_shifts(limit, 1)),
    ("sizes shift, random", "allkeys-random", lambda limit: page_load.size_shifts(limit, 1)),
    ("sizes shift under reads", "allkeys-lru", lambda limit: page_load.size_shifts_under_reads(limit, 0.5)),
    ("overwrites", "allkeys-lru", lambda limit: page_load.overwrites(limit, 8)),
    ("appends", "allkeys-lru", lambda limit: page_load.appends(limit, 1)),
    ("deadlines", "allkeys-lru", lambda limit: page_load.deadlines(limit, 6)),
    ("fields of hashes shift", "allkeys-lru", lambda limit: page_load.hash_fields(limit, 1)),
    ("deletions", "allkeys-lru", lambda limit: page_load.deletions(limit, 0.9)),
]


@contextlib.contextmanager
def tight(start, policy):
    """A server in the cgroup; ends the test if the system kills it. Yields its port and a connection."""
    options = ["--maxmemory", str(TIGHT_MAXMEMORY), "--maxmemory-policy", policy, "--client-socket-buffer-bytes", "64kb"]
    with server.running(start, *options) as port, contextlib.closing(wire.Client(port)) as control:
        yield port, control


def report(name, control):
    """Asks the server, so it lives."""
    peak = page_load.Resident(slow_readers.figure(control, "process_id")).peak_ever()
    bound = slow_readers.figure(control, "process_memory_bound")
    print(f"{name}: {peak / MEGA:.0f} MB were resident of {(TIGHT_MAXMEMORY + TIGHT_BESIDE) / MEGA:.0f}", flush=True)
    if peak > bound:
        raise SystemExit(f"{name}: {peak} bytes were resident, more than process_memory_bound, {bound}")


def survive_loads(start):
    for name, policy, load in LOADS:
        with tight(start, policy) as (port, control):
            if not has_page_store(control):
                print("the loads that leave holes are skipped: the data is not in the page store")
                return
            with page_load.linked(port) as link:
                for _, burst, requests in load(TIGHT_MAXMEMORY):
                    link.send(requests, burst)
            report(name, control)


def survive_clients(start):
    """Deep pipelines whose replies are not read, large replies that are not read, large requests at once, half-sent ones."""
    with tight(start, "allkeys-lru") as (port, control):
        slow_readers.fill(control, TIGHT_MAXMEMORY)
        found = slow_readers.pipelining(port, control, TIGHT_MAXMEMORY, 40)
        found += slow_readers.large_replies(port, control, TIGHT_MAXMEMORY, 40)
        found += slow_readers.large_requests(port, control, LARGE_REQUEST, 4)
        found += slow_readers.half_sent(port, control, 400)
        report("clients that do not read", control)
    if found:
        raise SystemExit("\n".join(found))


# Smaller than by default, so that all of it is less than the container has.
FOR_REPLICAS = ("--client-output-buffer-limit", "replica", "24mb", "0", "0", "--snapshot-memory-limit", "8mb")
TIGHT = ("--maxmemory", str(TIGHT_MAXMEMORY), "--maxmemory-policy", "allkeys-random")


def forget(replica):
    """Its next copy is a full one."""
    replica.ask("REPLICAOF", "NO", "ONE")
    replica.ask("SET", "own", "write")


def copy_again_and_again(replica, primary, is_over):
    """Full copies, one after the other. One that is too slow is given up."""
    while not is_over.is_set():
        replica.follow(primary)
        ends = time.monotonic() + 5
        while replica.info()["master_link_status"] != "up" and time.monotonic() < ends:
            time.sleep(0.02)
        forget(replica)


def survive_replicas(start, binary):
    """A primary in the cgroup: one of its replicas stopped, another one copies it all the time."""
    with linked.nodes((start, *TIGHT, *FOR_REPLICAS, "--repl-diskless-sync-delay", "0"), (binary,), (binary,)) as every:
        primary, stopped, copying = every
        stopped.follow(primary)
        linked.wait_for_link(stopped)
        stopped.halt()
        is_over = threading.Event()
        copies = threading.Thread(target=copy_again_and_again, args=(copying, primary, is_over))
        copies.start()
        try:
            with page_load.linked(primary.port) as link:
                for _, burst, requests in page_load.size_shifts(TIGHT_MAXMEMORY, 1):
                    link.send(requests, burst)
        finally:
            is_over.set()
            copies.join()
        stopped.go_on()
        linked.wait_for_link(stopped)
        report(f"a primary, {primary.info('stats')['sync_full']} full copies and a replica that is behind", primary.client)


def survive_as_replica(start, binary):
    """A replica in the cgroup, with the maxmemory of its primary."""
    with linked.nodes((binary, *TIGHT, "--repl-diskless-sync-delay", "0"), (start, *TIGHT)) as (primary, replica):
        replica.follow(primary)
        linked.wait_for_link(replica)
        with page_load.linked(primary.port) as link:
            for _, burst, requests in page_load.size_shifts(TIGHT_MAXMEMORY, 1):
                link.send(requests, burst)
        linked.until(lambda: linked.in_step(primary, replica), "the replica has the whole stream")
        # Another full copy, beside the data of before.
        forget(replica)
        replica.follow(primary)
        linked.wait_for_link(replica)
        report("a replica", replica.client)


def main():
    try:
        cgroup = Cgroup()
    except OSError as problem:
        print(f"skipped: no memory cgroup can be made here ({problem})")
        return SKIPPED
    try:
        with starter(sys.argv[1], cgroup) as start:
            with server.running(start, "--maxmemory", "auto", "--maxmemory-policy", "allkeys-lru") as port:
                client = wire.Client(port)
                check_changes(client, cgroup)
                if "--small" not in sys.argv:
                    write(client, 300)
            if "--small" not in sys.argv:
                cgroup.allow(TIGHT_MAXMEMORY + TIGHT_BESIDE)
                cgroup.forbid_swap()
                survive_clients(start)
                survive_replicas(start, sys.argv[1])
                survive_as_replica(start, sys.argv[1])
                survive_loads(start)
    finally:
        cgroup.remove()
    print("ok: maxmemory follows the cgroup, and the server lives at its limit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
