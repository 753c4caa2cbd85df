#!/usr/bin/env python3
"""Pairs of larder-servers in special states: a failover that waits, pauses, a disk that fails, WAIT after reads, databases that
are emptied again and again during a full sync, a backlog that becomes smaller.

Usage: replication_states.py BINARY [--only NAME]
"""
import argparse
import contextlib
import os
import sys
import threading
import time

import linked
import wire
from linked import compare, nodes, until, wait_for_link

PRIMARY = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


def says(answer, text):
    return isinstance(answer, wire.Failure) and text in str(answer)


@contextlib.contextmanager
def pair(binary, *options):
    with nodes((binary, *PRIMARY, *options), (binary, *PRIMARY, *options)) as (primary, replica):
        replica.follow(primary)
        wait_for_link(replica)
        yield primary, replica
        linked.audit(primary)


@contextlib.contextmanager
def sent(node, *words):
    """A request whose reply is not awaited; gives the connection."""
    with contextlib.closing(wire.Client(node.port)) as link:
        link.link.sendall(wire.encode(words))
        time.sleep(0.1)
        yield link


def failover_waits(binary):
    """While FAILOVER waits, the role cannot be changed otherwise, and CLIENT UNPAUSE does not let writes in."""
    with pair(binary) as (primary, replica):
        replica.halt()
        primary.ask("SET", "before", 1)
        check(primary.ask("CLIENT", "PAUSE", 60_000, "WRITE") == b"OK", "a pause of a client")
        check(primary.ask("FAILOVER") == b"OK", "a failover begins")
        text = "REPLICAOF not allowed while failing over."
        check(says(primary.ask("REPLICAOF", "NO", "ONE"), text), "REPLICAOF NO ONE")
        check(says(primary.ask("REPLICAOF", "127.0.0.1", 1), text), "REPLICAOF to another server")
        with sent(primary, "SET", "during", 1) as writer:
            check(primary.ask("CLIENT", "UNPAUSE") == b"OK", "the client's pause ends")
            time.sleep(0.2)
            check(primary.ask("GET", "during") is None, "writes wait for the failover")
            check(primary.ask("CLIENT", "PAUSE", 1500, "WRITE") == b"OK", "a pause of a client again")
            check(primary.ask("FAILOVER", "ABORT") == b"OK", "the failover ends")
            check(primary.ask("GET", "during") is None, "the client's pause goes on")
            check(writer.read() == b"OK", "the write runs when its time is over")
        replica.go_on()
        compare(primary, replica)


def shutdown_waits(binary):
    """CLIENT UNPAUSE lets no writes in while SHUTDOWN waits for replicas: they would be lost."""
    with pair(binary) as (primary, replica):
        replica.halt()
        primary.ask("SET", "before", 1)
        with sent(primary, "SHUTDOWN", "NOSAVE"), sent(primary, "SET", "during", 1):
            check(primary.ask("CLIENT", "UNPAUSE") == b"OK", "there is no pause of a client")
            time.sleep(0.2)
            check(primary.ask("GET", "during") is None, "writes wait")
            check(primary.ask("SHUTDOWN", "ABORT") == b"OK", "the shutdown is cancelled")
        replica.go_on()
        compare(primary, replica)


def failed_snapshot(binary):
    """A replica whose snapshots fail goes on until the next write of its primary, and stops there."""
    with nodes((binary, *PRIMARY), (binary, "--save", "3600 1", "--enable-protected-configs", "yes")) as (primary, replica):
        replica.follow(primary)
        wait_for_link(replica)
        primary.ask("SET", "a", 1)
        compare(primary, replica)
        os.makedirs(os.path.join(replica.folder, "folder.rdb", "within"))
        replica.ask("CONFIG", "SET", "dbfilename", "folder.rdb")
        replica.ask("BGSAVE")
        until(lambda: replica.info("persistence")["rdb_last_bgsave_status"] == "err", "the snapshot fails")
        offset = int(replica.info()["slave_repl_offset"])
        until(lambda: int(replica.info()["slave_repl_offset"]) > offset + 20, "it reads PINGs")
        check(replica.process.poll() is None, "it goes on")
        replica.ask("CONFIG", "SET", "replica-ignore-disk-write-errors", "yes")
        primary.ask("SET", "a", 2)
        compare(primary, replica)
        replica.ask("CONFIG", "SET", "replica-ignore-disk-write-errors", "no")
        primary.ask("SET", "a", 3)
        until(lambda: replica.process.poll() is not None, "it stops")
        check("Replica was unable to write command to disk" in replica.log(), "the log says why")
        os.remove(replica.log_path)


def wait_after_reads(binary):
    """WAIT covers what the client has seen, not only what it wrote; in a transaction what came before it."""
    with pair(binary) as (primary, replica):
        primary.ask("SET", "a", 1)
        check(primary.ask("WAIT", 1, 10_000) == 1, "the replica has it")
        replica.halt()
        with contextlib.closing(wire.Client(primary.port)) as other:
            check(other.ask("WAIT", 1, 50) == 1, "one that has seen nothing")
            primary.ask("SET", "a", 2)
            check(other.ask("GET", "a") == b"2", "it sees the write")
            check(other.ask("WAIT", 1, 50) == 0, "the replica does not have what it saw")
            other.burst([("GET", "a"), ("WAIT", 1, 50)])
        check(primary.ask("WAIT", 1, 50) == 0, "the writer")
        check(primary.client.burst([("MULTI",), ("SET", "a", 3), ("WAIT", 1, 0), ("EXEC",)])[-1] == [b"OK", 0], "in a transaction")
        replica.go_on()
        check(primary.ask("WAIT", 1, 10_000) == 1, "the replica has it again")
        compare(primary, replica)


def emptied_databases(binary):
    """Clients that empty and exchange other databases again and again do not keep a replica from its copy."""
    for diskless in ("yes", "no"):
        with nodes((binary, *PRIMARY, "--repl-diskless-sync", diskless), (binary,)) as (primary, replica):
            primary.ask("DEBUG", "POPULATE", 300_000)
            is_over = threading.Event()

            def disturb(port=primary.port, is_over=is_over):
                with contextlib.closing(wire.Client(port)) as client:
                    client.ask("SELECT", 3)
                    while not is_over.is_set():
                        client.burst([("SET", "k", 1), ("FLUSHDB",), ("SWAPDB", 5, 6)])
                        time.sleep(0.02)
            thread = threading.Thread(target=disturb)
            thread.start()
            try:
                replica.follow(primary)
                wait_for_link(replica)
                copies = int(primary.info("stats")["sync_full"])
                check(copies <= 3, f"{copies} copies")
            finally:
                is_over.set()
                thread.join()
            compare(primary, replica)
            linked.audit(primary)


def smaller_backlog(binary):
    """A smaller repl-backlog-size frees the rest soon, without writes."""
    with pair(binary, "--repl-backlog-size", "100mb") as (primary, replica):
        for number in range(60):
            primary.ask("SET", "a", os.urandom(1 << 20))
        check(int(primary.info()["repl_backlog_histlen"]) > 60_000_000, "the backlog is full")
        replica.ask("REPLICAOF", "NO", "ONE")
        primary.ask("CONFIG", "SET", "repl-backlog-size", "1mb")
        until(lambda: int(primary.info()["repl_backlog_histlen"]) < 2_000_000, "it becomes smaller", 10)


def paused_replica(binary):
    """A pause on a replica that is longer than repl-timeout does not end its link."""
    with pair(binary, "--repl-timeout", "2") as (primary, replica):
        replica.ask("CLIENT", "PAUSE", 5000, "ALL")
        primary.ask("SET", "a", 1)
        time.sleep(5)
        compare(primary, replica)
        check("MASTER timeout" not in replica.log(), "the link is kept")


def large_value(binary):
    """A replica needs not much more than the primary for a value of 60 MB."""
    with pair(binary) as (primary, replica):
        primary.ask("SET", "a", b"x" * 60_000_000)
        compare(primary, replica)
        most = int(replica.info("memory")["used_memory_peak"])
        check(most < 145_000_000, f"{most} bytes")
        until(lambda: int(replica.info("memory")["used_memory"]) < 75_000_000, "the buffer is freed")


def reloaded_file(binary):
    """DEBUG LOADAOF on a primary gives nothing to its replicas, and the audit balances however often the file is begun."""
    with pair(binary) as (primary, replica):
        for _ in range(10):
            primary.ask("CONFIG", "SET", "appendonly", "yes")
            primary.ask("CONFIG", "SET", "appendonly", "no")
        primary.ask("CONFIG", "SET", "appendonly", "yes")
        until(lambda: primary.info("persistence")["aof_rewrite_in_progress"] == "0", "the file is there")
        for command in (("RPUSH", "l", 1), ("INCR", "n"), ("APPEND", "s", "x")):
            primary.ask(*command)
        check(primary.ask("DEBUG", "LOADAOF") == b"OK", "it is loaded")
        primary.ask("INCR", "n")
        compare(primary, replica)
        check(replica.ask("GET", "n") == b"2", "once")


TESTS = [reloaded_file, failover_waits, shutdown_waits, failed_snapshot, wait_after_reads, emptied_databases, smaller_backlog, paused_replica,
         large_value]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only")
    options = parser.parse_args()
    for test in TESTS:
        if options.only in (None, test.__name__):
            began = time.monotonic()
            test(options.binary)
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
