#!/usr/bin/env python3
"""BINARY as a replica of an installed redis-server, and in the middle of a chain.

Usage: replication_replica.py BINARY [--only NAME,...] [--operations N]
"""
import argparse
import os
import shutil
import sys
import threading
import time

import linked
import server
import wire
from linked import audit, compare, nodes, until, wait_for_link

SKIPPED = 77
REDIS = "redis-server"
DISKLESS = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0")
DISK = ("--repl-diskless-sync", "no")


def expect(found, wanted, what):
    if repr(found) != repr(wanted):
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")


def load_and_compare(binary, operations, sync, load, of=REDIS):
    with nodes((of, *sync), (binary, "--repl-diskless-load", load)) as (primary, replica):
        busy = linked.Load(primary)
        code = "redis.register_function{function_name='f', callback=function() return 7 end, flags={'no-writes'}}"
        primary.client.burst([("FUNCTION", "LOAD", "#!lua name=lib\n" + code)])
        busy.run(operations // 4)
        if of == binary:
            primary.ask("SELECT", 0)
            primary.client.burst([("HSET", "fields", "f", 1, "g", 2), ("HPEXPIRE", "fields", 10**8, "FIELDS", 1, "f")])
        replica.ask("SET", "old", "value")
        if load != "disabled":
            replica.ask("FLUSHALL")
        replica.follow(primary)
        busy.run(operations)
        wait_for_link(replica)
        compare(primary, replica)
        expect(replica.ask("FCALL", "f", 0), 7, "the function")
        if of == binary:
            primary.ask("SELECT", 0)
            times = ("HPEXPIRETIME", "fields", "FIELDS", 2, "f", "g")
            expect(replica.ask(*times), primary.ask(*times), "deadlines of fields")
            expect(replica.ask(*times)[1], -1, "a field without one")
        audit(replica)


def of_larder(binary, operations):
    load_and_compare(binary, operations, DISK, "disabled", binary)
    load_and_compare(binary, operations, DISKLESS, "on-empty-db", binary)


def larger_copy(binary, _):
    """A replica that ignores maxmemory loads a copy that exceeds it, once."""
    with nodes((binary, *DISKLESS), (binary, "--maxmemory", "20mb")) as (primary, replica):
        primary.ask("DEBUG", "POPULATE", 250_000, "key", 60)
        replica.follow(primary)
        wait_for_link(replica)
        compare(primary, replica)
        expect(int(replica.info("memory")["used_memory"]) > 20 << 20, True, "more than maxmemory")
        expect(primary.info("stats")["sync_full"], "1", "full copies")


def promotion(binary, _):
    """A promoted replica keeps its stream, so that its former primary continues from it."""
    with nodes((binary, *DISKLESS), (binary,)) as (primary, replica):
        replica.follow(primary)
        wait_for_link(replica)
        primary.ask("SET", "k", "v")
        compare(primary, replica)
        replica.ask("REPLICAOF", "NO", "ONE")
        history = replica.info("replication")["master_replid"]
        # The check of a stream that nobody reads comes each second.
        time.sleep(2.5)
        expect(replica.info("replication")["master_replid"], history, "the id of the history")
        primary.follow(replica)
        wait_for_link(primary)
        compare(replica, primary)
        stats = replica.info("stats")
        expect([stats["sync_full"], stats["sync_partial_ok"]], ["0", "1"], "full and partial copies")


def disk_to_disk(binary, operations):
    load_and_compare(binary, operations, DISK, "disabled")


def diskless_to_disk(binary, operations):
    load_and_compare(binary, operations, DISKLESS, "disabled")


def diskless_to_diskless(binary, operations):
    load_and_compare(binary, operations, DISKLESS, "on-empty-db")


def disk_to_diskless(binary, operations):
    load_and_compare(binary, operations, DISK, "on-empty-db")


def beside(binary, operations):
    load_and_compare(binary, operations, DISKLESS, "swapdb")
    load_and_compare(binary, operations, DISK, "swapdb")
    load_and_compare(binary, operations, DISKLESS, "swapdb", binary)


def served_beside(binary, _):
    """Old data is served while a newer state of it is loaded, and stays if that fails."""
    keys = 2000
    options = ("--repl-backlog-size", "16kb", "--rdb-key-save-delay", "500")
    with nodes((REDIS, *DISKLESS, *options), (binary, "--repl-diskless-load", "swapdb")) as (primary, replica):
        primary.client.burst([("SET", f"key:{i}", "old") for i in range(keys)])
        replica.follow(primary)
        wait_for_link(replica)
        for fails in (False, True):
            replica.halt()
            primary.ask("CLIENT", "KILL", "TYPE", "replica")
            primary.client.burst([("SET", f"key:{i}", f"new {fails}" + 20 * "x") for i in range(keys)])
            replica.go_on()
            until(lambda: replica.info("persistence")["async_loading"] == "1", "a copy is loaded beside the data")
            expect(replica.info("persistence")["loading"], "0", "loading")
            expect(replica.ask("DBSIZE"), keys, "the old keys")
            expect(replica.ask("SAVE"), wire.Failure("LOADING Redis is loading the dataset in memory"), "SAVE")
            expect(replica.ask("GET", "key:1"), b"new False" + 20 * b"x" if fails else b"old", "an old value")
            audit(replica)
            if fails:
                primary.kill()
                until(lambda: replica.info("persistence")["async_loading"] == "0", "the loading has failed")
            else:
                wait_for_link(replica)
                compare(primary, replica)
        expect(replica.ask("GET", "key:1"), b"new False" + 20 * b"x", "the data that stayed")
        expect(replica.ask("DBSIZE"), keys, "the keys that stayed")
        audit(replica)


def own_deadlines(binary, _):
    """A writable replica expires the keys that its own clients gave a deadline, and no others."""
    with nodes((REDIS, *DISKLESS), (binary, "--replica-read-only", "no")) as (primary, replica):
        primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        replica.follow(primary)
        wait_for_link(replica)
        primary.ask("SET", "theirs", "v", "PX", 50)
        replica.client.burst([("SET", "own", "v", "PX", 50), ("SADD", "set", "a"), ("PEXPIRE", "set", 50),
                              ("EVAL", "redis.call('SET', 'scripted', 'v', 'PX', 50)", 0)])
        until(lambda: linked.in_step(primary, replica), "the replica has the primary's key")
        until(lambda: replica.info("stats")["expired_keys"] == "3", "its own keys are removed")
        expect(replica.ask("DBSIZE"), 1, "keys that are left")
        expect(replica.info("stats")["slave_expires_tracked_keys"], "0", "tracked keys")
        audit(replica)


def role(binary, _):
    """What a replica says of itself, and what it refuses."""
    with nodes((REDIS, *DISKLESS), (binary,)) as (primary, replica):
        primary.client.burst([("SET", "k", "v"), ("SET", "n", 1)])
        blocked = wire.Client(replica.port)
        blocked.link.sendall(wire.encode(["BLPOP", "nothing", 0]))
        until(lambda: replica.info("clients")["blocked_clients"] == "1", "a blocked client")
        replica.follow(primary)
        expect(blocked.read(), wire.Failure("UNBLOCKED force unblock from blocking operation, instance state changed "
                                            "(master -> replica?)"), "the blocked client")
        wait_for_link(replica)
        compare(primary, replica)
        expect(replica.ask("SET", "k", "w"), wire.Failure("READONLY You can't write against a read only replica."), "SET")
        expect(replica.ask("EVAL", "return redis.pcall('SET', 'k', 'w')", 0),
               wire.Failure("READONLY You can't write against a read only replica."), "SET in a script")
        expect(replica.ask("REPLICAOF", "127.0.0.1", primary.port),
               wire.Simple(b"OK Already connected to specified master"), "REPLICAOF again")
        found = replica.ask("ROLE")
        expect(found[:4], [b"slave", b"127.0.0.1", primary.port, b"connected"], "ROLE")
        fields = replica.info()
        for name, wanted in {"role": "slave", "master_host": "127.0.0.1", "master_port": str(primary.port),
                             "master_sync_in_progress": "0", "slave_priority": "100", "slave_read_only": "1",
                             "replica_announced": "1"}.items():
            expect(fields.get(name), wanted, name)
        expect("master_link_down_since_seconds" in fields, False, "a link that is down")
        until(lambda: f"port={replica.port},state=online" in primary.ask("INFO", "replication").decode(), "the primary's list")
        expect(b"flags=M" in replica.ask("CLIENT", "LIST", "TYPE", "master"), True, "CLIENT LIST")
        expect(replica.ask("CLIENT", "KILL", "TYPE", "master"), 1, "CLIENT KILL")
        until(lambda: "Successful partial resynchronization" in replica.log(), "a partial resynchronization")
        wait_for_link(replica)
        compare(primary, replica)
        expect(replica.ask("CONFIG", "SET", "replica-read-only", "no"), wire.Simple(b"OK"), "CONFIG SET")
        expect(replica.ask("SET", "own", "w"), wire.Simple(b"OK"), "SET on a writable replica")
        replica.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
        primary.kill()
        until(lambda: replica.info().get("master_link_status") == "down", "the link is down")
        expect(replica.ask("GET", "k"), wire.Failure("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set "
                                                     "to 'no'."), "GET")
        expect("master_link_down_since_seconds" in replica.info(), True, "a link that is down")
        expect(replica.ask("REPLICAOF", "NO", "ONE"), wire.Simple(b"OK"), "REPLICAOF NO ONE")
        expect(replica.ask("GET", "k"), b"v", "GET after the promotion")
        expect(replica.ask("ROLE")[0], b"master", "ROLE")
        audit(replica)


def expiry(binary, _):
    """Readers never see an expired key, and it stays until the primary removes it."""
    with nodes((REDIS, *DISKLESS), (binary,)) as (primary, replica):
        primary.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        replica.follow(primary)
        wait_for_link(replica)
        primary.client.burst([("SET", "k", "v", "PX", 60), ("SET", "stays", 1)])
        until(lambda: linked.in_step(primary, replica), "the replica has both keys")
        until(lambda: primary.ask("PTTL", "stays") == -1 and replica.ask("GET", "k") is None, "the key has expired")
        expect(replica.ask("DBSIZE"), 2, "keys of the replica")
        expect(replica.ask("EXISTS", "k"), 0, "EXISTS")
        expect(primary.ask("GET", "k"), None, "GET at the primary")
        until(lambda: replica.ask("DBSIZE") == 1, "the primary's removal")


def interruptions(binary, operations):
    """Either side stops or dies; the link is cut again and again."""
    with nodes((REDIS, *DISKLESS, "--repl-backlog-size", "64mb"), (binary,)) as (primary, replica):
        busy = linked.Load(primary, 3)
        replica.follow(primary)
        wait_for_link(replica)
        ending = threading.Event()

        def cut():
            killer = wire.Client(primary.port)
            while not ending.wait(0.05):
                killer.ask("CLIENT", "KILL", "TYPE", "replica")
            killer.close()

        cutter = threading.Thread(target=cut)
        cutter.start()
        busy.run(operations)
        ending.set()
        cutter.join()
        compare(primary, replica)
        replica.halt()
        busy.run(operations // 4)
        replica.go_on()
        compare(primary, replica)
        expect(primary.info("stats")["sync_full"], "1", "full synchronizations")
        replica.kill()
        busy.run(operations // 4)
        replica.start("--replicaof", f"127.0.0.1 {primary.port}")
        compare(primary, replica)
        audit(replica)


def broken_copy(binary, _):
    """A copy that cannot be read leaves the data as it was. A script plays the primary."""
    import socket
    good_head = b"REDIS0010"
    payloads = {"another format": b"RIDES0010\xff" + bytes(8), "too new": b"REDIS0099\xff" + bytes(8),
                "a wrong sum": good_head + b"\xff" + b"12345678", "cut off": good_head + b"\xfe", "no sum, cut off": good_head +
                b"\x00\x01a\x05" + bytes(8)}
    with nodes((binary,)) as (replica,):
        replica.ask("SET", "kept", "value")
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        expect(replica.ask("REPLICAOF", "127.0.0.1", port), wire.Simple(b"OK"), "REPLICAOF")
        for number, (name, payload) in enumerate(payloads.items()):
            link, _ = listener.accept()
            stream = link.makefile("rb")
            answer_until_psync(link, stream)
            head = b"$%d\r\n" % len(payload)
            mark = b""
            if number % 2:
                mark = b"m" * 40
                head = b"$EOF:" + mark + b"\r\n"
            link.sendall(b"+FULLRESYNC " + b"a" * 40 + b" 100\r\n" + head + payload + mark)
            until(lambda: stream.read(1) == b"", f"the link ends after {name}")
            link.close()
            expect(replica.ask("GET", "kept"), b"value", f"the data after {name}")
        replica.ask("REPLICAOF", "NO", "ONE")
        listener.close()
        expect([name for name in os.listdir(replica.folder) if name.endswith(".rdb")], [], "files that are left")
        audit(replica)


def answer_until_psync(link, stream):
    while True:
        count = int(stream.readline()[1:])
        words = [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(count)]
        if words[0].upper() == b"PSYNC":
            return
        link.sendall(b"+PONG\r\n" if words[0].upper() == b"PING" else b"+OK\r\n")


def restart(binary, operations):
    """A replica that ends and starts again with its snapshot continues where it was."""
    with nodes((REDIS, *DISKLESS, "--repl-backlog-size", "64mb"), (binary,)) as (primary, replica):
        busy = linked.Load(primary, 5)
        replica.follow(primary)
        busy.run(operations // 2)
        compare(primary, replica)
        replica.ask("CONFIG", "SET", "save", "3600 1")
        replica.stop()
        busy.run(operations // 2)
        replica.start("--replicaof", f"127.0.0.1 {primary.port}", "--save", "3600 1")
        compare(primary, replica)
        expect(primary.info("stats")["sync_full"], "1", "full synchronizations")


def chain(binary, operations):
    """redis-server, Larder, redis-server; then the first dies and the second is promoted."""
    with nodes((REDIS, *DISKLESS), (binary, *DISKLESS), (REDIS,)) as (first, middle, last):
        busy = linked.Load(first, 7)
        middle.follow(first)
        busy.run(operations // 4)
        wait_for_link(middle)
        last.follow(middle)
        busy.run(operations)
        compare(first, middle)
        until(lambda: last.info().get("slave_repl_offset") == first.info()["master_repl_offset"], "the end of the chain")
        compare(first, middle)
        full = int(middle.info("stats")["sync_full"])
        first.kill()
        middle.ask("REPLICAOF", "NO", "ONE")
        wait_for_link(last)
        busy = linked.Load(middle, 9)
        busy.run(operations // 4)
        compare(middle, last)
        expect(int(middle.info("stats")["sync_full"]), full, "full synchronizations of the last")
        audit(middle)


def journal(binary, operations):
    """A replica with an append-only file has the data after it was killed."""
    with nodes((REDIS, *DISKLESS), (binary, "--appendonly", "yes")) as (primary, replica):
        busy = linked.Load(primary, 11)
        busy.run(operations // 4)
        replica.follow(primary)
        busy.run(operations)
        compare(primary, replica)
        until(lambda: replica.info("persistence")["aof_rewrite_in_progress"] == "0", "the rewritten file")
        primary.client.burst([("SET", "last", "write")])
        compare(primary, replica)
        until(lambda: primary.ask("WAIT", 1, 1000) == 1, "an acknowledgement")
        digest = primary.ask("DEBUG", "DIGEST")
        replica.kill()
        replica.start()
        expect(replica.ask("DEBUG", "DIGEST"), digest, "the data of the file")


def handover(binary, operations):
    """FAILOVER in every direction, without a full synchronization; and its end without a target that answers."""
    for here, there in ((binary, binary), (binary, REDIS), (REDIS, binary)):
        with nodes((here, *DISKLESS), (there, *DISKLESS)) as (primary, replica):
            expect(isinstance(primary.ask("FAILOVER"), wire.Failure), True, "FAILOVER without a replica")
            replica.follow(primary)
            wait_for_link(replica)
            linked.Load(primary, 13).run(operations // 4)
            primary.ask("SELECT", 0)
            expect(primary.ask("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 20000), wire.Simple(b"OK"), "FAILOVER")
            until(lambda: replica.info()["role"] == "master" and primary.info()["role"] == "slave", "the exchange of the roles")
            wait_for_link(primary)
            expect(replica.ask("SET", "after", "failover"), wire.Simple(b"OK"), "SET")
            compare(replica, primary)
            expect(replica.info("stats")["sync_full"], "0", "full synchronizations")
    with nodes((binary, *DISKLESS), (binary,)) as (primary, replica):
        replica.follow(primary)
        wait_for_link(replica)
        until(lambda: "state=online" in primary.ask("INFO", "replication").decode(), "the replica is online")
        replica.halt()
        primary.ask("SET", "k", "v")
        expect(primary.ask("FAILOVER", "TIMEOUT", 300), wire.Simple(b"OK"), "FAILOVER")
        expect(primary.info()["master_failover_state"], "waiting-for-sync", "the state")
        expect(primary.ask("SET", "k", "w"), wire.Simple(b"OK"), "the write that waited")
        expect(primary.info()["master_failover_state"], "no-failover", "the state")
        primary.ask("FAILOVER")
        expect(primary.ask("FAILOVER", "ABORT"), wire.Simple(b"OK"), "ABORT")
        replica.go_on()
        compare(primary, replica)


def log_lines(binary, _):
    """What launchers and monitors look for in the logs of a sync, a lost link, and an exchange of the roles."""
    with nodes((binary, *DISKLESS), (binary, *DISKLESS)) as (primary, replica):
        replica.follow(primary)
        wait_for_link(replica)
        until(lambda: "state=online" in primary.ask("INFO", "replication").decode(), "the replica is online")
        primary.ask("CLIENT", "KILL", "TYPE", "replica")
        until(lambda: "Master accepted a Partial Resynchronization." in replica.log(), "the link is there again")
        until(lambda: "state=online" in primary.ask("INFO", "replication").decode(), "the replica is online again")
        primary.ask("FAILOVER")
        until(lambda: replica.info()["role"] == "master", "the promotion")
        wait_for_link(primary)
        port = primary.port
        primary.kill()
        until(lambda: f"Connection with replica 127.0.0.1:{port} lost." in replica.log(), "the end of the primary")
        of_primary = [f"Replica 127.0.0.1:{replica.port} asks for synchronization", "Starting BGSAVE for SYNC with target: replicas sockets",
                      "Background RDB transfer started", "Diskless rdb transfer, done reading from pipe, 1 replicas still up.",
                      f"Synchronization with replica 127.0.0.1:{replica.port} succeeded",
                      f"Connection with replica 127.0.0.1:{replica.port} lost.", "FAILOVER requested to any replica.",
                      f"Failover target 127.0.0.1:{replica.port} is synced, failing over.", "Before turning into a replica"]
        of_replica = ["MASTER <-> REPLICA sync: Loading DB in memory", "MASTER <-> REPLICA sync: Finished with success",
                      "Connection with master lost.", "Caching the disconnected master state.",
                      "Successful partial resynchronization with master.", "Failover request received for replid",
                      "Connection with master lost.", "Setting secondary replication ID to",
                      "MASTER MODE enabled (failover request from 'id="]
        for node, lines in ((primary, of_primary), (replica, of_replica)):
            left = node.log()
            for line in lines:
                expect(line in left, True, f"{line!r} in the log")
                left = left.split(line, 1)[1]


def secured(binary, operations):
    """TLS, a user with a password, a host name, and a source address."""
    import certificates
    with certificates.folder() as folder:
        secrets = ["--tls-replication", "yes", *certificates.options(folder)]
        with nodes((binary, *secrets, "--tls-port", str(server.free_port()), *DISKLESS),
                   (binary, *secrets, "--tls-port", str(server.free_port()), "--masteruser", "link", "--bind-source-addr",
                    "127.0.0.1")) as (primary, replica):
            primary.ask("ACL", "SETUSER", "link", "on", ">secret", "+psync", "+replconf", "+ping")
            port = primary.ask("CONFIG", "GET", "tls-port")[1]
            replica.ask("REPLICAOF", "localhost", port)
            replica.ask("CONFIG", "SET", "masterauth", "wrong")
            until(lambda: "Unable to AUTH to MASTER" in replica.log(), "a refusal")
            replica.ask("CONFIG", "SET", "masterauth", "secret")
            linked.Load(primary, 15).run(operations // 4)
            wait_for_link(replica)
            compare(primary, replica)
            audit(replica)


TESTS = [disk_to_disk, of_larder, diskless_to_disk, diskless_to_diskless, disk_to_diskless, beside, served_beside, own_deadlines,
         role, expiry, interruptions, broken_copy, larger_copy, promotion, restart, chain, journal, handover, log_lines,
         secured]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only", default="")
    parser.add_argument("--operations", type=int, default=4000)
    arguments = parser.parse_args()
    if shutil.which(REDIS) is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    wanted = arguments.only.split(",") if arguments.only else [test.__name__ for test in TESTS]
    for test in TESTS:
        if test.__name__ in wanted:
            began = time.time()
            test(arguments.binary, arguments.operations)
            print(f"{test.__name__}: good ({time.time() - began:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
