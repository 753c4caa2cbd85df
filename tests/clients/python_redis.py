#!/usr/bin/env python3
"""What Debian's python3-redis does with a server, checked. Usage: python_redis.py BINARY"""
import sys
import unittest

import redis

import server

PORT = None


class Client(unittest.TestCase):
    def setUp(self):
        self.db = redis.Redis(port=PORT, decode_responses=True)
        self.db.flushall()

    def tearDown(self):
        self.db.close()


class Strings(Client):
    def test_a_value_comes_back(self):
        self.assertTrue(self.db.set("k", "väl\r\n\0ue"))
        self.assertEqual(self.db.get("k"), "väl\r\n\0ue")
        self.assertIsNone(self.db.get("nothing"))

    def test_options_of_set(self):
        self.assertTrue(self.db.set("k", "v", ex=100, nx=True))
        self.assertIsNone(self.db.set("k", "w", nx=True))
        self.assertEqual(self.db.set("k", "w", get=True, keepttl=True), "v")
        self.assertEqual(self.db.ttl("k"), 100)

    def test_counters(self):
        self.assertEqual(self.db.incr("n"), 1)
        self.assertEqual(self.db.incrby("n", 41), 42)
        self.assertEqual(self.db.decrby("n", 2), 40)
        self.assertAlmostEqual(self.db.incrbyfloat("n", 0.5), 40.5)

    def test_parts_of_a_value(self):
        self.assertEqual(self.db.append("k", "Hello"), 5)
        self.assertEqual(self.db.setrange("k", 5, " World"), 11)
        self.assertEqual(self.db.getrange("k", -5, -1), "World")
        self.assertEqual(self.db.strlen("k"), 11)

    def test_several_at_once(self):
        self.assertTrue(self.db.mset({"a": 1, "b": 2}))
        self.assertFalse(self.db.msetnx({"b": 3, "c": 4}))
        self.assertEqual(self.db.mget("a", "b", "c"), ["1", "2", None])

    def test_get_and_change(self):
        self.db.set("k", "v")
        self.assertEqual(self.db.getex("k", px=5000), "v")
        self.assertGreater(self.db.pttl("k"), 4000)
        self.assertEqual(self.db.getset("k", "w"), "v")
        self.assertEqual(self.db.getdel("k"), "w")
        self.assertEqual(self.db.exists("k"), 0)

    def test_a_megabyte(self):
        value = "x" * (1 << 20)
        self.db.set("big", value)
        self.assertEqual(self.db.get("big"), value)


class Keys(Client):
    def test_life_and_death(self):
        self.db.mset({"a": 1, "b": 2, "c": 3})
        self.assertEqual(self.db.exists("a", "b", "x"), 2)
        self.assertEqual(self.db.delete("a", "x"), 1)
        self.assertEqual(self.db.unlink("b"), 1)
        self.assertEqual(self.db.dbsize(), 1)
        self.assertEqual(self.db.type("c"), "string")
        self.assertEqual(self.db.randomkey(), "c")

    def test_deadlines(self):
        self.db.set("k", "v")
        self.assertEqual(self.db.ttl("k"), -1)
        self.assertEqual(self.db.ttl("nothing"), -2)
        self.assertTrue(self.db.expire("k", 100))
        self.assertFalse(self.db.expire("k", 200, nx=True))
        self.assertTrue(self.db.persist("k"))
        self.assertTrue(self.db.pexpireat("k", 4102444800000))
        self.assertEqual(self.db.execute_command("EXPIRETIME", "k"), 4102444800)

    def test_renaming_and_copying(self):
        self.db.set("a", "v", ex=50)
        self.assertTrue(self.db.rename("a", "b"))
        self.assertTrue(self.db.copy("b", "c"))
        self.assertFalse(self.db.renamenx("b", "c"))
        self.assertEqual((self.db.get("c"), self.db.ttl("c")), ("v", 50))

    def test_scanning(self):
        names = {f"key:{i}" for i in range(2000)}
        with self.db.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.set(name, "v")
            pipe.execute()
        self.assertEqual(set(self.db.scan_iter(count=100)), names)
        self.assertEqual(set(self.db.scan_iter(match="key:1?")), {f"key:1{i}" for i in range(10)})
        self.assertEqual(len(self.db.keys("key:19*")), 111)

    def test_databases(self):
        other = redis.Redis(port=PORT, db=9, decode_responses=True)
        other.set("k", "nine")
        self.assertIsNone(self.db.get("k"))
        self.assertTrue(self.db.swapdb(0, 9))
        self.assertEqual(self.db.get("k"), "nine")
        self.db.swapdb(0, 9)
        other.close()


class Pipelines(Client):
    def test_a_thousand_requests_get_their_replies_in_order(self):
        with self.db.pipeline(transaction=False) as pipe:
            for i in range(1000):
                pipe.set(f"k{i}", i).get(f"k{i}")
            replies = pipe.execute()
        self.assertEqual(replies[1::2], [str(i) for i in range(1000)])
        self.assertTrue(all(r is True for r in replies[0::2]))

    def test_an_error_stands_among_the_replies(self):
        with self.db.pipeline(transaction=False) as pipe:
            pipe.set("k", "text").incr("k").get("k")
            replies = pipe.execute(raise_on_error=False)
        self.assertIsInstance(replies[1], redis.ResponseError)
        self.assertEqual(replies[2], "text")


class Server(Client):
    def test_config(self):
        old = self.db.config_get("maxmemory-samples")
        self.assertTrue(self.db.config_set("maxmemory-samples", 9))
        self.assertEqual(self.db.config_get("maxmemory-s*"), {"maxmemory-samples": "9"})
        self.db.config_set("maxmemory-samples", old["maxmemory-samples"])
        self.assertGreater(len(self.db.config_get("*")), 150)
        self.assertTrue(self.db.config_resetstat())

    def test_info(self):
        self.db.set("k", "v")
        everything = self.db.info()
        self.assertEqual(everything["redis_version"], "7.2.6")
        self.assertEqual(everything["server_name"], "larder")
        self.assertEqual(everything["tcp_port"], PORT)
        self.assertEqual(everything["db0"]["keys"], 1)
        memory = self.db.info("memory")
        self.assertGreater(memory["used_memory"], 0)
        self.assertGreater(memory["total_system_memory"], 0)
        self.assertNotIn("redis_version", memory)

    def test_memory(self):
        self.db.set("k", "v" * 1000)
        self.assertGreater(self.db.memory_usage("k"), 1000)
        self.assertIn("dataset.bytes", self.db.memory_stats())

    def test_client(self):
        self.assertTrue(self.db.client_setname("tester"))
        me = self.db.client_id()
        mine = [c for c in self.db.client_list() if c["name"] == "tester"]
        self.assertEqual(len(mine), 1)
        self.assertEqual(int(mine[0]["id"]), me)
        self.assertEqual(self.db.client_getname(), "tester")

    def test_time_echo_and_commands(self):
        self.assertEqual(self.db.echo("hello"), "hello")
        self.assertGreater(self.db.time()[0], 1_600_000_000)
        self.assertGreater(self.db.command_count(), 50)
        self.assertEqual(self.db.command()["get"]["arity"], 2)

    def test_flushing(self):
        self.db.mset({"a": 1, "b": 2})
        self.assertTrue(self.db.flushdb())
        self.assertEqual(self.db.dbsize(), 0)

    def test_a_password(self):
        self.db.config_set("requirepass", "secret")
        try:
            stranger = redis.Redis(port=PORT)
            with self.assertRaises(redis.AuthenticationError):
                stranger.get("k")
            friend = redis.Redis(port=PORT, password="secret")
            self.assertTrue(friend.ping())
        finally:
            self.db.config_set("requirepass", "")


class Errors(Client):
    def test_words(self):
        self.db.set("k", "text")
        cases = [
            (("INCR", "k"), "value is not an integer or out of range"),
            (("SET", "k"), "wrong number of arguments for 'set' command"),
            (("NOSUCH", "a"), "unknown command 'NOSUCH', with args beginning with: 'a' "),
            (("SET", "k", "v", "EX", "0"), "invalid expire time in 'set' command"),
            (("CONFIG", "SET", "nosuch", "1"), "Unknown option or number of arguments"),
            (("SELECT", "16"), "DB index is out of range"),
        ]
        for words, text in cases:
            with self.subTest(words=words):
                with self.assertRaises(redis.ResponseError) as caught:
                    self.db.execute_command(*words)
                self.assertIn(text, str(caught.exception))

    def test_out_of_memory(self):
        self.db.set("k", "v")
        self.db.config_set("maxmemory", 1)
        try:
            with self.assertRaises(redis.ResponseError) as caught:
                self.db.set("other", "v")
            self.assertIn("command not allowed when used memory > 'maxmemory'", str(caught.exception))
            self.assertEqual(self.db.get("k"), "v")
            self.assertEqual(self.db.delete("k"), 1)
        finally:
            self.db.config_set("maxmemory", 0)


if __name__ == "__main__":
    with server.running(sys.argv[1]) as PORT:
        outcome = unittest.main(argv=sys.argv[:1], exit=False)
    sys.exit(not outcome.result.wasSuccessful())
