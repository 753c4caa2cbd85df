#!/usr/bin/env python3
"""larder-server as the primary of redis-servers: full and partial syncs, lagging and killed replicas, WAIT, removals.

Usage: replication_primary.py BINARY [--operations N] [--seed N] [--only NAME]
"""
import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import linked
import wire
from linked import compare, nodes, until

SKIPPED = 77
REFERENCE = shutil.which("redis-server")
PRIMARY = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


def follow(primary, *others):
    for other in others:
        other.follow(primary)


def stats(primary):
    return primary.info("stats")


def online(primary):
    return [value for name, value in primary.info().items() if name.startswith("slave") and "state=online" in value]


def wait_online(primary, count=1):
    until(lambda: len(online(primary)) == count, f"{count} replicas are online")


def cut(primary):
    primary.ask("CLIENT", "KILL", "TYPE", "replica")


def fill(primary, count, size, prefix="fill"):
    for begin in range(0, count, 500):
        primary.client.burst([("SET", f"{prefix}:{i}", os.urandom(size)) for i in range(begin, min(begin + 500, count))])


def check(condition, what):
    if not condition:
        raise SystemExit(f"failed: {what}")


# Each test gets the program, and the number and seed of random commands.

def random_load(binary, count, seed):
    """All commands, while replicas with different kinds of loading synchronize, and afterwards."""
    for diskless, method in (("yes", "steps"), ("no", "steps"), ("yes", "fork"), ("no", "fork")):
        starts = [(binary, *PRIMARY, "--repl-diskless-sync", diskless, "--snapshot-method", method),
                  (REFERENCE,), (REFERENCE, "--repl-diskless-load", "swapdb")]
        with nodes(*starts) as (primary, *others):
            load = linked.Load(primary, seed)
            load.run(count // 8)
            follow(primary, *others)
            load.run(count // 8)
            wait_online(primary, 2)
            compare(primary, *others)
            load.run(count // 8)
            cut(primary)
            load.run(count // 40)
            compare(primary, *others)
            linked.audit(primary)


def partial_sync(binary, count, seed):
    """A cut link continues; beyond the backlog and without the disk it needs all data again."""
    options = ("--repl-backlog-size", "100kb", "--repl-spill-size", "0")
    with nodes((binary, *PRIMARY, *options), (REFERENCE,)) as (primary, replica):
        follow(primary, replica)
        wait_online(primary)
        cut(primary)
        fill(primary, 20, 1000)
        compare(primary, replica)
        check((stats(primary)["sync_full"], stats(primary)["sync_partial_ok"]) == ("1", "1"), "a cut link continues")
        replica.halt()
        cut(primary)
        fill(primary, 3000, 1000)
        replica.go_on()
        compare(primary, replica)
        check(stats(primary)["sync_full"] == "2", "a full sync when the backlog is too small")


def spill(binary, count, seed):
    """A stopped replica costs disk and not memory, and continues from there, also after a cut."""
    with nodes((binary, *PRIMARY, "--repl-backlog-size", "1mb"), (REFERENCE,)) as (primary, replica):
        follow(primary, replica)
        wait_online(primary)
        for cuts in (False, True):
            replica.halt()
            fill(primary, 40_000, 1000)
            until(lambda: int(primary.info("memory")["mem_total_replication_buffers"]) < 3 << 20, "the stream is on disk")
            linked.audit(primary)
            if not cuts:
                report = bytes(primary.ask("MEMORY", "DOCTOR")).decode()
                check(f"Replica 127.0.0.1:{replica.port} is behind by " in report, f"MEMORY DOCTOR names it: {report}")
                check(int(primary.info()["repl_spilled_bytes"]) > 20 << 20, "INFO tells what is on disk")
            if cuts:
                cut(primary)
                fill(primary, 10_000, 1000)
            replica.go_on()
            compare(primary, replica)
        check(stats(primary)["sync_full"] == "1", "the lagging replica needs no full sync")
        until(lambda: not unnamed_files(primary), "what was on disk is given back")
        linked.audit(primary)


def unnamed_files(node):
    folder = f"/proc/{node.process.pid}/fd"
    names = []
    for entry in os.listdir(folder):
        with contextlib.suppress(OSError):
            names.append(os.readlink(os.path.join(folder, entry)))
    return [name for name in names if "temp-replicas" in name]


def spill_bound(binary, count, seed):
    """Beyond repl-spill-size the replica is dropped, and no other."""
    options = ("--repl-backlog-size", "100kb", "--repl-spill-size", "10mb")
    with nodes((binary, *PRIMARY, *options), (REFERENCE,), (REFERENCE,)) as (primary, slow, fast):
        follow(primary, slow, fast)
        wait_online(primary, 2)
        slow.halt()
        for part in range(20):
            fill(primary, 1000, 1000, f"part{part}")
        until(lambda: len(online(primary)) == 1, "the replica that is too far behind is dropped")
        slow.go_on()
        compare(primary, fast, slow)
        linked.audit(primary)


def stalled_sync(binary, count, seed):
    """A full sync to a replica that takes nothing costs disk and not memory, while every key changes; the copy is right."""
    keys = 30_000
    options = ("--snapshot-memory-limit", "4mb", "--repl-backlog-size", "1mb")
    with nodes((binary, *PRIMARY, *options)) as (primary,), tempfile.TemporaryDirectory() as folder:
        fill(primary, keys, 1000)
        digest = primary.ask("DEBUG", "DIGEST")
        with socket.socket() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            link.connect(("127.0.0.1", primary.port))
            link.sendall(wire.encode(("REPLCONF", "capa", "eof")))
            check(link.recv(64) == b"+OK\r\n", "REPLCONF")
            link.sendall(wire.encode(("PSYNC", "?", "-1")))
            until(lambda: "Background RDB transfer started" in primary.log(), "the copy is sent")
            before = int(primary.info("memory")["used_memory"])
            fill(primary, keys, 1000)
            memory = primary.info("memory")
            check(int(primary.info()["repl_spilled_bytes"]) > 40 << 20, f"the copy and the stream are on disk: {primary.info()}")
            check(int(memory["mem_clients_slaves"]) < 12 << 20, f"not in memory: {memory}")
            check(int(memory["used_memory"]) < before + (24 << 20), f"not in memory: {memory}")
            linked.audit(primary)
            path = os.path.join(folder, "dump.rdb")
            receive_copy(link, path)
        with nodes((REFERENCE, "--dir", folder)) as (copy,):
            check(copy.ask("DEBUG", "DIGEST") == digest, "the copy has the data of its moment")
        until(lambda: not unnamed_files(primary), "what was on disk is given back")
        linked.audit(primary)


def receive_copy(link, path):
    """What a diskless full sync sends, without its mark."""
    link.settimeout(60)
    with link.makefile("rb") as stream, open(path, "wb") as file:
        line = b""
        while not line.startswith(b"$EOF:"):
            line = stream.readline()
        mark, held = line[5:45], b""
        while not held.endswith(mark):
            held += stream.read1(1 << 16)
            file.write(held[:-40])
            held = held[-40:]


def output_limit(binary, count, seed):
    """Without the disk, client-output-buffer-limit bounds what is kept for a replica."""
    options = ("--repl-backlog-size", "100kb", "--repl-spill-size", "0", "--client-output-buffer-limit", "replica 8mb 0 0")
    with nodes((binary, *PRIMARY, *options), (REFERENCE,)) as (primary, replica):
        follow(primary, replica)
        wait_online(primary)
        replica.halt()
        fill(primary, 30_000, 1000)
        until(lambda: not online(primary), "the replica is dropped")
        until(lambda: int(primary.info("memory")["mem_total_replication_buffers"]) < 1 << 20, "its memory is free")
        replica.go_on()
        compare(primary, replica)
        linked.audit(primary)


def killed_replicas(binary, count, seed):
    """Replicas that are killed at any moment leave nothing behind."""
    for diskless in ("yes", "no"):
        with nodes((binary, *PRIMARY, "--repl-diskless-sync", diskless), (REFERENCE,)) as (primary, steady):
            fill(primary, 5000, 500)
            follow(primary, steady)
            for pause in (0, 0.01, 0.05, 0.2):
                with nodes((REFERENCE,)) as (victim,):
                    follow(primary, victim)
                    time.sleep(pause)
                    fill(primary, 500, 500)
                    victim.process.kill()
                    victim.process.wait()
            compare(primary, steady)
            until(lambda: primary.info()["connected_slaves"] == "1", "only one replica is left")
            until(lambda: primary.info("persistence")["rdb_bgsave_in_progress"] == "0", "no snapshot goes on")
            linked.audit(primary)


def flush_during_sync(binary, count, seed):
    """FLUSHALL during a full sync: the sync starts anew."""
    for diskless in ("yes", "no"):
        options = ("--repl-diskless-sync", diskless, "--rdb-key-save-delay", "300")
        with nodes((binary, *PRIMARY, *options), (REFERENCE,)) as (primary, replica):
            fill(primary, 5000, 100)
            follow(primary, replica)
            until(lambda: primary.info()["connected_slaves"] == "1", "the sync begins")
            time.sleep(0.2)
            primary.ask("FLUSHALL")
            primary.ask("CONFIG", "SET", "rdb-key-save-delay", "0")
            fill(primary, 500, 100, "new")
            compare(primary, replica)
            linked.audit(primary)


def waiting(binary, count, seed):
    """WAIT, WAITAOF and min-replicas-to-write."""
    with nodes((binary, *PRIMARY), (REFERENCE,), (REFERENCE,)) as (primary, one, two):
        check(primary.ask("WAIT", 1, 50) == 0, "without replicas")
        follow(primary, one, two)
        wait_online(primary, 2)
        primary.ask("SET", "a", 1)
        check(primary.ask("WAIT", 2, 10_000) == 2, "both have it")
        two.halt()
        primary.ask("SET", "a", 2)
        check(primary.ask("WAIT", 2, 100) == 1, "one of two")
        check(primary.ask("WAIT", 1, 10_000) == 1, "at least one")
        check(primary.ask("WAITAOF", 0, 1, 50) == [0, 0], "no replica has a file")
        primary.client.burst([("MULTI",), ("SET", "a", 3), ("WAIT", 2, 0), ("EXEC",)])
        check(isinstance(primary.ask("EVAL", "return redis.pcall('WAIT', 2, 0)", 0), (int, wire.Failure)), "in a script")
        link = wire.Client(primary.port)
        link.ask("SET", "a", 4)
        link.link.sendall(wire.encode(("WAIT", 2, 0)))
        time.sleep(0.2)
        two.go_on()
        check(link.read() == 2, "WAIT ends when the second one continues")
        primary.ask("CONFIG", "SET", "min-replicas-to-write", 2, "min-replicas-max-lag", 2)
        until(lambda: primary.ask("SET", "a", 5) == b"OK", "two good replicas")
        two.halt()
        until(lambda: str(primary.ask("SET", "a", 6)).find("NOREPLICAS") >= 0, "too few good replicas")
        check(primary.ask("GET", "a") == b"6", "reads go on")
        check(primary.info()["min_slaves_good_slaves"] == "1", "one is good")
        two.go_on()
        until(lambda: primary.ask("SET", "a", 7) == b"OK", "two again")
        linked.audit(primary)


def removals(binary, count, seed):
    """Expired and evicted keys, and expired fields, are removed from replicas."""
    with nodes((binary, *PRIMARY), (REFERENCE,)) as (primary, replica):
        follow(primary, replica)
        wait_online(primary)
        for i in range(200):
            primary.ask("SET", f"short:{i}", i, "PX", 1 + i)
        primary.ask("HSET", "hash", "field", 1, "other", 2)
        primary.ask("HPEXPIRE", "hash", 30, "FIELDS", 1, "field")
        until(lambda: replica.ask("DBSIZE") == 1, "expired keys are gone")
        until(lambda: replica.ask("HGETALL", "hash") == [b"other", b"2"], "the expired field is gone")
        primary.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        used = int(primary.info("memory")["used_memory"])
        primary.ask("CONFIG", "SET", "maxmemory", used + (2 << 20))
        fill(primary, 10_000, 1000)
        check(int(stats(primary)["evicted_keys"]) > 0, "keys were evicted")
        primary.ask("DEL", "hash")
        compare(primary, replica)


def effects(binary, count, seed):
    """Published messages, functions, scripts, and other databases arrive."""
    with nodes((binary, *PRIMARY), (REFERENCE,)) as (primary, replica):
        library = "#!lua name=lib\nredis.register_function('f', function(k, a) return redis.call('SET', k[1], a[1]) end)"
        primary.ask("FUNCTION", "LOAD", library)
        follow(primary, replica)
        wait_online(primary)
        listener = wire.Client(replica.port)
        listener.ask("SUBSCRIBE", "news")
        until(lambda: replica.ask("FUNCTION", "LIST") != [], "the function is in the copy")
        primary.ask("FUNCTION", "LOAD", library.replace("lib", "lib2").replace("'f'", "'g'"))
        primary.ask("FCALL", "g", 1, "by-function", "v")
        primary.ask("EVAL", "redis.call('SET', 'x', 1) redis.call('INCR', 'x')", 0)
        primary.ask("SELECT", 5)
        primary.ask("SET", "in5", 1)
        primary.ask("SELECT", 0)
        primary.ask("PUBLISH", "news", "hello")
        check(listener.read() == [b"message", b"news", b"hello"], "the message arrives")
        compare(primary, replica)
        check(len(replica.ask("FUNCTION", "LIST")) == 2, "both libraries")


def fields_of_info(binary, count, seed):
    """INFO replication, ROLE and CLIENT LIST show the same names as those of redis-server."""
    with nodes((binary, *PRIMARY), (REFERENCE, *PRIMARY), (REFERENCE,), (REFERENCE,)) as (ours, theirs, one, two):
        follow(ours, one)
        follow(theirs, two)
        wait_online(ours)
        wait_online(theirs)
        own = ("slave0", "repl_spilled_bytes")
        names = [[name for name in node.info() if name not in own] for node in (ours, theirs)]
        check(names[0] == names[1], f"the fields are {names}")
        shapes = [[part.split("=")[0] for part in node.info()["slave0"].split(",")] for node in (ours, theirs)]
        check(shapes[0] == shapes[1], f"slave0 is {shapes}")
        roles = [node.ask("ROLE") for node in (ours, theirs)]
        check([type(x) for x in roles[0][2][0]] == [type(x) for x in roles[1][2][0]], f"ROLE is {roles}")
        for kind in ("replica", "slave"):
            check(b"flags=S" in ours.ask("CLIENT", "LIST", "TYPE", kind), "CLIENT LIST shows the replica")
        for words in (("REPLCONF", "listening-port"), ("REPLCONF", "no-such", "1"), ("REPLCONF", "rdb-only", "2"),
                      ("REPLCONF", "listening-port", "x"), ("REPLCONF", "capa", "new"), ("WAIT", "x", "1"),
                      ("REPLCONF", "ip-address", "a" * 300), ("PSYNC", "?", "x")):
            answers = []
            for node in (ours, theirs):
                with contextlib.closing(wire.Client(node.port)) as link:
                    answers.append(link.ask(*words))
            check(str(answers[0]) == str(answers[1]), f"{words}: {answers}")


def tools(binary, count, seed):
    """redis-cli --rdb and --replica."""
    cli = shutil.which("redis-cli")
    with nodes((binary, *PRIMARY)) as (primary,), tempfile.TemporaryDirectory() as folder:
        fill(primary, 100, 100)
        path = os.path.join(folder, "copy.rdb")
        done = subprocess.run([cli, "-p", str(primary.port), "--rdb", path], capture_output=True, timeout=60)
        check(done.returncode == 0 and os.path.getsize(path) > 10_000, f"redis-cli --rdb: {done}")
        primary.ask("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
        done = subprocess.run([cli, "-p", str(primary.port), "--functions-rdb", path], capture_output=True, timeout=60)
        with open(path, "rb") as file:
            text = file.read()
        check(done.returncode == 0 and b"#!lua" in text and b"fill:" not in text, f"redis-cli --functions-rdb: {done}")
        with open(os.path.join(folder, "out"), "wb") as out:
            process = subprocess.Popen([cli, "-p", str(primary.port), "--replica"], stdout=out, stderr=out)
        until(lambda: online(primary), "redis-cli is online")
        primary.ask("SET", "seen", "1")
        read = lambda: b'"SET","seen","1"' in open(os.path.join(folder, "out"), "rb").read()
        until(read, "redis-cli prints the command")
        process.kill()
        process.wait()


def stray_commands(binary, count, seed):
    """A replica that sends a command with a reply is disconnected; one that sends nothing in time as well."""
    with nodes((binary, *PRIMARY, "--repl-timeout", "2")) as (primary,):
        with socket.create_connection(("127.0.0.1", primary.port)) as link:
            link.sendall(b"SYNC\r\n")
            until(lambda: online(primary), "it is online")
            link.sendall(b"PING\r\n")
            until(lambda: primary.info()["connected_slaves"] == "0", "it is disconnected")
        check("Replica generated a reply to command 'ping'" in primary.log(), "the log says why")
        with socket.create_connection(("127.0.0.1", primary.port)) as link:
            link.sendall(b"PSYNC ? -1\r\n")
            until(lambda: online(primary), "it is online")
            until(lambda: primary.info()["connected_slaves"] == "0", "it is disconnected")
        check("Disconnecting timedout replica (streaming sync)" in primary.log(), "the log says why")
        linked.audit(primary)


def shutdown(binary, count, seed):
    """SHUTDOWN waits for a replica that is behind; SHUTDOWN ABORT cancels that."""
    with nodes((binary, *PRIMARY), (REFERENCE,)) as (primary, replica):
        follow(primary, replica)
        wait_online(primary)
        replica.halt()
        fill(primary, 3000, 1000)
        link = wire.Client(primary.port)
        link.link.sendall(wire.encode(("SHUTDOWN", "NOSAVE")))
        until(lambda: "Waiting for replicas before shutting down" in primary.log(), "it waits")
        check(primary.ask("SHUTDOWN", "ABORT") == b"OK", "the shutdown is cancelled")
        check("Errors trying to SHUTDOWN" in str(link.read()), "the client gets an error")
        check(primary.ask("SET", "last", "1") == b"OK", "writes go on")
        link.link.sendall(wire.encode(("SHUTDOWN", "NOSAVE")))
        until(lambda: primary.log().count("Waiting for replicas before shutting down") == 2, "it waits again")
        replica.go_on()
        primary.process.wait(timeout=60)
        check("1 of 1 replicas are in sync when shutting down" in primary.log(), "the log says so")
        check(replica.ask("GET", "last") == b"1", "the replica has the last write")


TESTS = [random_load, partial_sync, spill, spill_bound, stalled_sync, output_limit, killed_replicas, flush_during_sync, waiting, removals,
         effects, fields_of_info, tools, stray_commands, shutdown]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    options = parser.parse_args()
    if REFERENCE is None:
        print("redis-server is not installed")
        return SKIPPED
    for test in TESTS:
        if options.only in (None, test.__name__):
            began = time.monotonic()
            test(options.binary, options.operations, options.seed)
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
