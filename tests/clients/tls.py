#!/usr/bin/env python3
"""Clients with TLS: redis-cli, python3-redis and, if npm can install them, ioredis and redis of node.

Usage: tls.py BINARY BUILD_FOLDER
"""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import unittest

import redis

import certificates
import node
import server

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY, BUILD = sys.argv[1], sys.argv[2]
FOLDER = PORT = TLS_PORT = None


def path(name):
    return os.path.join(FOLDER, name)


def cli(*words, identity=("--cert", "client.crt", "--key", "client.key"), text=None):
    files = [path(word) if word.startswith("client.") else word for word in identity]
    return subprocess.run(["redis-cli", "-p", str(TLS_PORT), "--tls", "--cacert", path("ca.crt"), *files, *words],
                          input=text, capture_output=True, text=True, timeout=30)


def python(**options):
    options = {"ssl_certfile": path("client.crt"), "ssl_keyfile": path("client.key"), **options}
    return redis.Redis(port=TLS_PORT, ssl=True, ssl_ca_certs=path("ca.crt"), decode_responses=True, **options)


def plain():
    return redis.Redis(port=PORT, decode_responses=True)


def context(identity=True):
    made = ssl.create_default_context(cafile=path("ca.crt"))
    made.check_hostname = False
    if identity:
        made.load_cert_chain(path("client.crt"), path("client.key"))
    return made


def secured(**options):
    link = socket.create_connection(("127.0.0.1", TLS_PORT), timeout=20)
    return context(**options).wrap_socket(link)


def shown_name():
    """The name in the certificate that the server presents."""
    with secured() as link:
        return dict(pair[0] for pair in link.getpeercert()["subject"])["commonName"]


class Cli(unittest.TestCase):
    def test_single_commands_and_mass_insertion(self):
        self.assertEqual(cli("SET", "k", "v").stdout, "OK\n")
        self.assertEqual(cli("-3", "GET", "k").stdout, "v\n")
        self.assertEqual(cli(text="".join(f"SET m:{i} v{'x' * i}\n" for i in range(200))).stdout, "OK\n" * 200)
        pipe = "".join(f"*3\r\n$3\r\nSET\r\n$3\r\np{i:02}\r\n$1\r\nv\r\n" for i in range(100))
        self.assertIn("errors: 0, replies: 100", cli("--pipe", text=pipe).stdout)
        self.assertEqual(len(cli("--scan", "--pattern", "m:*").stdout.split()), 200)

    def test_a_client_without_a_certificate_is_rejected(self):
        done = cli("PING", identity=())
        self.assertNotIn("PONG", done.stdout)
        self.assertNotEqual(done.returncode, 0)

    def test_benchmark(self):
        done = subprocess.run(["redis-benchmark", "-p", str(TLS_PORT), "--tls", "--cacert", path("ca.crt"), "--cert",
                               path("client.crt"), "--key", path("client.key"), "-t", "set,get", "-n", "2000", "-P", "16",
                               "-c", "20", "-d", "1000", "-q"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("GET: ", done.stdout)


class Python(unittest.TestCase):
    def setUp(self):
        self.db = python()
        self.db.flushall()

    def tearDown(self):
        self.db.close()

    def test_values_of_all_sizes(self):
        for size in (0, 1, 16_000, 16_384, 70_000, 5_000_000):
            self.db.set("k", "v" * size)
            self.assertEqual(len(self.db.get("k")), size)

    def test_a_pipeline_keeps_its_order(self):
        pipe = self.db.pipeline(transaction=False)
        for i in range(5000):
            pipe.set(f"k{i}", "v" * (i % 300))
            pipe.strlen(f"k{i}")
        replies = pipe.execute()
        self.assertEqual([replies[2 * i + 1] for i in range(5000)], [i % 300 for i in range(5000)])

    def test_messages(self):
        subscriber = self.db.pubsub(ignore_subscribe_messages=True)
        subscriber.subscribe("ch")
        while self.db.publish("ch", "first") == 0:
            time.sleep(0.01)
        self.db.publish("ch", "x" * 100_000)
        subscriber.get_message(timeout=0.1)
        found = [m["data"] for m in (subscriber.get_message(timeout=2) for _ in range(3)) if m]
        self.assertIn("x" * 100_000, found)
        subscriber.close()

    def test_blpop_is_served_by_another_client(self):
        threading.Timer(0.1, lambda: plain().rpush("list", "v")).start()
        self.assertEqual(self.db.blpop("list", timeout=10), ("list", "v"))

    def test_names_and_addresses(self):
        self.db.client_setname("secure")
        mine = [c for c in plain().client_list() if c["name"] == "secure"]
        self.assertEqual(len(mine), 1)
        self.assertTrue(mine[0]["laddr"].endswith(f":{TLS_PORT}"))
        self.assertGreater(int(mine[0]["tot-mem"]), 1000)

    def test_many_clients_at_once(self):
        held = [python() for _ in range(30)]
        for i, one in enumerate(held):
            one.set(f"k{i}", i)
        self.assertEqual([one.get(f"k{i}") for i, one in enumerate(held)], [str(i) for i in range(30)])
        for one in held:
            one.close()


class Server(unittest.TestCase):
    def tearDown(self):
        with plain() as db:
            db.execute_command("CONFIG", "SET", "tls-cert-file", path("server.crt"), "tls-key-file", path("server.key"))

    def test_the_debugger_of_scripts_is_refused(self):
        with self.assertRaisesRegex(redis.ResponseError, "needs a connection without TLS"):
            python().execute_command("SCRIPT", "DEBUG", "YES")
        self.assertEqual(plain().execute_command("SCRIPT", "DEBUG", "NO"), "OK")

    def test_info_names_the_listener(self):
        with plain() as db:
            text = db.execute_command("INFO", "server")
        listeners = [v for k, v in text.items() if k.startswith("listener")]
        self.assertIn("tls", [one["name"] for one in listeners])

    def test_certificates_are_reloaded_while_clients_stay_connected(self):
        with python(single_connection_client=True) as before, plain() as db:
            before.set("k", "v")
            number = before.client_id()
            self.assertEqual(shown_name(), "server")
            db.execute_command("CONFIG", "SET", "tls-cert-file", path("renewed.crt"), "tls-key-file",
                               path("renewed.key"))
            self.assertEqual(shown_name(), "renewed")
            self.assertEqual(before.get("k"), "v")
            self.assertEqual(before.client_id(), number)

    def test_config_set_of_the_same_file_reloads_it(self):
        for name in ("server.crt", "server.key"):
            shutil.copy(path(name), path("kept." + name))
            shutil.copy(path(name.replace("server", "renewed")), path(name))
        try:
            self.assertEqual(shown_name(), "server")
            with plain() as db:
                db.config_set("tls-cert-file", path("server.crt"))
            self.assertEqual(shown_name(), "renewed")
        finally:
            for name in ("server.crt", "server.key"):
                shutil.copy(path("kept." + name), path(name))

    def test_a_wrong_file_changes_nothing(self):
        with plain() as db:
            before = db.config_get("tls-*")
            for pairs in (["tls-cert-file", path("nothing")], ["tls-key-file", path("client.key")],
                          ["tls-protocols", "TLSv9"],
                          ["tls-ciphers", "nonsense", "maxclients", "77"],
                          ["tls-cert-file", path("renewed.crt"), "tls-key-file", path("nothing")]):
                with self.assertRaisesRegex(redis.ResponseError,
                                            "Unable to update TLS configuration. Check server logs."):
                    db.execute_command("CONFIG", "SET", *pairs)
            self.assertEqual(db.config_get("tls-*"), before)
            self.assertNotEqual(db.config_get("maxclients")["maxclients"], "77")
        self.assertEqual(shown_name(), "server")

    def test_client_certificates(self):
        def answer(identity):
            try:
                with secured(identity=identity) as link:
                    link.sendall(b"PING\r\n")
                    return link.recv(64)
            except (ssl.SSLError, ConnectionError):
                return b""
        with plain() as db:
            for wanted, served in (("no", True), ("optional", True), ("yes", False)):
                db.config_set("tls-auth-clients", wanted)
                self.assertEqual(answer(True), b"+PONG\r\n")
                self.assertEqual(answer(False) == b"+PONG\r\n", served, wanted)

    def test_the_port_opens_and_closes(self):
        with python(single_connection_client=True) as stays, plain() as db:
            other = server.free_port()
            db.config_set("tls-port", other)
            with self.assertRaises(ConnectionError):
                socket.create_connection(("127.0.0.1", TLS_PORT), timeout=5)
            with context().wrap_socket(socket.create_connection(("127.0.0.1", other), timeout=5)) as link:
                link.sendall(b"PING\r\n")
                self.assertEqual(link.recv(64), b"+PONG\r\n")
            db.config_set("tls-port", 0)
            with self.assertRaises(ConnectionError):
                socket.create_connection(("127.0.0.1", other), timeout=5)
            with self.assertRaisesRegex(redis.ResponseError, "Unable to listen on this port. Check server logs."):
                db.config_set("tls-port", PORT)
            self.assertEqual(db.config_get("tls-port"), {"tls-port": "0"})
            db.config_set("tls-port", TLS_PORT)
            self.assertTrue(stays.ping())
            self.assertEqual(shown_name(), "server")

    def test_garbage_before_and_in_the_handshake(self):
        for words in (b"PING\r\n", b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(1000), b"\x16\x03\x01\x02\x00" + bytes(600)):
            with socket.create_connection(("127.0.0.1", TLS_PORT), timeout=20) as link:
                link.sendall(words)
                while link.recv(4096):
                    pass
        self.assertIn("balanced", plain().execute_command("MEMORY", "AUDIT"))
        self.assertTrue(python().ping())

    def test_many_handshakes_do_not_delay_other_clients(self):
        stop = time.monotonic() + 2
        done = []

        def knock():
            while time.monotonic() < stop:
                with secured():
                    done.append(1)
        handshakes = [threading.Thread(target=knock) for _ in range(4)]
        waits = []
        with plain() as db:
            for handshake in handshakes:
                handshake.start()
            while time.monotonic() < stop:
                before = time.monotonic()
                db.ping()
                waits.append(time.monotonic() - before)
        for handshake in handshakes:
            handshake.join()
        self.assertGreater(len(done), 5)
        self.assertLess(sorted(waits)[len(waits) // 2], 0.1)


class ProtectedMode(unittest.TestCase):
    def test_error_is_sent_after_the_handshake(self):
        address = next(iter(subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()), None)
        if address is None:
            self.skipTest("this machine has no address but loopback")
        port = server.free_port()
        options = certificates.options(FOLDER, "--tls-port", str(port), "--bind", "127.0.0.1", address)
        with server.running(BINARY, *options) as plain_port:
            link = context().wrap_socket(socket.create_connection((address, port), timeout=20))
            with link:
                words = b""
                while piece := link.recv(4096):
                    words += piece
            self.assertTrue(words.startswith(b"-DENIED Redis is running in protected mode"), words)
            with redis.Redis(port=plain_port) as db:
                self.assertEqual(db.info("stats")["rejected_connections"], 1)


class Node(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise unittest.SkipTest("node and npm are not installed")
        if not node.install(BUILD):
            raise unittest.SkipTest("npm could not install the clients")

    def test_ioredis_and_redis(self):
        environment = {**os.environ, "NODE_PATH": os.path.join(BUILD, "node_modules")}
        done = subprocess.run(["node", os.path.join(HERE, "tls.js"), str(TLS_PORT), FOLDER], env=environment,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def main():
    global FOLDER, PORT, TLS_PORT
    with certificates.folder() as FOLDER:
        TLS_PORT = server.free_port()
        with server.running(BINARY, "--enable-protected-configs", "local",
                            *certificates.options(FOLDER, "--tls-port", str(TLS_PORT))) as PORT:
            result = unittest.main(argv=sys.argv[:1], exit=False).result
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
