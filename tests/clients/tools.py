#!/usr/bin/env python3
"""Checks the output of the modes of redis-cli and redis-benchmark against a server.

Usage: tools.py BINARY
"""
import re
import subprocess
import sys
import unittest

import server

PORT = None
KEYS = 500


def run(*words, text=None, seconds=60):
    """The output of a tool; fails if its exit status is not 0."""
    done = subprocess.run([words[0], "-p", str(PORT), *words[1:]], input=text, capture_output=True,
                          text=True, timeout=seconds)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def run_for(seconds, *words):
    """The output, in this time, of a tool that does not end."""
    process = subprocess.Popen(["stdbuf", "-oL", words[0], "-p", str(PORT), *words[1:]], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
    return process.communicate()[0]


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("redis-cli", "FLUSHALL")
        lines = [f"SET key:{i} {'v' * (10 + i % 7)}" for i in range(KEYS)]
        run("redis-cli", text="\n".join([*lines, f"SET biggest {'x' * 5000}"]) + "\n")

    def test_single_commands(self):
        self.assertEqual(run("redis-cli", "GET", "key:0"), "vvvvvvvvvv\n")
        self.assertEqual(run("redis-cli", "DBSIZE"), f"{KEYS + 1}\n")
        self.assertEqual(run("redis-cli", "-3", "EXISTS", "key:1", "nothing"), "1\n")
        self.assertIn("ERR unknown command", run("redis-cli", "NOSUCH"))

    def test_scan(self):
        names = run("redis-cli", "--scan").split()
        self.assertEqual(len(names), KEYS + 1)
        self.assertEqual(len(set(names)), KEYS + 1)
        self.assertEqual(len(run("redis-cli", "--scan", "--pattern", "key:1?").split()), 10)

    def test_bigkeys(self):
        out = run("redis-cli", "--bigkeys")
        self.assertRegex(out, r'Biggest string found .?"biggest".? has 5000 bytes')
        self.assertIn(f"Sampled {KEYS + 1} keys in the keyspace!", out)

    def test_memkeys(self):
        out = run("redis-cli", "--memkeys")
        found = re.search(r'Biggest string found .?"biggest".? has (\d+) bytes', out)
        self.assertIsNotNone(found, out)
        self.assertGreater(int(found.group(1)), 5000)

    def test_hotkeys(self):
        run("redis-cli", "CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        try:
            run("redis-cli", text="GET key:7\n" * 3000)
            out = run("redis-cli", "--hotkeys")
        finally:
            run("redis-cli", "CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.assertRegex(out, r'summary -+\s+Sampled \d+ keys in the keyspace!\s+'
                              r'hot key found with counter: \d+\s+keyname: .?"key:7"')

    def test_keystats(self):
        run("redis-cli", "CONFIG", "SET", "hot-keys-sample", "1")
        run("redis-cli", "KEYSTATS", "RESET")
        run("redis-cli", text="GET key:3\n" * 300 + "GET key:4\n" * 100)
        run("redis-cli", "CONFIG", "SET", "hot-keys-sample", "1024")
        hot = run("redis-cli", "KEYSTATS", "HOT", "COUNT", "2").split("\n")
        self.assertEqual((hot[1], hot[11]), ("key:3", "key:4"))
        self.assertAlmostEqual(float(hot[9]), 0.75, places=2)
        big = run("redis-cli", "KEYSTATS", "BIG", "COUNT", "1").split("\n")
        self.assertEqual((big[1], big[5], big[9]), ("biggest", "string", "5000"))

    def test_stat(self):
        out = run_for(2.5, "redis-cli", "--stat", "-i", "1")
        self.assertRegex(out, rf"(?m)^{KEYS + 1} +[0-9.]+[KMG]? +\d+ +\d+")

    def test_latency(self):
        out = run_for(2.5, "redis-cli", "--latency", "--raw")
        self.assertRegex(out, r"(?m)^\d+ \d+ \d+\.\d+ \d+")

    def listen(self, *words):
        """A redis-cli that prints messages, and its output; stopped after the test."""
        process = subprocess.Popen(["stdbuf", "-oL", "redis-cli", "-p", str(PORT), *words], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.terminate)
        return process

    def lines(self, process, count):
        return [process.stdout.readline().rstrip("\n") for _ in range(count)]

    def test_subscribe_mode(self):
        one = self.listen("SUBSCRIBE", "news", "sports")
        self.assertEqual(self.lines(one, 6), ["subscribe", "news", "1", "subscribe", "sports", "2"])
        two = self.listen("-3", "PSUBSCRIBE", "n*")
        self.assertEqual(self.lines(two, 3), ["psubscribe", "n*", "1"])
        self.assertEqual(run("redis-cli", "PUBLISH", "news", "hello"), "2\n")
        self.assertEqual(self.lines(one, 3), ["message", "news", "hello"])
        self.assertEqual(self.lines(two, 4), ["pmessage", "n*", "news", "hello"])
        self.assertEqual(run("redis-cli", "PUBSUB", "NUMSUB", "news", "x"), "news\n1\nx\n0\n")

    def test_transactions(self):
        out = run("redis-cli", text="WATCH t\nMULTI\nSET t 1\nINCR t\nGET t\nEXEC\nEXEC\n")
        self.assertEqual(out.split("\n")[:10], ["OK", "OK", "QUEUED", "QUEUED", "QUEUED", "OK", "2", "2",
                                                "ERR EXEC without MULTI", ""])
        self.assertEqual(run("redis-cli", text="MULTI\nDEL t\nDISCARD\nEXISTS t\n"), "OK\nQUEUED\nOK\n1\n")
        run("redis-cli", "DEL", "t")

    def test_monitor(self):
        monitor = self.listen("MONITOR")
        self.assertEqual(self.lines(monitor, 1), ["OK"])
        run("redis-cli", "-n", "3", "SET", "a b", '"\r\n')
        run("redis-cli", "-n", "3", "DEL", "a b")
        # redis-cli itself requests the documentation of commands and selects its database.
        shown = self.lines(monitor, 4)
        self.assertRegex(shown[1], r'^\d+\.\d{6} \[3 127\.0\.0\.1:\d+\] "SET" "a b" "\\"\\r\\n"$')
        self.assertRegex(shown[3], r'^\d+\.\d{6} \[3 127\.0\.0\.1:\d+\] "DEL" "a b"$')

    def test_invalidation_pushes(self):
        reader = subprocess.Popen(["stdbuf", "-oL", "redis-cli", "-3", "--show-pushes", "yes", "-p", str(PORT)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.addCleanup(reader.communicate)
        reader.stdin.write("CLIENT TRACKING ON\nGET key:1\n")
        self.assertEqual(self.lines(reader, 2), ["OK", run("redis-cli", "GET", "key:1").strip()])
        run("redis-cli", "APPEND", "key:1", "")
        run("redis-cli", "SET", "key:1", "v" * 11)
        reader.stdin.write("PING\n")
        self.assertEqual(self.lines(reader, 3), ["invalidate", "key:1", "PONG"])

    def test_pipe(self):
        request = "".join(f"*3\r\n$3\r\nSET\r\n$5\r\np{i:04d}\r\n$1\r\nv\r\n" for i in range(1000))
        out = run("redis-cli", "--pipe", text=request)
        self.assertIn("errors: 0, replies: 1000", out)
        self.assertEqual(run("redis-cli", "EXISTS", *(f"p{i:04d}" for i in range(1000))), "1000\n")
        run("redis-cli", "UNLINK", *(f"p{i:04d}" for i in range(1000)))


class Benchmark(unittest.TestCase):
    def check(self, tests, *options):
        out = run("redis-benchmark", "-n", "20000", "--csv", "-t", tests, *options, seconds=120)
        rows = re.findall(r'(?m)^"([^"]+)","([0-9.]+)"', out)
        for name, rate in rows:
            self.assertGreater(float(rate), 0, name)
        self.assertNotIn("rror", out)
        return [name for name, _ in rows]

    def test_default_run_of_the_commands_that_exist(self):
        names = self.check("ping,set,get,incr,mset")
        self.assertEqual(names, ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"])

    def test_pipelined_with_random_keys(self):
        self.assertEqual(self.check("set,get", "-P", "16", "-r", "100000", "-d", "100"), ["SET", "GET"])


if __name__ == "__main__":
    with server.running(sys.argv[1]) as PORT:
        outcome = unittest.main(argv=sys.argv[:1], exit=False)
    sys.exit(not outcome.result.wasSuccessful())
