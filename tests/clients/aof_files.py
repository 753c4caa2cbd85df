#!/usr/bin/env python3
"""Append-only files: Larder's are accepted by redis-check-aof and loaded by an installed redis-server, and Larder loads those of
redis-server, with equal digests; old single files, wrong manifests, and the directives at run time.

Usage: aof_files.py BINARY
"""
import os
import shutil
import subprocess
import time
import unittest

from aof_case import INCR, MANIFEST, Case, command, fill, main

REDIS = shutil.which("redis-server")
CHECK = shutil.which("redis-check-aof")


@unittest.skipUnless(REDIS and CHECK, "redis-server is not installed")
class WithRedis(Case):
    def check(self, server):
        found = subprocess.run([CHECK, server.path(MANIFEST)], capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stdout[-2000:])
        self.assertIn("All AOF files and manifest are valid", found.stdout)

    def digest_of(self, binary, folder):
        other = self.server(binary=binary, folder=folder)
        other.start()
        found = other.ask("DEBUG", "DIGEST")
        other.process.terminate()
        other.process.wait(timeout=60)
        return found

    def test_redis_loads_what_larder_wrote(self):
        for policy in ("everysec", "always"):
            with self.subTest(policy):
                server = self.server("--appendfsync", policy, "--aof-timestamp-enabled", "yes").start()
                client = server.client()
                fill(client)
                digest = client.ask("DEBUG", "DIGEST")
                server.stop()
                self.check(server)
                self.assertEqual(self.digest_of(REDIS, server.folder), digest)

    def test_redis_loads_a_rewritten_file(self):
        server = self.server().start()
        fill(server.client())
        self.assertEqual(server.rewrite(), (b"Background append only file rewriting started", "ok"))
        client = server.client()
        client.burst([["APPEND", "text:8", "more"], ["SELECT", 9], ["INCR", "n"], ["FLUSHDB"], ["SET", "k", "v"]])
        digest = client.ask("DEBUG", "DIGEST")
        server.stop()
        self.assertEqual(sorted(os.listdir(server.aof_folder)),
                         ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", MANIFEST])
        self.check(server)
        self.assertEqual(self.digest_of(REDIS, server.folder), digest)
        self.assertEqual(self.digest_of(self.larder, server.folder), digest)

    def test_redis_loads_a_base_of_commands(self):
        code = "#!lua name=lib\nredis.register_function('f', function() return 5 end)"
        redis = self.server("--aof-use-rdb-preamble", "no", binary=REDIS).start()
        redis.ask("FUNCTION", "LOAD", code)
        redis.process.terminate()
        redis.process.wait(timeout=60)
        server = self.server("--aof-use-rdb-preamble", "no", folder=redis.folder).start()
        fill(server.client())
        server.ask("SET", "large", "x" * 200_000)
        server.client().burst([["RPUSH", "long", *range(n, n + 1000)] for n in range(0, 100_000, 1000)])
        self.assertEqual(server.rewrite()[1], "ok")
        self.assertEqual(sorted(os.listdir(server.aof_folder))[:2], ["appendonly.aof.2.base.aof", "appendonly.aof.2.incr.aof"])
        digest = server.ask("DEBUG", "DIGEST")
        pending = server.ask("XPENDING", "stream", "g", "-", "+", 10)
        groups = server.ask("XINFO", "GROUPS", "stream")
        server.stop()
        self.check(server)
        redis.start()
        self.assertEqual(redis.ask("DEBUG", "DIGEST"), digest)
        self.assertEqual([item[:2] + item[3:] for item in redis.ask("XPENDING", "stream", "g", "-", "+", 10)],
                         [item[:2] + item[3:] for item in pending])
        self.assertEqual(redis.ask("XINFO", "GROUPS", "stream"), groups)
        self.assertEqual(redis.ask("FCALL", "f", 0), 5)

    def test_a_rewrite_while_it_is_off(self):
        found = []
        for binary in (REDIS, self.larder):
            server = self.server("--appendonly", "no", binary=binary).start()
            server.ask("SET", "k", "v")
            seen = [server.rewrite(), server.rewrite(), sorted(os.listdir(server.aof_folder)), server.read(MANIFEST),
                    server.info("aof_enabled"), server.info("aof_current_size")]
            server.ask("SET", "k", "lost")
            server.kill()
            server.start("--appendonly", "yes")
            found.append([*seen, server.ask("GET", "k"), server.read(MANIFEST)])
        self.assertEqual(found[1], found[0])

    def test_larder_loads_what_redis_wrote(self):
        for preamble in ("yes", "no"):
            with self.subTest(preamble):
                server = self.server("--aof-use-rdb-preamble", preamble, binary=REDIS).start()
                client = server.client()
                fill(client)
                client.ask("BGREWRITEAOF")
                self.assertTrue(server.wait_info("aof_rewrite_in_progress", "0"))
                client.burst([["SET", "after", "rewrite"], ["LPUSH", "list", "x"]])
                digest = client.ask("DEBUG", "DIGEST")
                server.process.terminate()
                server.process.wait(timeout=60)
                larder = self.server(folder=server.folder).start()
                self.assertEqual(larder.ask("DEBUG", "DIGEST"), digest)
                larder.ask("SET", "by larder", 1)
                digest = larder.ask("DEBUG", "DIGEST")
                larder.stop()
                self.assertEqual(self.digest_of(REDIS, server.folder), digest)


class Manifests(Case):
    def test_a_wrong_manifest_stops_the_start(self):
        good = f"file {INCR} seq 1 type i\n"
        for text, reason in ((b"", "Found an empty AOF manifest"),
                             (good.encode() * 2, "Found a non-monotonic sequence number"),
                             (b"file x seq 1 type z\n", "Unknown AOF file type"),
                             (b"file a/b seq 1 type i\n", "File can't be a path, just a filename"),
                             (b"nonsense\n", "Invalid AOF manifest file format")):
            with self.subTest(reason):
                self.fails_with({MANIFEST: text}, reason)

    def test_a_missing_file_stops_the_start(self):
        self.fails_with({MANIFEST: f"file {INCR} seq 1 type i\n".encode()}, f"{INCR} doesn't exist: No such file")

    def test_an_old_single_file_becomes_the_base(self):
        server = self.server()
        with open(os.path.join(server.folder, "appendonly.aof"), "wb") as file:
            file.write(command("SELECT", "3") + command("SET", "old", "1"))
        server.start()
        server.ask("SET", "new", "2")
        self.assertEqual(sorted(os.listdir(server.folder)), ["appendonlydir", "log"])
        server.stop()
        self.assertEqual(server.read(MANIFEST), b"file appendonly.aof seq 1 type b\n"
                                                b"file appendonly.aof.1.incr.aof seq 1 type i\n")
        server.start()
        client = server.client()
        self.assertEqual(client.ask("GET", "new"), b"2")
        client.ask("SELECT", 3)
        self.assertEqual(client.ask("GET", "old"), b"1")

    def test_an_old_file_that_begins_as_rdb(self):
        source = self.server().start()
        source.ask("SET", "from rdb", "1")
        source.rewrite()
        source.stop()
        rdb = source.read("appendonly.aof.2.base.rdb")
        server = self.server()
        with open(os.path.join(server.folder, "appendonly.aof"), "wb") as file:
            file.write(rdb + command("SELECT", "0") + command("SET", "behind", "2"))
        server.start()
        self.assertEqual(server.ask("MGET", "from rdb", "behind"), [b"1", b"2"])


class AtRunTime(Case):
    def test_is_turned_on_and_off(self):
        server = self.server().start("--appendonly", "no")
        client = server.client()
        client.burst([["SET", f"k{i}", i] for i in range(1000)])
        self.assertIsNone(server.info("aof_current_size"))
        self.assertEqual(client.ask("CONFIG", "SET", "appendonly", "yes"), b"OK")
        client.ask("SET", "during", 1)
        self.assertTrue(server.wait_info("aof_rewrite_in_progress", "0"))
        client.ask("SET", "after", 1)
        digest = client.ask("DEBUG", "DIGEST")
        server.kill()
        server.start()
        self.assertEqual(server.ask("DEBUG", "DIGEST"), digest)
        self.assertEqual(server.ask("CONFIG", "SET", "appendonly", "no"), b"OK")
        server.ask("SET", "lost", 1)
        self.assertEqual(server.ask("CONFIG", "SET", "appendonly", "yes"), b"OK")
        self.assertTrue(server.wait_info("aof_rewrite_in_progress", "0"))
        digest = server.ask("DEBUG", "DIGEST")
        server.stop()
        server.start()
        self.assertEqual(server.ask("DEBUG", "DIGEST"), digest)

    def test_the_aof_wins_over_the_rdb_file(self):
        server = self.server().start("--appendonly", "no")
        server.ask("SET", "k", "rdb")
        server.ask("SAVE")
        server.stop()
        # Without an append-only file the data of the RDB file become its base.
        server.start()
        self.assertEqual(server.ask("GET", "k"), b"rdb")
        server.ask("SET", "k", "aof")
        server.stop()
        server.start()
        self.assertEqual(server.ask("GET", "k"), b"aof")

    def test_loadaof(self):
        server = self.server().start()
        client = server.client()
        fill(client)
        digest = client.ask("DEBUG", "DIGEST")
        self.assertEqual(client.ask("DEBUG", "LOADAOF"), b"OK")
        self.assertEqual(client.ask("DEBUG", "DIGEST"), digest)
        client.ask("SET", "after", 1)
        digest = client.ask("DEBUG", "DIGEST")
        server.stop()
        server.start()
        self.assertEqual(server.ask("DEBUG", "DIGEST"), digest)

    def test_loadaof_without_appendonly_loads_what_a_rewrite_has_left(self):
        server = self.server().start("--appendonly", "no")
        client = server.client()
        self.assertIn("Error trying to load the AOF files", str(client.ask("DEBUG", "LOADAOF")))
        fill(client)
        digest = client.ask("DEBUG", "DIGEST")
        self.assertEqual(server.rewrite()[1], "ok")
        client.ask("SET", "after", 1)
        self.assertEqual(client.ask("DEBUG", "LOADAOF"), b"OK")
        self.assertEqual(client.ask("DEBUG", "DIGEST"), digest)
        server.stop()

    def test_loadaof_keeps_the_data_if_the_base_cannot_be_loaded(self):
        server = self.server("--rdbchecksum", "no", "--rdbcompression", "no").start()
        client = server.client()
        fill(client)
        client.ask("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)")
        self.assertEqual(server.rewrite()[1], "ok")
        digest = client.ask("DEBUG", "DIGEST")
        name = "appendonly.aof.2.base.rdb"
        good = server.read(name)
        for bad in (good.replace(b"redis.register_function", b"redis.register_functiox"), good[:-20]):
            self.assertNotEqual(bad, good)
            server.write(name, bad)
            self.assertIn("Error trying to load the AOF files", str(client.ask("DEBUG", "LOADAOF")))
            self.assertIn("The append only file cannot be loaded", server.log())
            self.assertEqual(client.ask("DEBUG", "DIGEST"), digest)
            self.assertEqual(client.ask("FCALL", "f", "0"), 1)
        client.ask("SET", "after", 1)
        digest = client.ask("DEBUG", "DIGEST")
        server.write(name, good)
        self.assertEqual(client.ask("DEBUG", "LOADAOF"), b"OK")
        self.assertEqual(client.ask("DEBUG", "DIGEST"), digest)
        server.stop()

    def test_waitaof_answers_after_the_sync(self):
        for policy in ("everysec", "always"):
            server = self.server("--appendfsync", policy).start()
            client = server.client()
            self.assertEqual(client.ask("WAITAOF", 1, 0, 0), [1, 0])
            began = time.monotonic()
            for i in range(3):
                client.ask("SET", "k", i)
                self.assertEqual(client.ask("WAITAOF", 1, 0, 60000), [1, 0])
            # Not after their timeout.
            self.assertLess(time.monotonic() - began, 60)
            client.ask("SET", "k", "x")
            self.assertEqual(client.ask("WAITAOF", 1, 1, 4000), [1, 0])

    def test_history_is_kept_when_asked(self):
        server = self.server("--aof-disable-auto-gc", "yes").start()
        server.ask("SET", "a", 1)
        self.assertEqual(server.rewrite()[1], "ok")
        self.assertEqual(server.read(MANIFEST).count(b"type h"), 2)
        self.assertTrue(os.path.exists(server.path(INCR)))

    def test_a_large_value_passes_the_ring(self):
        for policy in ("everysec", "always"):
            server = self.server("--appendfsync", policy).start()
            client = server.client()
            large = os.urandom(30 << 20)
            self.assertEqual(client.ask("SET", "large", large), b"OK")
            client.ask("SET", "behind", 1)
            server.kill()
            server.start()
            self.assertEqual(server.ask("GET", "large"), large)
            self.assertEqual(server.ask("GET", "behind"), b"1")
            server.stop()

    def test_it_is_rewritten_when_it_has_grown(self):
        server = self.server("--auto-aof-rewrite-min-size", "100kb").start()
        client = server.client()
        for i in range(300):
            client.ask("SET", "k", "x" * 1000)
        until = time.monotonic() + 60
        while int(server.info("aof_rewrites")) == 0:
            self.assertLess(time.monotonic(), until, server.log())
            time.sleep(0.02)
        self.assertTrue(server.wait_info("aof_rewrite_in_progress", "0"))
        self.assertEqual(server.info("aof_last_bgrewrite_status"), "ok")
        self.assertIn("Starting automatic rewriting of AOF on", server.log())


if __name__ == "__main__":
    main()
