#!/usr/bin/env python3
"""MIGRATE from BINARY to an installed redis-server and to itself: values of all types, options, errors; other clients are
served while the target does not answer.

Usage: migrate.py BINARY
"""
import shutil
import socket
import sys
import time

import linked
import wire
from linked import audit, nodes

SKIPPED = 77


def expect(found, wanted, what):
    if repr(found) != repr(wanted):
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")


def moves(binary, target_binary):
    with nodes((binary,), (target_binary,)) as (here, there):
        load = linked.Load(here, 21)
        load.run(3000)
        here.ask("SELECT", 0)
        here.client.burst([("SET", "with:ttl", "v", "EX", 1000), ("SET", "large", "x" * 3_000_000), ("DEL", "string", "other")])
        names = [name for name in here.ask("KEYS", "*") if here.ask("PTTL", name) == -1 or name == b"with:ttl"]
        digests = {name: here.ask("DEBUG", "DIGEST-VALUE", name)[0] for name in names}
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, names[0], 0, 5000, "COPY"), wire.Simple(b"OK"), "one key, copied")
        expect(here.ask("EXISTS", names[0]), 1, "the copied key")
        answer = here.ask("MIGRATE", "127.0.0.1", there.port, "", 0, 5000, "KEYS", *names)
        expect(answer, wire.Failure("ERR Target instance replied with error: BUSYKEY Target key name already exists."), "BUSYKEY")
        expect(here.ask("EXISTS", *names), 1, "the keys that stay")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, names[0], 0, 5000, "REPLACE"), wire.Simple(b"OK"), "REPLACE")
        expect(here.ask("EXISTS", *names), 0, "the keys here")
        for name, digest in digests.items():
            expect(there.ask("DEBUG", "DIGEST-VALUE", name)[0], digest, f"the value of {name}")
        if not 990 < there.ask("TTL", "with:ttl") <= 1000:
            raise SystemExit("the deadline did not arrive")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, "none", 0, 1000), wire.Simple(b"NOKEY"), "no key")
        here.ask("SET", "k", "v")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, "k", 3, 1000), wire.Simple(b"OK"), "another database")
        there.ask("SELECT", 3)
        expect(there.ask("GET", "k"), b"v", "the value there")
        there.ask("CONFIG", "SET", "requirepass", "secret")
        here.ask("SET", "k", "v")
        answer = here.ask("MIGRATE", "127.0.0.1", there.port, "k", 0, 1000)
        expect(answer, wire.Failure("ERR Target instance replied with error: NOAUTH Authentication required."), "no password")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, "k", 0, 1000, "AUTH", "secret"), wire.Simple(b"OK"), "AUTH")
        here.ask("SET", "k", "v")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, "k", 0, 1000, "REPLACE", "AUTH2", "default", "secret"),
               wire.Simple(b"OK"), "AUTH2")
        expect(here.ask("MIGRATE", "127.0.0.1", there.port, "k", 0, 1000, "KEYS", "k"),
               wire.Failure("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"), "KEYS")
        audit(here)


def silent_target(binary):
    with nodes((binary,)) as (here,), socket.create_server(("127.0.0.1", 0)) as listener:
        here.ask("SET", "k", "v")
        other = wire.Client(here.port)
        here.client.link.sendall(wire.encode(["MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 1500]))
        link, _ = listener.accept()
        began = time.monotonic()
        for _ in range(100):
            expect(other.ask("PING"), wire.Simple(b"PONG"), "another client")
        if time.monotonic() - began > 1:
            raise SystemExit("the other client waited")
        expect(here.client.read(), wire.Failure("IOERR error or timeout reading from target instance"), "the silent target")
        expect(here.ask("GET", "k"), b"v", "the key")
        link.close()
        # A script that did not declare the key changes it on its way.
        here.client.link.sendall(wire.encode(["MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 30000]))
        link, _ = listener.accept()
        link.recv(4096)
        other.ask("EVAL", "redis.call('SET', 'k', 'changed')", 0)
        link.sendall(b"+OK\r\n")
        answer = here.client.read()
        expect(isinstance(answer, wire.Failure) and "has changed" in answer, True, f"the changed key ({answer!r})")
        expect(here.ask("GET", "k"), b"changed", "the changed key")
        link.close()
        port = listener.getsockname()[1]
        listener.close()
        expect(here.ask("MIGRATE", "127.0.0.1", port, "k", 0, 1000),
               wire.Failure("IOERR error or timeout connecting to the client"), "no target")
        answers = here.client.burst([("MULTI",), ("MIGRATE", "127.0.0.1", port, "k", 0, 1000), ("EXEC",)])
        expect(isinstance(answers[2][0], wire.Failure), True, "MIGRATE in a transaction")
        audit(here)


class Target:
    """A server that answers when the test says so."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.links = []

    def take(self, client, *keys, options=(), timeout=60_000):
        """The client sends MIGRATE; returns when its first bytes are here."""
        client.link.sendall(wire.encode(["MIGRATE", "127.0.0.1", self.port, "", 0, timeout, *options, "KEYS", *keys]))
        link, _ = self.listener.accept()
        link.recv(4096)
        self.links.append(link)
        return link


def delayed(here):
    """The last commands of the clients that wait."""
    lines = here.ask("CLIENT", "LIST").decode().splitlines()
    fields = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
    return sorted(each["cmd"] for each in fields if "b" in each["flags"])


def waits_with(here, *commands):
    linked.until(lambda: delayed(here) == sorted(commands), f"the delayed commands are {commands}")


def held_keys(binary):
    """Writes to a key wait while MIGRATE sends it; reads and other keys do not."""
    with nodes((binary,)) as (here,):
        target = Target()
        mover, second, writer, flusher, script, transaction = (wire.Client(here.port) for _ in range(6))
        here.client.burst([("SET", "k", "v"), ("SET", "other", "v"), ("SET", "free", "v"), ("RPUSH", "list", "a")])
        link = target.take(mover, "k")
        writer.link.sendall(wire.encode(["APPEND", "k", "w"]))
        flusher.link.sendall(wire.encode(["FLUSHALL"]))
        script.link.sendall(wire.encode(["EVAL", "return redis.call('APPEND', KEYS[1], 's')", 1, "k"]))
        transaction.link.sendall(b"".join(map(wire.encode, (["MULTI"], ["INCR", "n"], ["APPEND", "k", "t"], ["EXEC"]))))
        waits_with(here, "migrate", "append", "flushall", "eval", "exec")
        expect(here.ask("GET", "k"), b"v", "a read of the key")
        expect(here.ask("APPEND", "free", "w"), 2, "another key")
        expect(here.ask("EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "k"), b"v", "a script that reads")
        expect(here.ask("EVAL", "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", 1, "k"), b"v", "one that says so")
        expect(here.client.burst([("MULTI",), ("GET", "k"), ("INCR", "n"), ("EXEC",)])[3], [b"v", 1], "a transaction beside it")
        # Another MIGRATE of another key runs beside it, one of the same key after it.
        other = target.take(second, "other")
        other.sendall(b"+OK\r\n")
        expect(second.read(), wire.Simple(b"OK"), "MIGRATE of another key")
        expect(here.ask("EXISTS", "other"), 0, "the other key")
        second.link.sendall(wire.encode(["MIGRATE", "127.0.0.1", target.port, "k", 0, 60_000]))
        waits_with(here, "migrate", "migrate", "append", "flushall", "eval", "exec")
        link.sendall(b"+OK\r\n")
        expect(mover.read(), wire.Simple(b"OK"), "MIGRATE")
        # The key is gone; the others continue in the order in which they came.
        expect(writer.read(), 1, "APPEND")
        expect(flusher.read(), wire.Simple(b"OK"), "FLUSHALL")
        expect(script.read(), 1, "the script")
        expect([transaction.read() for _ in range(4)][3], [1, 2], "the transaction")
        link, _ = target.listener.accept()
        link.recv(4096)
        link.sendall(b"-ERR full\r\n")
        expect(second.read(), wire.Failure("ERR Target instance replied with error: ERR full"), "the second MIGRATE")
        expect(here.ask("GET", "k"), b"st", "the key that stays")
        audit(here)


def held_until_the_end(binary):
    """Keys are free again after a timeout, and when the client has gone; removals do not wait."""
    with nodes((binary,)) as (here,):
        target = Target()
        mover, writer = wire.Client(here.port), wire.Client(here.port)
        here.ask("SET", "k", "v")
        target.take(mover, "k", timeout=1000)
        writer.link.sendall(wire.encode(["APPEND", "k", "w"]))
        expect(mover.read(), wire.Failure("IOERR error or timeout reading from target instance"), "the timeout")
        expect(writer.read(), 2, "APPEND after the timeout")
        # The client goes; its MIGRATE ends as if it were there.
        link = target.take(mover, "k")
        mover.close()
        writer.link.sendall(wire.encode(["APPEND", "k", "w"]))
        waits_with(here, "append")
        link.sendall(b"+OK\r\n")
        expect(writer.read(), 1, "APPEND after the client has gone")
        # The key stays after a copy.
        mover = wire.Client(here.port)
        link = target.take(mover, "k", options=["COPY"])
        writer.link.sendall(wire.encode(["APPEND", "k", "w"]))
        waits_with(here, "append", "migrate")
        link.sendall(b"+OK\r\n")
        expect(mover.read(), wire.Simple(b"OK"), "MIGRATE COPY")
        expect(writer.read(), 2, "APPEND after the copy")
        # A key that expires, and one that is evicted, while they are sent.
        here.client.burst([("SET", "k", "v", "PX", 300), ("SET", "evicted", "v")])
        link = target.take(mover, "k", "evicted")
        linked.until(lambda: here.ask("EXISTS", "k") == 0, "the key expires")
        here.client.burst([("CONFIG", "SET", "maxmemory-policy", "allkeys-random"), ("CONFIG", "SET", "maxmemory", 1)])
        linked.until(lambda: here.ask("DBSIZE") == 0, "the key is evicted")
        here.ask("CONFIG", "SET", "maxmemory", 0)
        link.sendall(b"+OK\r\n+OK\r\n")
        expect(mover.read(), wire.Simple(b"OK"), "MIGRATE of keys that went")
        audit(here)


def main():
    binary = sys.argv[1]
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    moves(binary, "redis-server")
    moves(binary, binary)
    silent_target(binary)
    held_keys(binary)
    held_until_the_end(binary)
    print("all keys arrived")
    return 0


if __name__ == "__main__":
    sys.exit(main())
