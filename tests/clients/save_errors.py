#!/usr/bin/env python3
"""What follows a snapshot that cannot be written: BINARY and an installed redis-server refuse the same commands with the
same errors, by stop-writes-on-bgsave-error and the save points.

Usage: save_errors.py BINARY
"""
import os
import shutil
import sys
import time

import server
import wire

SKIPPED = 77
COMMANDS = [
    "PING", "GET a", "SET a 1", "DEL a", "EXPIRE a 100", "PUBLISH channel text", "FLUSHALL", "SWAPDB 0 1", "BLPOP a 1",
    "SORT a", "PFCOUNT a", "OBJECT ENCODING a", "CONFIG GET save", "MULTI", "GET a", "EXEC", "MULTI", "PING", "EXEC",
    "MULTI", "GET a", "SET a 2", "EXEC", "EXEC", "DISCARD", "GET a",
]
SETTINGS = [
    ("stop-writes-on-bgsave-error", "no"), ("stop-writes-on-bgsave-error", "yes"), ("save", ""), ("save", "100 1000"),
]


def break_saving(client, folder):
    """The working folder is removed, and then a snapshot in the background fails."""
    client.ask("SET", "a", "before")
    shutil.rmtree(folder)
    client.ask("MULTI"), client.ask("SET", "a", "queued before")
    other = wire.Client(client.link.getpeername()[1])
    other.ask("BGSAVE")
    for _ in range(500):
        if b"rdb_last_bgsave_status:err" in other.ask("INFO", "persistence"):
            return
        time.sleep(0.01)
    raise SystemExit("no snapshot failed")


def replies(binary):
    folder = f"/tmp/save-errors-{os.getpid()}"
    os.mkdir(folder)
    found = []
    with server.running(binary, "--dir", folder, "--save", "3600 1000000") as port:
        client = wire.Client(port)
        break_saving(client, folder)
        found.append(("EXEC", client.ask("EXEC")))
        found += [(line, client.ask(*line.split())) for line in COMMANDS]
        for name, value in SETTINGS:
            found.append(((name, value), client.ask("CONFIG", "SET", name, value)))
            found += [(line, client.ask(*line.split())) for line in ("SET a 3", "PING")]
        client.ask("CONFIG", "SET", "save", "")  # otherwise it would not end
        client.close()
    shutil.rmtree(folder, ignore_errors=True)
    return found


def main():
    reference = shutil.which("redis-server")
    if reference is None:
        print("redis-server is not installed: nothing to compare with")
        return SKIPPED
    ours, theirs = replies(sys.argv[1]), replies(reference)
    wrong = [f"{name}: Larder {ours_!r}, redis-server {theirs_!r}"
             for (name, ours_), (_, theirs_) in zip(ours, theirs) if repr(ours_) != repr(theirs_)]
    print("\n".join(wrong) or f"{len(ours)} replies after a failed snapshot: all the same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
