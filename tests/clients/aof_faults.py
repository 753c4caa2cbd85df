#!/usr/bin/env python3
"""The append-only file on a disk that fails: strace lets single calls of the server fail. Writes are refused at once, reads go on,
the server resumes by itself, and after kill -9 every acknowledged write is there.

Usage: aof_faults.py BINARY
"""
import shutil
import subprocess
import sys
import time
import unittest

from aof_server import AofServer
import wire

SKIPPED = 77
LARDER = None
STRACE = shutil.which("strace")


def can_trace():
    return STRACE and subprocess.run([STRACE, "-o", "/dev/null", "true"], capture_output=True).returncode == 0


class Faults(unittest.TestCase):
    def server(self, fault, *options):
        """A server one of whose calls fails as `fault` says, an --inject of strace."""
        server = AofServer(LARDER, *options)
        self.addCleanup(server.remove)
        # strace counts the calls of each thread; the first start makes the files in the main thread.
        server.start().stop()
        call = fault.split(":")[0]
        server.start(prefix=[STRACE, "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={fault}"])
        # The process is a child of strace.
        pid = [line for line in server.ask("INFO", "server").decode().splitlines() if line.startswith("process_id:")][0]
        self.pid = int(pid.split(":")[1])
        return server

    def kill(self, server):
        subprocess.run(["kill", "-9", str(self.pid)], check=True)
        server.process.wait()

    def write_until_refused(self, client, seconds=20):
        """Numbers that were acknowledged, the error, and what PING and INFO say in the same turn."""
        acknowledged, began = [], time.monotonic()
        while time.monotonic() - began < seconds:
            n = len(acknowledged) + 1
            client.link.sendall(wire.encode(["RPUSH", "list", n]) + wire.encode(["PING"]) +
                                wire.encode(["INFO", "persistence"]))
            answer, ping, info = client.read(), client.read(), client.read()
            if isinstance(answer, wire.Failure):
                return acknowledged, answer, ping, info
            acknowledged.append(n)
            time.sleep(0.01)
        self.fail("no write was refused")

    def resumes(self, client, acknowledged, seconds=30):
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            answer = client.ask("RPUSH", "list", len(acknowledged) + 1)
            if not isinstance(answer, wire.Failure):
                acknowledged.append(len(acknowledged) + 1)
                return
            time.sleep(0.1)
        self.fail("writes are still refused")

    def check(self, fault, expected, *options):
        server = self.server(fault, *options)
        client = server.client()
        acknowledged, error, ping, info = self.write_until_refused(client)
        self.assertTrue(error.startswith("MISCONF Errors writing to the AOF file: " + expected), error)
        self.assertTrue(ping.startswith("MISCONF"), ping)
        self.assertIn(b"aof_last_write_status:err", info)
        self.assertEqual(client.ask("LLEN", "list"), len(acknowledged))
        self.resumes(client, acknowledged)
        self.assertEqual(server.info("aof_last_write_status"), "ok")
        for _ in range(5):
            client.ask("RPUSH", "list", len(acknowledged) + 1)
            acknowledged.append(len(acknowledged) + 1)
        self.kill(server)
        server.start()
        self.assertEqual([int(item) for item in server.ask("LRANGE", "list", 0, -1)], acknowledged)
        server.stop()
        return server

    def test_a_full_disk(self):
        server = self.check("pwritev:error=ENOSPC:when=4..6", "No space left on device", "--appendfsync", "everysec")
        self.assertIn("AOF write error looks solved", server.log())

    def test_an_input_output_error(self):
        self.check("pwritev:error=EIO:when=3", "Input/output error", "--appendfsync", "no")

    def test_a_failed_sync_makes_new_files(self):
        server = self.check("fdatasync:error=EIO:when=3", "Input/output error", "--appendfsync", "everysec")
        self.assertIn(b"appendonly.aof.2.base.rdb", server.read("appendonly.aof.manifest"))

    def test_always_holds_replies_while_the_disk_is_full(self):
        server = self.server("pwritev:error=ENOSPC:when=2..3", "--appendfsync", "always")
        client, reader = server.client(), server.client()
        self.assertEqual(client.ask("SET", "a", 1), b"OK")
        client.link.sendall(wire.encode(["SET", "b", 2]))
        time.sleep(0.3)
        self.assertEqual(reader.ask("GET", "a"), b"1")
        self.assertTrue(reader.ask("SET", "c", 3).startswith("MISCONF"))
        # The reply comes when the write is on disk.
        self.assertEqual(client.read(), b"OK")
        self.kill(server)
        server.start()
        self.assertEqual(server.ask("MGET", "a", "b", "c"), [b"1", b"2", None])

    def test_a_failed_sync_under_always_acknowledges_nothing(self):
        server = self.server("fdatasync:error=EIO:when=2", "--appendfsync", "always")
        client = server.client()
        self.assertEqual(client.ask("SET", "a", 1), b"OK")
        self.assertEqual(client.ask("SET", "b", 2), b"OK")
        self.assertIn(b"appendonly.aof.2.base.rdb", server.read("appendonly.aof.manifest"))
        self.kill(server)
        server.start()
        self.assertEqual(server.ask("MGET", "a", "b"), [b"1", b"2"])

    def test_a_rewrite_that_fails_changes_nothing(self):
        # The first of each thread: neither the new base nor the manifest gets its name.
        server = self.server("rename:error=EIO:when=1")
        client = server.client()
        for i in range(50):
            client.ask("RPUSH", "list", i)
        self.assertEqual(server.rewrite()[1], "err")
        client.ask("RPUSH", "list", 50)
        self.kill(server)
        server.start()
        self.assertEqual(server.ask("LLEN", "list"), 51)
        self.assertEqual(server.rewrite()[1], "ok")
        server.stop()


if __name__ == "__main__":
    LARDER = sys.argv.pop(1)
    if not can_trace():
        print("strace is not installed, or not allowed")
        sys.exit(SKIPPED)
    unittest.main()
