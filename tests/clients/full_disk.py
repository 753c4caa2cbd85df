#!/usr/bin/env python3
"""An append-only file on a file system of 64 MB that fills up and is freed again: writes are refused, or with `always` not
acknowledged, while it is full; reads go on; rewrites and snapshots fail without harm; and after kill -9 every acknowledged
write is there.

Usage: full_disk.py BINARY
"""
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from aof_server import AofServer
import wire

SKIPPED = 77
LARDER = None
BYTES = 64 << 20
ROOM = 2 << 20  # left free at the beginning
SECONDS = 60


def mount(folder):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "none", folder], capture_output=True).returncode == 0


def can_mount():
    folder = tempfile.mkdtemp(prefix="full-")
    try:
        if not mount(folder):
            return False
        subprocess.run(["umount", folder], check=True)
        return True
    finally:
        os.rmdir(folder)


def value(n):
    """A text that cannot be compressed."""
    return b"%d:" % n + random.Random(n).randbytes(20_000)


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="full-")
        self.assertTrue(mount(self.folder))
        self.addCleanup(os.rmdir, self.folder)
        self.addCleanup(subprocess.run, ["umount", self.folder], check=True)
        self.filler = os.path.join(self.folder, "filler")
        self.acknowledged = 0

    def server(self, policy):
        server = AofServer(LARDER, "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0",
                           folder=os.path.join(self.folder, "data"))
        os.mkdir(server.folder)
        self.addCleanup(server.remove)
        return server.start()

    def fill(self):
        free = shutil.disk_usage(self.folder).free
        with open(self.filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - ROOM)

    def until(self, what, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)

    def write(self, client):
        """The error, if it is refused."""
        answer = client.ask("SET", f"key:{self.acknowledged}", value(self.acknowledged))
        if isinstance(answer, wire.Failure):
            return answer
        self.acknowledged += 1
        return None

    def write_many(self, client):
        for _ in range(100):
            self.assertIsNone(self.write(client))

    def check_full(self, server):
        """What holds while it is full."""
        reader = server.client()
        self.assertEqual(reader.ask("GET", "key:1"), value(1))
        refusal = "MISCONF Errors writing to the AOF file: No space left on device"
        self.assertEqual(reader.ask("SET", "other", 1), refusal)
        self.assertEqual(reader.ask("PING"), refusal)
        self.assertEqual(server.rewrite()[1], "err")
        reader.ask("BGSAVE")
        self.assertTrue(server.wait_info("rdb_last_bgsave_status", "err"))
        self.assertEqual([name for name in os.listdir(server.folder) if name.startswith("temp-")], [])
        reader.close()

    def check_end(self, server):
        """After the space was freed."""
        client = server.client()
        self.until("writes are still refused", lambda: self.write(client) is None)
        self.write_many(client)
        self.assertEqual(server.info("aof_last_write_status"), "ok")
        server.kill()
        server.start()
        client = server.client()
        for n in range(self.acknowledged):
            self.assertEqual(client.ask("GET", f"key:{n}"), value(n))
        self.assertEqual(client.ask("DBSIZE"), self.acknowledged)
        self.assertEqual(server.rewrite()[1], "ok")
        client.close()
        server.stop()

    def test_everysec(self):
        server = self.server("everysec")
        client = server.client()
        self.fill()
        self.until("no write was refused", lambda: self.write(client))
        self.check_full(server)
        os.unlink(self.filler)
        self.check_end(server)

    def test_always(self):
        server = self.server("always")
        client = server.client()
        self.fill()
        for _ in range(100_000):
            client.link.sendall(wire.encode(["SET", f"key:{self.acknowledged}", value(self.acknowledged)]))
            while not select.select([client.link], [], [], 0.1)[0]:
                if server.info("aof_last_write_status") == "err":
                    break
            else:
                self.assertEqual(client.read(), b"OK")
                self.acknowledged += 1
                continue
            break
        self.check_full(server)
        self.assertEqual(select.select([client.link], [], [], 0.3)[0], [])
        os.unlink(self.filler)
        self.assertEqual(client.read(), b"OK")
        self.acknowledged += 1
        self.check_end(server)


if __name__ == "__main__":
    LARDER = sys.argv.pop(1)
    if not can_mount():
        print("a file system cannot be mounted")
        sys.exit(SKIPPED)
    unittest.main()
