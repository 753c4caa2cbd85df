#!/usr/bin/env python3
"""The append-only file on a disk that fails: strace is attached to the server and lets calls fail until it is detached, so that no
test depends on how fast anything is. Writes are refused while the fault lasts, reads go on, the server resumes by itself, and after
kill -9 every acknowledged write is there.

Usage: aof_faults.py BINARY
"""
import os
import select
import sys
import time
import unittest

from aof_server import AofServer
from faults import SECONDS, can_trace, fault
import wire

SKIPPED = 77
LARDER = None


def is_readable(client, seconds):
    return bool(select.select([client.link], [], [], seconds)[0])


class Faults(unittest.TestCase):
    def server(self, *options):
        server = AofServer(LARDER, *options)
        self.addCleanup(server.remove)
        return server.start()

    def client(self, server):
        client = server.client()
        self.addCleanup(client.close)
        return client

    def until(self, what, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)

    def write(self, client, acknowledged):
        """The error if the next number is refused."""
        answer = client.ask("RPUSH", "list", len(acknowledged) + 1)
        if isinstance(answer, wire.Failure):
            return answer
        acknowledged.append(len(acknowledged) + 1)
        return None

    def write_until_refused(self, client, acknowledged):
        """The error."""
        errors = []
        self.until("no write was refused", lambda: errors.append(self.write(client, acknowledged)) or errors[-1])
        return errors[-1]

    def check(self, calls, error, text, *options):
        server = self.server(*options)
        client, acknowledged = self.client(server), []
        for _ in range(3):
            self.assertIsNone(self.write(client, acknowledged))
        with fault(server.process.pid, calls, f"error={error}"):
            refusal = self.write_until_refused(client, acknowledged)
            self.assertEqual(refusal, "MISCONF Errors writing to the AOF file: " + text)
            self.assertEqual(client.ask("PING"), refusal)
            self.assertEqual(server.info("aof_last_write_status"), "err")
            # The server tries again every second, which fails as well.
            time.sleep(1.5)
            self.assertEqual(self.write(client, acknowledged), refusal)
            self.assertEqual(client.ask("LLEN", "list"), len(acknowledged))
        self.until("writes are still refused", lambda: self.write(client, acknowledged) is None)
        self.assertTrue(server.wait_info("aof_last_write_status", "ok"))
        for _ in range(5):
            self.assertIsNone(self.write(client, acknowledged))
        server.kill()
        server.start()
        self.assertEqual([int(item) for item in server.ask("LRANGE", "list", 0, -1)], acknowledged)
        server.stop()
        return server

    def test_a_full_disk(self):
        server = self.check("pwritev", "ENOSPC", "No space left on device", "--appendfsync", "everysec")
        self.assertIn("AOF write error looks solved", server.log())

    def test_an_input_output_error(self):
        self.check("pwritev", "EIO", "Input/output error", "--appendfsync", "no")

    def test_a_part_of_a_write_that_cannot_be_cut_off(self):
        self.check("pwritev,ftruncate", "EIO", "Input/output error", "--appendfsync", "everysec")

    def test_a_failed_sync_makes_new_files(self):
        server = self.check("fdatasync,fsync", "EIO", "Input/output error", "--appendfsync", "everysec")
        self.assertNotIn(b"appendonly.aof.1.", server.read("appendonly.aof.manifest"))

    def test_one_failed_sync_is_enough(self):
        # The next one would succeed: what the first may have lost must be in the new files.
        server = self.server("--appendfsync", "everysec")
        client, acknowledged = self.client(server), []
        with fault(server.process.pid, "fdatasync", "error=EIO"):
            self.until("no sync failed", lambda: self.write(client, acknowledged) or "Fail to fsync" in server.log())
        self.until("no new files", lambda: b"appendonly.aof.1." not in server.read("appendonly.aof.manifest"))
        self.until("writes are still refused", lambda: self.write(client, acknowledged) is None)
        server.kill()
        server.start()
        self.assertEqual([int(item) for item in server.ask("LRANGE", "list", 0, -1)], acknowledged)

    def held_under_always(self, calls, error):
        """A server on which a write is done but not acknowledged before the fault has ended."""
        server = self.server("--appendfsync", "always")
        client, reader = self.client(server), self.client(server)
        self.assertEqual(client.ask("SET", "a", 1), b"OK")
        with fault(server.process.pid, calls, f"error={error}"):
            client.link.sendall(wire.encode(["SET", "b", 2]))
            self.until("no error was reported", lambda: server.info("aof_last_write_status") == "err")
            self.assertEqual(reader.ask("GET", "a"), b"1")
            self.assertTrue(reader.ask("SET", "c", 3).startswith("MISCONF"))
            self.assertFalse(is_readable(client, 0.2))
        self.assertEqual(client.read(), b"OK")
        server.kill()
        server.start()
        self.assertEqual(server.ask("MGET", "a", "b", "c"), [b"1", b"2", None])
        return server

    def test_always_holds_replies_while_the_disk_is_full(self):
        self.held_under_always("pwritev", "ENOSPC")

    def test_a_failed_sync_under_always_acknowledges_nothing(self):
        server = self.held_under_always("fdatasync,fsync", "EIO")
        self.assertNotIn(b"appendonly.aof.1.", server.read("appendonly.aof.manifest"))

    def test_a_rewrite_that_fails_changes_nothing(self):
        server = self.server()
        client = self.client(server)
        for i in range(50):
            client.ask("RPUSH", "list", i)
        for calls in ("rename", "fsync", "openat"):
            with self.subTest(calls):
                with fault(server.process.pid, calls, "error=EIO"):
                    self.assertEqual(server.rewrite()[1], "err")
                self.assertEqual(client.ask("RPUSH", "list", calls), client.ask("LLEN", "list"))
        server.kill()
        server.start()
        self.assertEqual(server.ask("LLEN", "list"), 53)
        self.assertEqual(server.rewrite()[1], "ok")
        server.stop()

    def test_old_files_that_cannot_be_removed_change_nothing(self):
        server = self.server()
        client = self.client(server)
        for i in range(50):
            client.ask("RPUSH", "list", i)
        with fault(server.process.pid, "unlink,unlinkat", "error=EIO"):
            self.assertEqual(server.rewrite()[1], "ok")
            self.assertEqual(client.ask("RPUSH", "list", 50), 51)
            server.kill()
        server.start()
        self.assertEqual(server.ask("LLEN", "list"), 51)
        self.assertEqual(server.rewrite()[1], "ok")
        self.until("files of the first generation are left",
                   lambda: not any(name.startswith("appendonly.aof.1.") for name in os.listdir(server.aof_folder)))
        server.stop()


if __name__ == "__main__":
    LARDER = sys.argv.pop(1)
    if not can_trace():
        print("strace is not installed, or must not attach")
        sys.exit(SKIPPED)
    unittest.main()
