#!/usr/bin/env python3
"""Append-only files that end in the middle of a command or of a group, damage, unknown commands, and functions in them.

Usage: aof_ends.py BINARY
"""
import os
import shutil

from aof_case import BASE, INCR, MANIFEST, Case, command, main

REDIS = shutil.which("redis-server")


class Ends(Case):
    def written(self):
        """A file with a group for each command, as a server leaves it that was killed."""
        server = self.server("--appendfsync", "always").start()
        client = server.client()
        for i in range(5):
            client.ask("SET", f"key:{i}", f"value {i}")
        server.kill()
        return server, server.read(INCR)

    def test_damage_after_an_orderly_end_stops_the_start(self):
        server = self.server("--appendfsync", "everysec").start()
        server.client().ask("MSET", "a", "value", "b", "value")
        server.stop()
        whole = server.read(INCR)
        # An empty group ends the file, once for each time that something was written.
        self.assertEqual(whole.count(b"#LC:00000000:0:"), 2)
        files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE), INCR: whole}
        other = self.starts_with(files)
        other.stop()
        self.assertEqual(other.read(INCR), whole)
        files[INCR] = whole.replace(b"value", b"VALUE", 1)
        self.fails_with(files, "the checksum of a group of commands is wrong")

    def test_a_torn_end_is_cut_and_reported(self):
        server, whole = self.written()
        manifest, base = server.read(MANIFEST), server.read(BASE)
        last = whole.rindex(b"*3")
        for size in (last + 1, last + 20, whole.rindex(b"#LC") - 3):
            with self.subTest(size):
                files = {MANIFEST: manifest, BASE: base, INCR: whole[:size]}
                other = self.starts_with(files)
                self.assertEqual(other.ask("MGET", "key:3", "key:4"), [b"value 3", None])
                self.assertIn(f"Truncating the AOF {INCR} at offset {last}: {size - last} bytes", other.log())
                other.ask("SET", "more", 1)
                digest = other.ask("DEBUG", "DIGEST")
                other.stop()
                other.start()
                self.assertEqual(other.ask("DEBUG", "DIGEST"), digest)
                self.fails_with(files, "Unexpected end of file reading the append only file",
                                options=["--aof-load-truncated", "no"])

    def test_zeros_at_the_end_are_cut(self):
        server, whole = self.written()
        last = whole.rindex(b"*3")
        files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE),
                 INCR: whole[:last + 30] + b"\0" * (len(whole) - last - 30)}
        other = self.starts_with(files)
        self.assertEqual(other.ask("MGET", "key:3", "key:4"), [b"value 3", None])

    def test_damage_in_the_middle_stops_the_start(self):
        server, whole = self.written()
        at = whole.index(b"value 2")
        begin = whole.rindex(b"*3", 0, at)
        damaged = whole[:at] + b"VALUE 2" + whole[at + 7:]
        files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE), INCR: damaged}
        failed = self.fails_with(files, f"{INCR} at offset {begin}, behind a command for key 'key:1'",
                                 "the checksum of a group of commands is wrong")
        self.assertEqual(failed.read(INCR), damaged)
        # As the log says, the file can be loaded without its checksums.
        files[INCR] = b"".join(line for line in damaged.splitlines(True) if not line.startswith(b"#LC:"))
        self.assertEqual(self.starts_with(files).ask("GET", "key:2"), b"VALUE 2")

    def test_a_new_increment_may_have_only_a_part_of_its_first_group(self):
        server, whole = self.written()
        begin = b"#LC:00000000:0:0:0\r\n"
        self.assertEqual(whole[:len(begin)], begin)
        second = INCR.replace("1.incr", "2.incr")
        two = server.read(MANIFEST) + f"file {second} seq 2 type i\n".encode()
        parts = [bytes(4096) + b"x" * 3000, bytes(4096) + b"x" * 3000 + b"\r\n#LC:00000000:7098:20:0\r\n", whole[len(begin):-30]]
        for part in parts:
            with self.subTest(part[-20:]):
                other = self.starts_with({MANIFEST: server.read(MANIFEST), BASE: server.read(BASE), INCR: begin + part[:4000]})
                self.assertIn(f"Truncating the AOF {INCR} at offset ", other.log())
                other = self.starts_with({MANIFEST: two, BASE: server.read(BASE), INCR: whole, second: begin + bytes(50) + part})
                self.assertEqual(other.ask("MGET", "key:0", "key:4"), [b"value 0", b"value 4"])
                self.assertIn(f"Truncating the AOF {second} at offset {len(begin)}: {50 + len(part)} bytes", other.log())
        # Nothing says that a file of Redis lost only what was not on disk.
        plain = b"".join(line for line in whole.splitlines(True) if not line.startswith(b"#LC:"))
        self.fails_with({MANIFEST: two, BASE: server.read(BASE), INCR: plain, second: bytes(4096) + b"x" * 3000}, f"{second} at offset 0")

    def never_synced(self):
        """A killed server, and its increment of five groups."""
        server = self.server("--appendfsync", "no").start()
        client = server.client()
        for i in range(5):
            client.ask("SET", f"key:{i}", f"value {i}")
            self.assertTrue(server.wait_info("aof_buffer_length", "0"))
        server.kill()
        whole = server.read(INCR)
        return server, whole

    def test_what_was_never_synced_may_have_holes(self):
        server, whole = self.never_synced()
        begin = whole.rindex(b"*3", 0, whole.index(b"value 2"))
        files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE),
                 INCR: whole[:begin + 10] + bytes(20) + whole[begin + 30:]}
        other = self.starts_with(files)
        self.assertEqual(other.ask("MGET", "key:1", "key:2", "key:4"), [b"value 1", None, None])
        self.assertIn(f"Truncating the AOF {INCR} at offset {begin}", other.log())

    def test_the_first_page_of_a_new_file_may_be_missing(self):
        server, whole = self.never_synced()
        for hole in (30, len(whole)):
            with self.subTest(hole):
                files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE), INCR: bytes(hole) + whole[hole:]}
                other = self.starts_with(files)
                self.assertEqual(other.ask("DBSIZE"), 0)
                self.assertIn(f"Truncating the AOF {INCR} at offset 0", other.log())

    def test_an_open_transaction_is_cut(self):
        server, whole = self.written()
        begin = len(whole)
        files = {MANIFEST: server.read(MANIFEST), BASE: server.read(BASE),
                 INCR: whole + command("MULTI") + command("SET", "key:4", "x")}
        other = self.starts_with(files)
        self.assertEqual(other.ask("GET", "key:4"), b"value 4")
        self.assertIn(f"Truncating the AOF {INCR} at offset {begin}", other.log())

    def test_unknown_commands_stop_the_start(self):
        self.fails_with({MANIFEST: f"file {INCR} seq 1 type i\n".encode(), INCR: command("NOSUCH", "a")},
                        f"Unknown command 'NOSUCH' reading the append only file {INCR} at offset 0")

    def library(self, name, value):
        return f"#!lua name={name}\nredis.register_function('{name}', function() return {value} end)"

    def change_functions(self, client):
        """All commands that change libraries; three are there afterwards."""
        for name, value in (("a", 1), ("b", 2), ("c", 3)):
            client.ask("FUNCTION", "LOAD", self.library(name, value))
        client.ask("FUNCTION", "DELETE", "b")
        payload = client.ask("FUNCTION", "DUMP")
        client.ask("FUNCTION", "FLUSH")
        client.ask("FUNCTION", "LOAD", self.library("c", 4))
        client.ask("FUNCTION", "RESTORE", payload, "REPLACE")
        client.ask("FUNCTION", "LOAD", "REPLACE", self.library("a", 5))
        client.burst([["MULTI"], ["FUNCTION", "LOAD", self.library("d", 6)], ["SET", "k", "v"], ["EXEC"]])

    def expect_functions(self, server):
        self.assertEqual([server.ask("FCALL", name, 0) for name in "acd"], [5, 3, 6])
        self.assertIn("Function not found", str(server.ask("FCALL", "b", 0)))

    def test_functions(self):
        for base, preamble in (("rdb", "yes"), ("aof", "no")):
            for binary in (self.larder, REDIS):
                if binary is None:
                    continue
                with self.subTest(f"{base}, loaded by {os.path.basename(binary)}"):
                    server = self.server("--aof-use-rdb-preamble", preamble).start()
                    self.change_functions(server.client())
                    server.stop()
                    other = self.server(binary=binary, folder=server.folder).start()
                    self.expect_functions(other)
                    self.assertEqual(other.ask("FLUSHALL"), b"OK")
                    other.process.terminate()
                    other.process.wait(timeout=60)
                    server.start()
                    self.assertEqual(server.rewrite()[1], "ok")
                    self.assertEqual(server.ask("DEBUG", "LOADAOF"), b"OK")
                    self.expect_functions(server)
                    self.assertIn(b"name=d", server.read(f"appendonly.aof.2.base.{base}"))
                    server.stop()


if __name__ == "__main__":
    main()
