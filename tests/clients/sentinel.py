#!/usr/bin/env python3
"""Three Sentinels (redis-server --sentinel) watch BINARY with two replicas. The primary is killed: one of the replicas is
promoted, the others follow it, and no write is lost that WAIT has confirmed on both. The killed server comes back as a replica.

Usage: sentinel.py BINARY [--rounds N]
"""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import server
import wire
from linked import compare, nodes, until, wait_for_link

SKIPPED = 77
DOWN_AFTER_MS = 1000
CONFIGURATION = """port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor larder 127.0.0.1 {primary} 2
sentinel down-after-milliseconds larder {down_after}
sentinel failover-timeout larder 10000
sentinel parallel-syncs larder 2
"""


class Sentinel:
    def __init__(self, primary):
        self.folder = tempfile.mkdtemp(prefix="sentinel-")
        self.port = server.free_port()
        path = os.path.join(self.folder, "sentinel.conf")
        with open(path, "w") as file:
            file.write(CONFIGURATION.format(port=self.port, folder=self.folder, primary=primary, down_after=DOWN_AFTER_MS))
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["redis-server", path, "--sentinel"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)

    def ask(self, *words):
        with contextlib.closing(wire.Client(self.port)) as client:
            return client.ask(*words)

    def primary_port(self):
        return int(self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "larder")[1])

    def knows_all(self):
        with contextlib.suppress(OSError):
            words = self.ask("SENTINEL", "MASTER", "larder")
            found = dict(zip(words[0::2], words[1::2]))
            return found[b"num-slaves"] == b"2" and found[b"num-other-sentinels"] == b"2" and found[b"flags"] == b"master"
        return False

    def close(self):
        self.process.kill()
        self.process.wait()
        with open(self.log_path, errors="replace") as file:
            text = file.read()
        shutil.rmtree(self.folder, ignore_errors=True)
        return text


def confirmed_writes(primary, count):
    """The numbers whose writes both replicas have."""
    found = []
    for number in range(count):
        primary.ask("SET", f"write:{number}", number)
        if primary.ask("WAIT", 2, 1000) == 2:
            found.append(number)
    return found


def file_of(node):
    with open(node.file_path) as file:
        return file.read()


def one_round(binary):
    with nodes(*[(binary, "--repl-diskless-sync-delay", "0")] * 3) as every:
        for node in every:
            # Sentinel has the servers write down their roles.
            node.stop()
            node.start_with_file()
        primary, *others = every
        for node in others:
            node.follow(primary)
        for node in others:
            wait_for_link(node)
        sentinels = [Sentinel(primary.port) for _ in range(3)]
        try:
            until(lambda: all(one.knows_all() for one in sentinels), "the Sentinels know all servers")
            confirmed = confirmed_writes(primary, 200)
            if len(confirmed) < 200:
                raise SystemExit(f"only {len(confirmed)} writes of 200 were confirmed")
            primary.kill()
            began = time.monotonic()
            promoted = until(lambda: next((node for node in others if node.info()["role"] == "master"), None), "a promotion")
            took = time.monotonic() - began
            other = next(node for node in others if node is not promoted)
            until(lambda: all(one.primary_port() == promoted.port for one in sentinels), "all Sentinels know the new primary")
            until(lambda: other.info().get("master_port") == str(promoted.port), "the other replica follows")
            wait_for_link(other)
            lost = [number for number in confirmed if promoted.ask("GET", f"write:{number}") != str(number).encode()]
            if lost:
                raise SystemExit(f"lost: {lost}")
            promoted.ask("SET", "after", "failover")
            compare(promoted, other)
            primary.start_with_file()
            until(lambda: primary.info()["role"] == "slave", "the killed server is made a replica")
            wait_for_link(primary)
            compare(promoted, primary)
            # Sentinel has them rewritten at some time after the roles have changed.
            until(lambda: "replicaof" not in file_of(promoted), "the promoted server would start as a primary")
            until(lambda: f"replicaof 127.0.0.1 {promoted.port}" in file_of(other), "the replica's file names the new primary")
        except BaseException:
            for one in sentinels:
                print(one.close()[-1500:])
            raise
        for one in sentinels:
            one.close()
        return took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    if shutil.which("redis-server") is None:
        print("skipped: redis-server is not installed")
        return SKIPPED
    for _ in range(arguments.rounds):
        print(f"promoted {one_round(arguments.binary):.2f} s after the primary was killed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
