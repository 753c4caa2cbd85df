#!/usr/bin/env python3
"""BINARY and an installed redis-server as the first, the middle and the last of a chain, under random commands: with copies in
files and without, on plain connections and on TLS. All must have the same data.

Usage: replication_matrix.py BINARY [--operations N] [--all]

Without --all each chain is tried with both kinds of copies, once plain and once on TLS. With it, with everything.
"""
import argparse
import itertools
import shutil
import sys
import time

import certificates
import linked
import server
from linked import compare, nodes, until, wait_for_link

SKIPPED = 77
REDIS = shutil.which("redis-server")
SYNCS = ("disk", "diskless")
TRANSPORTS = ("plain", "tls")
# What Larder does, and what redis-server does.
LOADS = {"file": ("disabled", "disabled"), "direct": ("on-empty-db", "swapdb")}


class Member:
    """One server of a chain, with the port that its replicas use."""

    def __init__(self, binary, sync, load, secrets):
        options = ["--repl-diskless-sync", "yes" if sync == "diskless" else "no", "--repl-diskless-sync-delay", "0",
                   "--repl-diskless-load", LOADS[load][binary == REDIS], "--repl-ping-replica-period", "1"]
        self.tls_port = None
        if secrets:
            self.tls_port = server.free_port()
            options += ["--tls-replication", "yes", "--tls-port", str(self.tls_port), *secrets]
        self.start = (binary, *options)


def follow(replica, primary, member):
    replica.ask("REPLICAOF", "127.0.0.1", member.tls_port or primary.port)


def cut(*every):
    for node in every:
        node.ask("CLIENT", "KILL", "TYPE", "replica")


def run_chain(binaries, sync, load, secrets, operations, seed):
    members = [Member(binary, sync, load, secrets) for binary in binaries]
    with nodes(*[member.start for member in members]) as (first, middle, last):
        busy = linked.Load(first, seed)
        busy.run(operations // 4)
        follow(middle, first, members[0])
        busy.run(operations // 4)
        wait_for_link(middle)
        follow(last, middle, members[1])
        busy.run(operations // 4)
        wait_for_link(last)
        cut(first, middle)
        busy.run(operations // 4)
        compare(first, middle, last)
        full = [node.info("stats")["sync_full"] for node in (first, middle)]
        if full != ["1", "1"]:
            raise SystemExit(f"full copies of the first and the second: {full}")
        for node in (first, middle, last):
            if node.binary != REDIS:
                linked.audit(node)


def cases(binary, everything):
    chains = [chain for chain in itertools.product((binary, REDIS), repeat=3) if set(chain) != {REDIS}]
    for number, chain in enumerate(chains):
        for at, sync in enumerate(SYNCS):
            for transport, load in itertools.product(TRANSPORTS, LOADS):
                # Of these each chain has one with each kind of copies, and four chains have all.
                part = (TRANSPORTS[(number + at) % 2], list(LOADS)[(number // 2 + at) % 2])
                if everything or (transport, load) == part:
                    yield chain, sync, transport, load


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--operations", type=int, default=1600, help="for each chain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    if REDIS is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    with certificates.folder() as folder:
        secrets = certificates.options(folder)
        for number, (chain, sync, transport, load) in enumerate(cases(arguments.binary, arguments.all)):
            names = ", ".join("redis-server" if binary == REDIS else "Larder" for binary in chain)
            print(f"{names}; {sync}, {load}, {transport}", end="", flush=True)
            began = time.monotonic()
            run_chain(chain, sync, load, secrets if transport == "tls" else None, arguments.operations, arguments.seed + number)
            print(f": good ({time.monotonic() - began:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
