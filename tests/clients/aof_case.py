"""What the tests of append-only files have in common."""
import sys
import time
import unittest

from aof_server import AofServer
import wire

BASE, INCR, MANIFEST = "appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"


def fill(client):
    """Values of all types, in several databases, with deadlines, by single commands and in transactions."""
    for db in (0, 9):
        client.ask("SELECT", db)
        client.burst([["SET", f"text:{i}", "v" * i] for i in range(200)])
        client.burst([["RPUSH", "list", i, f"element {i}"] for i in range(300)])
        client.burst([["HSET", f"hash:{i % 5}", f"f{i}", i] for i in range(300)])
        client.burst([["SADD", "ints", i] for i in range(50)] + [["SADD", "words", f"w{i}"] for i in range(300)])
        client.burst([["ZADD", "scores", i * 0.5, f"m{i}"] for i in range(300)])
        client.burst([["XADD", "stream", f"{i + 1}-1", "f", i] for i in range(100)])
        client.burst([["XGROUP", "CREATE", "stream", "g", 0],
                      ["XREADGROUP", "GROUP", "g", "c", "COUNT", 5, "STREAMS", "stream", ">"]])
        client.burst([["MULTI"], ["SET", "in multi", 1], ["INCR", "n"], ["SPOP", "words", 3], ["EXEC"]])
        client.burst([["SET", "soon", "1", "EX", 1000], ["EXPIRE", "list", 5000], ["INCRBYFLOAT", "float", "1.5"],
                      ["SETRANGE", "binary", 10, b"\x00\xff\r\n*3\r\n"], ["DEL", "text:3", "text:4"],
                      ["PFADD", "hll", "a", "b", "c"], ["SET", "gone", 1, "PX", 5], ["GETEX", "text:9", "EX", 900]])
    client.ask("SELECT", 0)
    time.sleep(0.02)
    client.ask("GET", "gone")


def command(*words):
    return wire.encode(words)

class Case(unittest.TestCase):
    larder = None  # the binary

    def server(self, *options, binary=None, folder=None):
        made = AofServer(binary or self.larder, *options, folder=folder)
        self.addCleanup(made.remove)
        return made

    def starts_with(self, files, *options):
        """A server that was started with these files in its folder."""
        made = self.server(*options)
        for name, data in files.items():
            made.write(name, data)
        return made.start()

    def fails_with(self, files, *texts, options=()):
        made = self.server(*options)
        for name, data in files.items():
            made.write(name, data)
        made.start(wait=False)
        self.assertEqual(made.end_with_failure(), 1, made.log())
        for text in texts:
            self.assertIn(text, made.log())
        return made


def main():
    Case.larder = sys.argv.pop(1)
    unittest.main()
