#!/usr/bin/env python3
"""Replies of BINARY and of an installed redis-server side by side: scripts in transactions on a replica, commands behind SYNC in
the same packet, fields and directives of replication; and WAITAOF in every combination of append-only files.

Usage: replication_replies.py BINARY [--only NAME]
"""
import argparse
import shutil
import socket
import sys
import time

import linked
import wire
from linked import nodes, until, wait_for_link

SKIPPED = 77
REDIS = "redis-server"
PRIMARY = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
LIBRARY = ("#!lua name=lib\nredis.register_function{function_name='reads', flags={'no-writes'}, callback=function(keys) "
           "return redis.call('GET', keys[1]) end}\nredis.register_function('writes', function(keys) "
           "return redis.call('SET', keys[1], 'x') end)")
WRITES, READS = "return redis.call('SET', KEYS[1], 'x')", "return redis.call('GET', KEYS[1])"
SCRIPTS = [prefix + body for prefix in ("", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-stale\n", "#!lua flags=nosuch\n")
           for body in (WRITES, READS)]


def expect(found, wanted, what):
    if repr(found) != repr(wanted):
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")



def queued_scripts(binary):
    """Which scripts a replica refuses to queue, and which fail in EXEC."""
    def replies(server):
        found = []
        with nodes((server,)) as (node,):
            node.ask("SET", "k", "v")
            node.ask("FUNCTION", "LOAD", LIBRARY)
            names = [node.ask("SCRIPT", "LOAD", script) for script in SCRIPTS]
            calls = [("EVAL", script, 1, "k") for script in SCRIPTS]
            calls += [("EVALSHA", name, 1, "k") for name in names if isinstance(name, bytes)]
            calls += [("EVAL_RO", script, 1, "k") for script in SCRIPTS]
            calls += [("EVALSHA", "0" * 40, 1, "k"), ("EVALSHA", "x", 1, "k")]
            calls += [(command, name, 1, "k") for command in ("FCALL", "FCALL_RO") for name in ("reads", "writes", "nosuch")]
            node.ask("REPLICAOF", "127.0.0.1", 1)
            for stale in ("yes", "no"):
                node.ask("CONFIG", "SET", "replica-serve-stale-data", stale)
                for call in calls:
                    found.append((stale, call, node.client.burst([("MULTI",), call, ("EXEC",)])[:2]))
                    node.client.burst([("MULTI",), ("DISCARD",)])
        return found
    for ours, theirs in zip(replies(binary), replies(REDIS)):
        expect(ours, theirs, "a queued script")


def behind_sync(binary):
    """A command with a reply behind SYNC ends the connection, and nothing is sent."""
    for server in (binary, REDIS):
        with nodes((server, *PRIMARY)) as (primary,):
            for command in (["PING"], ["GET", "k"], ["REPLCONF", "rdb-only", "1"], ["MULTI"]):
                with socket.create_connection(("127.0.0.1", primary.port)) as link:
                    link.settimeout(30)
                    link.sendall(wire.encode(["SYNC"]) + wire.encode(command))
                    sent = b""
                    while part := link.recv(4096):
                        sent += part
                    expect(sent.strip(b"\n"), b"", f"what {server} sends for {command}")
            name = "Replica generated a reply to command 'ping', disconnecting it: "
            if name not in primary.log():
                raise SystemExit(f"{server}: no line in the log")
            expect(primary.ask("PING"), wire.Simple(b"PONG"), "another client")


def states(binary):
    """Fields and directives of a replica that never had a link."""
    def replies(server):
        with nodes((server,)) as (node,):
            found = [node.ask("CONFIG", "SET", "repl-backlog-size", 1), node.ask("CONFIG", "GET", "repl-backlog-size"),
                     node.ask("REPLICAOF", "LOCALHOST", 1), node.ask("REPLICAOF", "localhost", 1)]
            info = node.info()
            return found + [info[name] for name in ("repl_backlog_active", "repl_backlog_size", "repl_backlog_histlen")]
    expect(replies(binary), replies(REDIS), "states")
    with nodes((binary,)) as (node,):
        node.ask("REPLICAOF", "", 1)
        expect(node.ask("CONFIG", "GET", "replicaof"), [b"replicaof", b" 1"], "a primary without a name")
    with nodes((binary, *PRIMARY), (binary,)) as (primary, replica):
        primary.ask("CONFIG", "SET", "requirepass", "secret")
        replica.follow(primary)
        text = "MASTER aborted replication with an error: NOAUTH"
        until(lambda: text in replica.log(), "the log names the error")


def copy_state(binary):
    """While a diskless copy is sent, the replica's state is that of a snapshot that is being written."""
    for server in (binary, REDIS):
        with nodes((server, *PRIMARY, "--rdb-key-save-delay", "2000")) as (primary,):
            primary.ask("DEBUG", "POPULATE", 3000, "key", 1000)
            with socket.create_connection(("127.0.0.1", primary.port)) as link:
                link.sendall(wire.encode(["REPLCONF", "capa", "eof"]))
                expect(link.recv(64), b"+OK\r\n", "REPLCONF")
                link.sendall(wire.encode(["PSYNC", "?", "-1"]))
                sent = b""
                while b"$EOF:" not in sent:
                    sent += link.recv(4096)
                expect("state=wait_bgsave" in primary.info()["slave0"], True, f"the state: {primary.info()}")


def waitaof(binary):
    """WAITAOF counts the replicas whose append-only file has the writes, whatever the policies are."""
    policies = [("no", "always"), ("yes", "everysec"), ("yes", "always"), ("yes", "no")]
    for own, own_policy in policies:
        options = (*PRIMARY, "--appendonly", own, "--appendfsync", own_policy)
        with nodes((binary, *options), *[(binary, "--appendonly", on, "--appendfsync", policy) for on, policy in policies]) as every:
            primary, off, everysec, always, never = every
            for replica in every[1:]:
                replica.follow(primary)
                wait_for_link(replica)
            for replica in (everysec, always, never):
                until(lambda replica=replica: replica.info("persistence")["aof_rewrite_in_progress"] == "0", "its file")
            primary.ask("SET", "k", 1)
            here = 1 if own == "yes" and own_policy != "no" else 0
            expect(primary.ask("WAITAOF", 0, 2, 0)[1] >= 2, True, "two replicas have it on disk")
            expect(primary.ask("WAITAOF", 0, 3, 200)[1], 2, "those that sync")
            if own == "no":
                text = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
                expect(primary.ask("WAITAOF", 1, 0, 0), wire.Failure(text), "WAITAOF without a file")
                expect(primary.ask("WAITAOF", 0, 0, 0)[0], 0, "no file here")
            elif here:
                primary.ask("SET", "k", 2)
                expect(primary.ask("WAITAOF", 1, 2, 0), [1, 2], "here and there")
            everysec.halt()
            always.halt()
            primary.ask("SET", "k", 3)
            expect(primary.ask("WAITAOF", 0, 1, 200)[1], 0, "replicas that stand still")
            replies = primary.client.burst([("MULTI",), ("WAITAOF", 0, 2, 0), ("EXEC",)])
            expect(replies[2][0][1], 0, "in a transaction it does not wait")
            expect(primary.ask("EVAL", "return redis.call('WAITAOF', 0, 2, 0)", 0)[1], 0, "nor in a script")
            always.go_on()
            expect(primary.ask("WAITAOF", 0, 1, 0)[1], 1, "one continues")
            everysec.go_on()
            for arguments, text in (((2, 0, 0), "ERR value is out of range, value must between 0 and 1"),
                                    (("x", 0, 0), "ERR value is not an integer or out of range"),
                                    ((0, -1, 0), "ERR value is out of range, must be positive"),
                                    ((0, 0, -1), "ERR timeout is negative")):
                expect(primary.ask("WAITAOF", *arguments), wire.Failure(text), f"WAITAOF {arguments}")
            expect("replica instances" in str(always.ask("WAITAOF", 0, 0, 0)), True, "on a replica")
            linked.audit(primary)


TESTS = [queued_scripts, behind_sync, states, copy_state, waitaof]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--only")
    options = parser.parse_args()
    if shutil.which(REDIS) is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    for test in TESTS:
        if options.only in (None, test.__name__):
            began = time.monotonic()
            test(options.binary)
            print(f"{test.__name__}: {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
