#!/usr/bin/env python3
"""maxmemory holds for resident memory: BINARY under loads that leave holes in pages.

Usage: pages.py BINARY

Skipped for a binary without the page store. scripts/pages plays the same loads longer, beside redis-server.
"""
import contextlib
import sys

import linked
import page_load
import server
import wire

SKIPPED = 77
MEGA = 1 << 20
LIMIT = 64 * MEGA

# THE BOUND: the pages of the data, as docs/memory.md promises.
SHARE = 1.03
CONSTANT = 4 * MEGA
# Beside the pages of the data, the process grows by jemalloc's cache of free pages, buffers of clients and page tables: 0.9
# to 1.9 MB were measured under these loads.
BESIDE = 2 * MEGA
# Less is a sign that keys were evicted without need.
LEAST_USED = 0.85

# name, policy, load
LOADS = [
    ("sizes shift, LRU", "allkeys-lru", page_load.size_shifts(LIMIT, 1)),
    ("sizes shift, random", "allkeys-random", page_load.size_shifts(LIMIT, 1)),
    ("overwrites", "allkeys-lru", page_load.overwrites(LIMIT, 8)),
    ("appends", "allkeys-lru", page_load.appends(LIMIT, 1)),
    ("fields of hashes shift", "allkeys-lru", page_load.hash_fields(LIMIT, 1)),
]


def figure(client, section, name):
    text = client.ask("INFO", section).decode()
    return int(text.split(f"\n{name}:")[1].split("\r")[0])


def check(binary, name, policy, load):
    """Plays the load; returns what was wrong."""
    bound = int(SHARE * LIMIT) + CONSTANT + BESIDE
    found, peaks = [], []
    with server.running(binary, "--maxmemory", str(LIMIT), "--maxmemory-policy", policy) as port, \
            contextlib.closing(wire.Client(port)) as control, page_load.linked(port) as link:
        resident = page_load.Resident(figure(control, "server", "process_id"))
        for phase, burst, requests in load:
            resident.forget_peak()
            link.send(requests, burst)
            peaks.append(resident.peak())
            used = figure(control, "memory", "used_memory")
            if used < LEAST_USED * LIMIT:
                found.append(f"{name}, {phase}: only {used} bytes are used")
            if peaks[-1] > bound:
                found.append(f"{name}, {phase}: {peaks[-1]} bytes are resident, more than {bound}")
        if b"\nbalanced" not in control.ask("MEMORY", "AUDIT"):
            found.append(f"{name}: MEMORY AUDIT finds a difference")
    print(f"{name}: at most {max(peaks) / MEGA:.1f} MB of {bound / MEGA:.1f} are resident", flush=True)
    return found


def check_replica(binary):
    """A replica with the maxmemory of its primary has no more pages than it, although it evicts nothing. Returns what was wrong."""
    bound = int(SHARE * LIMIT) + CONSTANT + BESIDE
    options = (binary, "--maxmemory", str(LIMIT), "--maxmemory-policy", "allkeys-random")
    found, peaks = [], []
    with linked.nodes((*options, "--repl-diskless-sync-delay", "0"), options) as (primary, replica):
        replica.follow(primary)
        linked.wait_for_link(replica)
        resident = page_load.Resident(replica.process.pid)
        with page_load.linked(primary.port) as link:
            for phase, burst, requests in page_load.size_shifts(LIMIT, 1):
                resident.forget_peak()
                link.send(requests, burst)
                linked.until(lambda: linked.in_step(primary, replica), "the replica has the whole stream")
                peaks.append(resident.peak())
                if peaks[-1] > bound:
                    found.append(f"a replica, {phase}: {peaks[-1]} bytes are resident, more than {bound}")
        linked.compare(primary, replica)
        linked.audit(replica)
        if int(replica.info("stats")["evicted_keys"]) != 0:
            found.append("a replica has evicted keys")
    print(f"a replica: at most {max(peaks) / MEGA:.1f} MB of {bound / MEGA:.1f} are resident", flush=True)
    return found


def has_page_store(binary):
    with server.running(binary) as port, contextlib.closing(wire.Client(port)) as control:
        return b"+pages\r\n" in control.ask("INFO", "memory")


def main():
    binary = sys.argv[1]
    if not has_page_store(binary):
        print("skipped: the data is not in the page store")
        return SKIPPED
    found = [problem for load in LOADS for problem in check(binary, *load)] + check_replica(binary)
    print("\n".join(found) or "ok: resident memory stayed within its bound")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
