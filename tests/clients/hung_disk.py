#!/usr/bin/env python3
"""SHUTDOWN NOSAVE while the disk does not answer: strace stops the syncs of a snapshot. The server ends at once and leaves no
temporary file, whatever writes the snapshot.

Usage: hung_disk.py BINARY
"""
import os
import sys
import time
import unittest

from aof_server import AofServer
from faults import can_trace, fault

SKIPPED = 77
LARDER = None
HUNG_S = 300


def titles_of_children(pid):
    """The first words of their titles."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        found = children.read().split()
    titles = []
    for child in found:
        with open(f"/proc/{child}/cmdline", encoding="utf-8", errors="replace") as line:
            titles.append(line.read().split()[0])
    return titles


class HungDisk(unittest.TestCase):
    def check(self, command, *options, title=None):
        server = AofServer(LARDER, "--pidfile", "pid", *options)
        self.addCleanup(server.remove)
        server.start()
        server.ask("SET", "k", "v")
        with fault(server.process.pid, "fsync", f"delay_enter={HUNG_S * 1_000_000}"):
            self.assertIn(b"started", server.ask(command))
            time.sleep(0.3)
            if title is not None:
                self.assertEqual(titles_of_children(server.process.pid), [title])
            client = server.client()
            client.link.sendall(b"SHUTDOWN NOSAVE\r\n")
            # Its last word: then strace holds the process until it is detached.
            until = time.monotonic() + HUNG_S / 5
            while "ready to exit, bye bye" not in server.log():
                self.assertLess(time.monotonic(), until, server.log())
                time.sleep(0.02)
            client.close()
        self.assertEqual(server.process.wait(timeout=60), 0)
        self.assertNotIn("Sanitizer", server.log())
        left = os.listdir(server.folder)
        self.assertEqual([name for name in left if name.startswith("temp") or name == "pid"], [])
        return server

    def test_a_snapshot_in_steps(self):
        self.check("BGSAVE", "--appendonly", "no")

    def test_a_snapshot_by_a_child(self):
        self.check("BGSAVE", "--appendonly", "no", "--snapshot-method", "fork", title="redis-rdb-bgsave")

    def test_a_rewrite_by_a_child(self):
        self.check("BGREWRITEAOF", "--appendonly", "no", "--snapshot-method", "fork", title="redis-aof-rewrite")

    def test_a_rewrite(self):
        server = self.check("BGREWRITEAOF")
        self.assertEqual([name for name in os.listdir(server.aof_folder) if name.startswith("temp-") and name.endswith("rdb")], [])
        server.start()
        self.assertEqual(server.ask("GET", "k"), b"v")


if __name__ == "__main__":
    LARDER = sys.argv.pop(1)
    if not can_trace():
        print("strace is not installed, or must not attach")
        sys.exit(SKIPPED)
    unittest.main()
