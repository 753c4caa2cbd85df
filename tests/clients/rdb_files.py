#!/usr/bin/env python3
"""RDB files between BINARY and an installed redis-server: each loads what the other wrote, and both load files of old
encodings that are put together byte by byte. What follows is equal: type, contents, digest and deadline of each key.
Files with deadlines of fields, and of versions that this redis-server does not know, are compared with commands.

Usage: rdb_files.py BINARY
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import rdb_bytes as rdb
import server

SKIPPED = 77
try:
    import migration
except ImportError:
    migration = None

LARDER = None
FAR_MS = 4_000_000_000_123
LIBRARY = b"#!lua name=lib\nredis.register_function('f', function() return 5 end) -- long enough for compression"
OTHER = b"#!lua name=other\nredis.register_function{function_name='g', callback=function() return 6 end, flags={'no-writes'}}"
LONG = b"a text of more than twenty bytes, which is compressed, compressed, compressed"


class Folder:
    """Where a server finds and writes its file."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="rdb-")
        self.file = os.path.join(self.path, "dump.rdb")

    def write(self, data):
        with open(self.file, "wb") as out:
            out.write(data)

    def read(self):
        with open(self.file, "rb") as data:
            return data.read()


@contextlib.contextmanager
def started(binary, folder, *options):
    """A client of a server that has loaded the folder's file."""
    with server.running(binary, "--dir", folder.path, *options) as port:
        client = migration.connect(port)
        while b"loading:1" in client.execute_command("INFO", "persistence"):
            time.sleep(0.01)
        yield client


def states(client, databases=1):
    found = {}
    for db in range(databases):
        client.execute_command("SELECT", db)
        for key in sorted(client.execute_command("KEYS", "*")):
            found[db, key] = migration.state(client, key)
    client.execute_command("SELECT", 0)
    return found


def options_of(limits):
    return [word for name, value in limits.items() for word in (f"--{name}", str(value))]


class Files(unittest.TestCase):
    def setUp(self):
        self.maxDiff = 2000
        self.folder = Folder()
        self.addCleanup(shutil.rmtree, self.folder.path, ignore_errors=True)

    def same(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        for name, state in one.items():
            with self.subTest(name):
                self.assertEqual(state, other[name])

    def check_by_tool(self):
        done = subprocess.run(["redis-check-rdb", self.folder.file], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-500:])
        self.assertIn("Checksum OK", done.stdout)
        self.assertIn("RDB looks OK", done.stdout)


def fill(client):
    for key, commands in migration.VALUES:
        migration.make(client, key, commands)
    client.execute_command("PEXPIREAT", "hash:small", FAR_MS)
    client.execute_command("SET", "deadline", LONG, "PXAT", FAR_MS + 1)
    for db in (3, 15):
        client.execute_command("SELECT", db)
        client.execute_command("SET", "elsewhere", db)
        client.execute_command("SET", "soon", db, "PXAT", FAR_MS)
    client.execute_command("SELECT", 0)


@unittest.skipIf(shutil.which("redis-server") is None, "redis-server is not installed")
class Moves(Files):
    """All types and encodings, in several databases."""

    def move(self, source, target, limits, *options):
        with started(source, self.folder, *options_of(limits), *options) as client:
            fill(client)
            before, digest = states(client, 16), client.execute_command("DEBUG", "DIGEST")
            client.execute_command("SAVE")
        self.check_by_tool()
        self.assertEqual(self.folder.read()[:9], b"REDIS0010")
        with started(target, self.folder, *options_of(limits)) as client:
            self.assertEqual(client.execute_command("DEBUG", "DIGEST"), digest)
            self.same(before, states(client, 16))

    def test_both_ways(self):
        for name, limits in (("compact", migration.COMPACT), ("loose", migration.LOOSE)):
            for source, target in ((LARDER, "redis-server"), ("redis-server", LARDER)):
                with self.subTest(f"{name}, from {os.path.basename(source)}"):
                    self.move(source, target, limits)

    def test_without_compression_and_checksum(self):
        for source, target in ((LARDER, "redis-server"), ("redis-server", LARDER)):
            with self.subTest(os.path.basename(source)):
                self.move(source, target, migration.COMPACT, "--rdbcompression", "no")
        with started(LARDER, self.folder, "--rdbchecksum", "no") as client:
            client.execute_command("SET", "a", LONG)
            client.execute_command("SAVE")
        self.assertEqual(self.folder.read()[-8:], bytes(8))
        with started("redis-server", self.folder) as client:
            self.assertEqual(client.execute_command("GET", "a"), LONG)

    def test_functions(self):
        for source, target in ((LARDER, "redis-server"), ("redis-server", LARDER), (LARDER, LARDER)):
            with self.subTest(f"from {os.path.basename(source)} to {os.path.basename(target)}"):
                with started(source, self.folder) as client:
                    client.execute_command("FUNCTION", "FLUSH")
                    client.execute_command("FUNCTION", "LOAD", LIBRARY)
                    client.execute_command("FUNCTION", "LOAD", OTHER)
                    client.execute_command("FLUSHALL")
                    payload = client.execute_command("FUNCTION", "DUMP")
                    client.execute_command("SAVE")
                with started(target, self.folder) as client:
                    for command in ("FLUSHALL",), ("DEBUG", "RELOAD"), ("FUNCTION", "RESTORE", payload, "FLUSH"):
                        self.assertEqual(client.execute_command("FCALL", "f", 0), 5)
                        self.assertEqual(client.execute_command("FCALL_RO", "g", 0), 6)
                        client.execute_command(*command)
                    self.assertEqual(client.execute_command("FCALL", "f", 0), 5)
                    self.assertEqual(client.execute_command("FCALL_RO", "g", 0), 6)

    def test_functions_are_those_of_the_start_of_a_snapshot(self):
        for method in ("steps", "fork"):
            with self.subTest(method), started(LARDER, self.folder, "--snapshot-method", method) as client:
                client.execute_command("FUNCTION", "FLUSH")
                client.execute_command("FUNCTION", "LOAD", LIBRARY)
                client.execute_command("DEBUG", "POPULATE", 100_000)
                client.execute_command("BGSAVE")
                client.execute_command("FUNCTION", "FLUSH")
                client.execute_command("FUNCTION", "LOAD", OTHER)
                while b"rdb_bgsave_in_progress:1" in client.execute_command("INFO", "persistence"):
                    time.sleep(0.01)
                client.execute_command("DEBUG", "RELOAD", "NOSAVE")
                self.assertEqual(client.execute_command("FCALL", "f", 0), 5)
                self.assertEqual(len(client.execute_command("FUNCTION", "LIST")), 1)

    def test_last_uses(self):
        for policy, word, about in (("allkeys-lru", "IDLETIME", 1000), ("allkeys-lfu", "FREQ", 99)):
            for source, target in ((LARDER, "redis-server"), ("redis-server", LARDER)):
                with self.subTest(f"{policy} from {os.path.basename(source)}"):
                    limits = ["--maxmemory-policy", policy]
                    with started(source, self.folder, *limits) as client:
                        client.execute_command("FLUSHALL")
                        client.execute_command("SET", "a", "1")
                        payload = client.execute_command("DUMP", "a")
                        client.execute_command("RESTORE", "k", 0, payload, word, about)
                        client.execute_command("SAVE")
                    with started(target, self.folder, *limits) as client:
                        found = client.execute_command("OBJECT", word, "k")
                        self.assertTrue(about <= found <= about + 60, found)


def small_hash(items):
    return [word for pair in items for word in pair]


def every_old_encoding():
    """Keys for versions up to 10, with the commands that make the same."""
    texts = [b"a", b"field", LONG, b"x" * 300, b"y" * 20_000]
    integers = [0, 12, 13, -1, 127, 128, -4096, 4095, 32767, -32769, 1 << 22, -(1 << 23), 1 << 30, 1 << 40, -(1 << 63)]
    mixed = [*texts, *integers]
    plain = [b"%d" % item if isinstance(item, int) else item for item in mixed]
    pairs = list(zip([b"n%d" % at for at in range(len(plain))], plain))
    packed, unpacked = rdb.lzf_literal(LONG)
    ids = [(5, 0, [b"f", b"v"]), (5, 3, [b"f", b"w"]), (6, 1, [b"g", 77, b"h", b"z"])]
    scores = [(b"inf", b"one"), (b"-inf", b"two"), (b"1.5", b"three"), (b"-3", b"four")]
    zset = [word for score in scores for word in score]
    body, doubles = rdb.length(len(scores)), rdb.length(len(scores))
    for score, member in scores:
        special = {b"inf": b"\xfe", b"-inf": b"\xff"}.get(score)
        body += rdb.text(member) + (special or bytes([len(score)]) + score)
        doubles += rdb.text(member) + rdb.struct.pack("<d", float(score))
    by_score = sorted(scores, key=lambda score: float(score[0]))
    in_order = [word for score, member in by_score if b"inf" not in score for word in (member, score)]
    in_order = [int(word) if word == b"-3" else word for word in in_order]
    members = [b"%d" % number for number in (-70000, 5, 9)]
    yield rdb.STRING, "text", rdb.text(LONG), [["SET", LONG]]
    yield rdb.STRING, "packed", packed, [["SET", unpacked]]
    for number in (-7, 3000, -2_000_000_000):
        yield rdb.STRING, f"number {number}", rdb.small_integer(number), [["SET", number]]
    yield rdb.LIST, "list", rdb.length(len(plain)) + b"".join(map(rdb.text, plain)), [["RPUSH", *plain]]
    yield rdb.SET, "set", rdb.length(2) + rdb.text("b") + rdb.small_integer(90), [["SADD", "b", 90]]
    yield rdb.HASH, "hash", rdb.length(len(pairs)) + b"".join(map(rdb.text, small_hash(pairs))), [["HSET", *small_hash(pairs)]]
    yield rdb.ZSET_TEXT, "zset of texts", body, [["ZADD", *zset]]
    yield rdb.ZSET, "zset", doubles, [["ZADD", *zset]]
    yield rdb.ZIPMAP, "zipmap", rdb.text(rdb.zipmap(pairs[:4])), [["HSET", *small_hash(pairs[:4])]]
    yield rdb.LIST_ZIPLIST, "ziplist", rdb.text(rdb.ziplist(mixed)), [["RPUSH", *plain]]
    yield rdb.INTSET, "intset", rdb.text(rdb.intset([5, 9, -70000])), [["SADD", *members]]
    yield rdb.ZSET_ZIPLIST, "zset ziplist", rdb.text(rdb.ziplist(in_order)), [["ZADD", -3, "four", 1.5, "three"]]
    yield rdb.HASH_ZIPLIST, "hash ziplist", rdb.text(rdb.ziplist([b"a", 5, b"b", LONG])), [["HSET", "a", 5, "b", LONG]]
    yield rdb.QUICKLIST, "quicklist", rdb.length(2) + rdb.text(rdb.ziplist(mixed)) + rdb.text(rdb.ziplist([b"end"])), [
        ["RPUSH", *plain, "end"]]
    yield rdb.HASH_LISTPACK, "hash listpack", rdb.text(rdb.listpack(small_hash(zip([b"n", b"m"], [LONG, -5000])))), [
        ["HSET", "n", LONG, "m", -5000]]
    yield rdb.ZSET_LISTPACK, "zset listpack", rdb.text(rdb.listpack(in_order)), [["ZADD", -3, "four", 1.5, "three"]]
    yield rdb.QUICKLIST_2, "quicklist 2", rdb.length(3) + b"\x02" + rdb.text(rdb.listpack(mixed)) + b"\x01" + rdb.text(
        b"plain" * 3000) + b"\x02" + rdb.text(rdb.listpack([1])), [["RPUSH", *plain, b"plain" * 3000, 1]]
    entries = [["XADD", f"{ms}-{sequence}", *fields] for ms, sequence, fields in ids]
    for version, kind in ((1, rdb.STREAM_1), (2, rdb.STREAM_2)):
        yield kind, f"stream {version}", rdb.stream(version, [ids[:2], ids[2:]], (6, 1), groups()), entries + group_commands(version)


def groups():
    pending = [((5, 0), "alice", 1_600_000_000_000, 3), ((5, 3), "bob", 1_600_000_000_001, 1)]
    return [("g", (5, 3), 2, pending, {"alice": 1_600_000_000_000, "bob": 1_600_000_000_002, "idle": 1_500_000_000_000}),
            ("new", (0, 0), None, [], {})]


def group_commands(version=3):
    """Version 1 does not tell how many entries a group has read: only before the first entry is that known."""
    unknown = [["XGROUP SETID", "g", "5-3"], ["XGROUP SETID", "new", "0-0", "ENTRIESREAD", 0]] if version == 1 else []
    return [["XGROUP CREATE", "g", "0"], ["XGROUP CREATE", "new", "0"], ["XGROUP CREATECONSUMER", "g", "idle"],
            ["XREADGROUP", "g", "alice", 1], ["XREADGROUP", "g", "bob", 1],
            ["XCLAIM", "g", "alice", 0, "5-0", "RETRYCOUNT", 3, "JUSTID"], *unknown]


class Made(Files):
    """Files from rdb_bytes."""

    def made_by_commands(self, keys, *more):
        with server.running(LARDER) as port:
            client = migration.connect(port)
            for _, name, _, commands in keys:
                migration.make(client, name, [*commands, *more])
            return states(client)

    def test_old_encodings(self):
        keys = list(every_old_encoding())
        expected = self.made_by_commands(keys)
        self.assertEqual(len(expected), len(keys))
        for version in (3, 6, 9, 10, 11, 12):
            self.folder.write(rdb.file(version, [rdb.key(kind, name, body) for kind, name, body, _ in keys]))
            with self.subTest(version), started(LARDER, self.folder) as client:
                self.same(expected, states(client))
                client.execute_command("DEBUG", "RELOAD")
                self.same(expected, states(client))
        if shutil.which("redis-server") is None:
            return
        self.folder.write(rdb.file(10, [rdb.key(kind, name, body) for kind, name, body, _ in keys]))
        self.check_by_tool()
        with started("redis-server", self.folder) as client:
            self.same(expected, states(client))

    def test_version_11(self):
        ids = [(5, 0, [b"f", b"v"]), (5, 3, [b"f", b"w"])]
        keys = [(rdb.SET_LISTPACK, "set", rdb.text(rdb.listpack([b"a", 7, LONG])), [["SADD", "a", 7, LONG]]),
                (rdb.STREAM_3, "stream", rdb.stream(3, [ids], (5, 3), groups()),
                 [["XADD", "5-0", "f", "v"], ["XADD", "5-3", "f", "w"], *group_commands()])]
        self.folder.write(rdb.file(11, [rdb.key(kind, name, body, FAR_MS) for kind, name, body, _ in keys]))
        expected = self.made_by_commands(keys, ["PEXPIREAT", FAR_MS])
        with started(LARDER, self.folder) as client:
            self.same(expected, states(client))
            full = client.execute_command("XINFO", "STREAM", "stream", "FULL")
            self.assertIn(1_600_000_000_002 - 7, flat(full))
            client.execute_command("CONFIG", "SET", "rdb-version", "11")
            client.execute_command("DEBUG", "RELOAD")
            self.assertEqual(client.execute_command("XINFO", "STREAM", "stream", "FULL"), full)

    def fails_with(self, library, *texts):
        """Larder does not start with this library in its file, and says why."""
        self.folder.write(rdb.file(10, [rdb.key(rdb.STRING, "a", rdb.text("b"))], library))
        log_path = os.path.join(self.folder.path, "log")
        process, port = server.launch(LARDER, ["--dir", self.folder.path], log_path)
        self.assertIsNone(port)
        self.assertEqual(process.wait(timeout=60), 1)
        with open(log_path, errors="replace") as log:
            text = log.read()
        for each in texts:
            self.assertIn(each, text)

    def test_broken_functions_stop_the_start(self):
        function = bytes([rdb.FUNCTION])
        self.fails_with(function + rdb.text(b"#!lua name=lib\nthis is no lua"),
                        "Failed loading library, Error compiling function: user_function:2: '=' expected near 'is'",
                        "Internal error in RDB reading offset")
        self.fails_with(2 * (function + rdb.text(LIBRARY)), "Failed loading library, Library 'lib' already exists")
        self.fails_with(b"\xf6" + rdb.text(b"lib"), "Pre-release function format not supported")


def flat(reply):
    return [item for part in reply for item in flat(part)] if isinstance(reply, list) else [reply]


class FieldDeadlines(Files):
    """Version 12, checked by a reader of its own."""

    def deadlines(self, client, key, names):
        found = client.execute_command("HPEXPIRETIME", key, "FIELDS", len(names), *names)
        return {name: max(deadline, 0) for name, deadline in zip(names, found)}

    def test_files_of_others_are_read(self):
        least = FAR_MS
        body = rdb.struct.pack("<Q", least) + rdb.length(3)
        for name, deadline in (("a", 1), ("b", 1001), ("c", 0)):
            body += rdb.length(deadline) + rdb.text(name) + rdb.text("of " + name)
        packed = [b"a", b"x", least, b"b", b"y", least + 9, b"c", b"z", 0]
        self.folder.write(rdb.file(12, [
            rdb.key(rdb.HASH_DEADLINES, "table", body),
            rdb.key(rdb.HASH_LISTPACK_DEADLINES, "pack", rdb.struct.pack("<Q", least) + rdb.text(rdb.listpack(packed))),
            bytes([rdb.SLOT_SIZES, 1, 2, 3]) + rdb.key(rdb.STRING, "s", rdb.text("t"))]))
        with started(LARDER, self.folder) as client:
            self.assertEqual(client.execute_command("DBSIZE"), 3)
            self.assertEqual(client.execute_command("HMGET", "table", "a", "b", "c"), [b"of a", b"of b", b"of c"])
            self.assertEqual(self.deadlines(client, "table", [b"a", b"b", b"c"]), {b"a": least, b"b": least + 1000, b"c": 0})
            self.assertEqual(client.execute_command("HMGET", "pack", "a", "b", "c"), [b"x", b"y", b"z"])
            self.assertEqual(self.deadlines(client, "pack", [b"a", b"b", b"c"]), {b"a": least, b"b": least + 9, b"c": 0})

    def test_own_files(self):
        names = [b"field:%d" % i for i in range(40)]
        with started(LARDER, self.folder) as client:
            client.execute_command("HSET", "h", *[word for name in names for word in (name, LONG + name)])
            for at in range(0, 30, 3):
                client.execute_command("HPEXPIREAT", "h", FAR_MS + 1000 - at, "FIELDS", 2, *names[at:at + 2])
            client.execute_command("SET", "k", LONG, "PXAT", FAR_MS)
            expected = self.deadlines(client, "h", names)
            client.execute_command("SAVE")
        version, found = rdb.Reader(self.folder.read()).items()
        self.assertEqual(version, 12)
        rows = {key: row for _, key, *row in found}
        self.assertEqual(rows[b"k"], [FAR_MS, rdb.STRING, LONG])
        fields = {name: (LONG + name, expected[name]) for name in names}
        self.assertEqual(rows[b"h"], [None, rdb.HASH_DEADLINES, fields])
        with started(LARDER, self.folder) as client:
            self.assertEqual(self.deadlines(client, "h", names), expected)


if __name__ == "__main__":
    if migration is None or len(sys.argv) < 2:
        print(__doc__ if migration else "skipped: python3-redis is not installed")
        sys.exit(1 if migration else SKIPPED)
    LARDER = sys.argv.pop(1)
    unittest.main(verbosity=1)
