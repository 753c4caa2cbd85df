#!/usr/bin/env python3
"""Checks Debian's python3-redis against a server. Usage: python_redis.py BINARY"""
import socket
import sys
import threading
import time
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
    def test_set_and_get(self):
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

    def test_ranges_of_a_value(self):
        self.assertEqual(self.db.append("k", "Hello"), 5)
        self.assertEqual(self.db.setrange("k", 5, " World"), 11)
        self.assertEqual(self.db.getrange("k", -5, -1), "World")
        self.assertEqual(self.db.strlen("k"), 11)

    def test_several_keys_in_one_command(self):
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
    def test_exists_and_delete(self):
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

    def test_an_error_is_returned_in_place(self):
        with self.db.pipeline(transaction=False) as pipe:
            pipe.set("k", "text").incr("k").get("k")
            replies = pipe.execute(raise_on_error=False)
        self.assertIsInstance(replies[1], redis.ResponseError)
        self.assertEqual(replies[2], "text")


class Transactions(Client):
    def test_a_pipeline_is_a_transaction(self):
        with self.db.pipeline() as pipe:
            pipe.set("a", 1).incr("a").lpush("l", "x", "y").lrange("l", 0, -1)
            self.assertEqual(pipe.execute(), [True, 2, 2, ["y", "x"]])

    def test_an_error_in_exec_does_not_stop_the_rest(self):
        with self.db.pipeline() as pipe:
            pipe.set("a", "text").incr("a").set("b", 1)
            replies = pipe.execute(raise_on_error=False)
        self.assertIsInstance(replies[1], redis.ResponseError)
        self.assertEqual(self.db.get("b"), "1")

    def test_a_queueing_error_makes_exec_fail(self):
        with self.db.pipeline() as pipe:
            pipe.set("a", 1).execute_command("NOSUCH")
            with self.assertRaises(redis.ResponseError):
                pipe.execute()
        self.assertEqual(self.db.exists("a"), 0)

    def test_a_changed_watched_key_makes_exec_fail(self):
        other = redis.Redis(port=PORT, decode_responses=True)
        with self.db.pipeline() as pipe:
            pipe.watch("n")
            other.set("n", 5)
            pipe.multi()
            pipe.set("n", 1)
            with self.assertRaises(redis.WatchError):
                pipe.execute()
        self.assertEqual(self.db.get("n"), "5")
        other.close()

    def test_ten_threads_increment_one_counter(self):
        def count():
            db = redis.Redis(port=PORT, decode_responses=True)
            for _ in range(20):
                db.transaction(lambda pipe: (lambda n: (pipe.multi(), pipe.set("n", n + 1)))(int(pipe.get("n") or 0)),
                               "n")
            db.close()

        threads = [threading.Thread(target=count) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.db.get("n"), "200")


class Messages(Client):
    def listen(self, *channels, patterns=()):
        listener = self.db.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(listener.close)
        if channels:
            listener.subscribe(*channels)
        if patterns:
            listener.psubscribe(*patterns)
        # The replies to the subscriptions come first.
        for _ in range(len(channels) + len(patterns)):
            listener.get_message(timeout=10)
        return listener

    def messages(self, listener, count):
        found = []
        for _ in range(count):
            message = listener.get_message(timeout=10)
            self.assertIsNotNone(message)
            found.append((message["type"], message["pattern"], message["channel"], message["data"]))
        return found

    def test_channels_and_patterns(self):
        one = self.listen("news", "sports")
        two = self.listen(patterns=["n*"])
        self.assertEqual(self.db.publish("news", "hello"), 2)
        self.assertEqual(self.db.publish("sports", "goal"), 1)
        self.assertEqual(self.db.publish("nothing", "x"), 1)
        self.assertEqual(self.messages(one, 2), [("message", None, "news", "hello"), ("message", None, "sports", "goal")])
        self.assertEqual(self.messages(two, 2),
                         [("pmessage", "n*", "news", "hello"), ("pmessage", "n*", "nothing", "x")])
        self.assertEqual(sorted(self.db.pubsub_channels()), ["news", "sports"])
        self.assertEqual(self.db.pubsub_numsub("news", "x"), [("news", 1), ("x", 0)])
        self.assertEqual(self.db.pubsub_numpat(), 1)

    def test_unsubscribing(self):
        one = self.listen("a", "b")
        one.unsubscribe("a")
        one.get_message(timeout=10)
        self.assertEqual(self.db.publish("a", "x"), 0)
        self.assertEqual(self.db.publish("b", "y"), 1)
        self.assertEqual(self.messages(one, 1), [("message", None, "b", "y")])
        one.close()
        for _ in range(100):
            if self.db.publish("b", "z") == 0:
                return
            time.sleep(0.02)
        self.fail("the closed client is still subscribed")

    def test_ping_while_subscribed(self):
        one = self.listen("a")
        one.ping("hello")
        message = one.get_message(timeout=10)
        self.assertEqual((message["type"], message["data"]), ("pong", "hello"))

    def test_a_subscriber_thread_gets_a_thousand_messages_in_order(self):
        got = []
        listener = self.db.pubsub(ignore_subscribe_messages=True)
        listener.subscribe(**{"ch": lambda message: got.append(int(message["data"]))})
        thread = listener.run_in_thread(sleep_time=0.01)
        while self.db.pubsub_numsub("ch")[0][1] == 0:
            time.sleep(0.01)
        with self.db.pipeline(transaction=False) as pipe:
            for i in range(1000):
                pipe.publish("ch", i)
            self.assertEqual(pipe.execute(), [1] * 1000)
        for _ in range(500):
            if len(got) == 1000:
                break
            time.sleep(0.02)
        thread.stop()
        thread.join()
        self.assertEqual(got, list(range(1000)))

    def test_publish_in_a_transaction(self):
        one = self.listen("ch")
        with self.db.pipeline() as pipe:
            pipe.set("k", 1).publish("ch", "first").publish("ch", "second")
            self.assertEqual(pipe.execute(), [True, 1, 1])
        self.assertEqual([data for _, _, _, data in self.messages(one, 2)], ["first", "second"])

    def test_shard_channels(self):
        # This version of the library has no functions for shard channels.
        one = self.db.pubsub()
        self.addCleanup(one.close)
        one.execute_command("SSUBSCRIBE", "orders")
        self.assertEqual(one.parse_response(), ["ssubscribe", "orders", 1])
        self.assertEqual(self.db.execute_command("SPUBLISH", "orders", "one"), 1)
        self.assertEqual(self.db.publish("orders", "another"), 0)
        self.assertEqual(one.parse_response(), ["smessage", "orders", "one"])
        self.assertEqual(self.db.execute_command("PUBSUB SHARDNUMSUB", "orders"), ["orders", 1])
        one.execute_command("SUNSUBSCRIBE")
        self.assertEqual(one.parse_response(), ["sunsubscribe", "orders", 0])

    def test_client_side_caching_by_redirection(self):
        listener = self.db.pubsub(ignore_subscribe_messages=True)
        self.addCleanup(listener.close)
        listener.execute_command("CLIENT", "ID")
        number = listener.parse_response()
        listener.subscribe("__redis__:invalidate")
        listener.get_message(timeout=10)
        reader = redis.Redis(port=PORT, decode_responses=True, single_connection_client=True)
        self.addCleanup(reader.close)
        self.assertEqual(reader.execute_command("CLIENT TRACKING", "ON", "REDIRECT", number), "OK")
        self.assertEqual(reader.mget("a", "b", "c"), [None] * 3)
        self.db.mset({"a": 1, "d": 2, "b": 3})
        self.assertEqual([data for _, _, _, data in self.messages(listener, 2)], [["a"], ["b"]])
        self.assertEqual(self.db.info("clients")["tracking_clients"], 1)
        self.assertEqual(self.db.info("stats")["tracking_total_keys"], 1)
        self.db.flushall()
        self.assertEqual([data for _, _, _, data in self.messages(listener, 1)], [None])

    def test_keyspace_notifications(self):
        self.db.config_set("notify-keyspace-events", "KEA")
        try:
            one = self.listen(patterns=["__keyevent@0__:*"])
            self.db.set("k", 1, px=50)
            self.assertEqual([data[2] for data in self.messages(one, 3)],
                             ["__keyevent@0__:set", "__keyevent@0__:expire", "__keyevent@0__:expired"])
        finally:
            self.db.config_set("notify-keyspace-events", "")

    def test_monitor(self):
        with self.db.monitor() as monitor:
            self.db.set("k", "a b")
            seen = monitor.next_command()
            self.assertEqual((seen["db"], seen["command"]), (0, "SET k a b"))

    def test_output_of_a_subscriber_that_does_not_read_is_bounded(self):
        self.db.config_set("client-output-buffer-limit", "pubsub 2mb 0 0")
        try:
            deaf = socket.create_connection(("127.0.0.1", PORT))
            deaf.sendall(b"SUBSCRIBE ch\r\n")
            while self.db.publish("ch", "x") == 0:
                time.sleep(0.01)
            message = "x" * 100_000
            for _ in range(500):
                if self.db.publish("ch", message) == 0:
                    break
            else:
                self.fail("50 MB were kept for a client that does not read")
            self.assertLess(self.db.info("memory")["used_memory"], 30_000_000)
            deaf.close()
        finally:
            self.db.config_set("client-output-buffer-limit", "pubsub 32mb 8mb 60")


class Resp3(unittest.TestCase):
    """Without a library: Debian's python3-redis supports RESP2 only."""

    def setUp(self):
        self.link = socket.create_connection(("127.0.0.1", PORT), timeout=20)
        self.stream = self.link.makefile("rb")
        self.assertEqual(self.call("HELLO", "3")[0], "%")

    def tearDown(self):
        self.stream.close()
        self.link.close()

    def call(self, *words):
        request = f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
        self.link.sendall(request.encode())
        return self.read()

    def read(self):
        """(kind, value) of the next reply."""
        line = self.stream.readline().decode().rstrip("\r\n")
        kind, rest = line[0], line[1:]
        if kind in "$=":
            text = self.stream.read(int(rest)).decode()
            self.stream.readline()
            return kind, text
        if kind in "*>~":
            return kind, [self.read()[1] for _ in range(int(rest))]
        if kind == "%":
            return kind, [self.read()[1] for _ in range(2 * int(rest))]
        return kind, rest

    def test_pushes_between_replies(self):
        self.assertEqual(self.call("SUBSCRIBE", "ch"), (">", ["subscribe", "ch", "1"]))
        self.assertEqual(self.call("SET", "k", "v"), ("+", "OK"))
        other = redis.Redis(port=PORT)
        self.assertEqual(other.publish("ch", "hello"), 1)
        self.assertEqual(self.read(), (">", ["message", "ch", "hello"]))
        self.assertEqual(self.call("GET", "k"), ("$", "v"))
        self.assertEqual(self.call("PUBLISH", "ch", "me"), (":", "1"))
        self.assertEqual(self.read(), (">", ["message", "ch", "me"]))
        other.close()

    def test_invalidation_pushes(self):
        self.assertEqual(self.call("CLIENT", "TRACKING", "ON", "OPTIN"), ("+", "OK"))
        self.call("CLIENT", "CACHING", "YES")
        self.call("GET", "k")
        self.call("GET", "other")
        other = redis.Redis(port=PORT)
        other.mset({"other": 1, "k": 2})
        self.assertEqual(self.read(), (">", ["invalidate", ["k"]]))
        self.assertEqual(self.call("CLIENT", "TRACKINGINFO")[0], "%")
        other.close()

    def test_a_transaction_while_subscribed(self):
        self.call("SUBSCRIBE", "ch")
        self.assertEqual(self.call("WATCH", "k")[1], "OK")
        self.assertEqual(self.call("MULTI")[1], "OK")
        self.assertEqual(self.call("PUBLISH", "ch", "x")[1], "QUEUED")
        self.assertEqual(self.call("SET", "k", "w")[1], "QUEUED")
        self.assertEqual(self.call("EXEC"), ("*", ["1", "OK"]))
        self.assertEqual(self.read(), (">", ["message", "ch", "x"]))


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
            unauthenticated = redis.Redis(port=PORT)
            with self.assertRaises(redis.AuthenticationError):
                unauthenticated.get("k")
            friend = redis.Redis(port=PORT, password="secret")
            self.assertTrue(friend.ping())
        finally:
            self.db.config_set("requirepass", "")


class Errors(Client):
    def test_inline_commands(self):
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
