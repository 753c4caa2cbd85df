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
        # The key changes while it is on its way.
        here.client.link.sendall(wire.encode(["MIGRATE", "127.0.0.1", listener.getsockname()[1], "k", 0, 30000]))
        link, _ = listener.accept()
        link.recv(4096)
        other.ask("SET", "k", "changed")
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


def main():
    binary = sys.argv[1]
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    moves(binary, "redis-server")
    moves(binary, binary)
    silent_target(binary)
    print("all keys arrived")
    return 0


if __name__ == "__main__":
    sys.exit(main())
