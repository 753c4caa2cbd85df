#!/usr/bin/env python3
"""The metrics port as Prometheus and browsers see it. Usage: metrics_port.py BINARY"""
import http.client
import socket
import sys
import time
import unittest

import redis

import server

try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
    from prometheus_client.parser import text_string_to_metric_families as read_plain
except ImportError:
    sys.exit(77)

PORT = None
METRICS = None


def get(path, method="GET", headers=None):
    link = http.client.HTTPConnection("127.0.0.1", METRICS, timeout=10)
    link.request(method, path, headers=headers or {})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer, body.decode()


def samples(text, read=read_open):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in read(text) for sample in family.samples}


def raw(text):
    with socket.create_connection(("127.0.0.1", METRICS), timeout=10) as link:
        link.sendall(text)
        found = b""
        while piece := link.recv(65536):
            found += piece
        return found


class Scrape(unittest.TestCase):
    def setUp(self):
        self.db = redis.Redis(port=PORT)
        self.db.flushall()

    def tearDown(self):
        self.assertIn(b"balanced", self.db.execute_command("MEMORY", "AUDIT"))
        self.db.close()

    def test_a_strict_parser_accepts_the_output(self):
        self.db.set("k", "v", ex=100)
        self.assertRaises(redis.ResponseError, self.db.lpush, "k", "v")
        answer, text = get("/metrics", headers={"Accept": "application/openmetrics-text"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Content-Type"),
                         "application/openmetrics-text; version=1.0.0; charset=utf-8")
        found = samples(text)
        self.assertEqual(found["larder_db_keys", (("db", "0"),)], 1)
        self.assertEqual(found["larder_db_keys_expiring", (("db", "0"),)], 1)
        self.assertGreaterEqual(found["larder_commands_total", (("cmd", "set"),)], 1)
        self.assertGreaterEqual(found["larder_errors_total", (("code", "WRONGTYPE"),)], 1)
        self.assertGreater(found["larder_memory_bytes", (("owner", "strings"),)], 0)
        owners = sum(value for (name, _), value in found.items() if name == "larder_memory_bytes")
        self.assertEqual(owners, found["larder_used_memory_bytes", ()])

    def test_the_older_format_has_the_same_values(self):
        open_text = get("/metrics")[1]
        answer, text = get("/metrics", headers={"Accept": "text/plain;version=0.0.4"})
        self.assertTrue(answer.getheader("Content-Type").startswith("text/plain; version=0.0.4"))
        names = {name for name, _ in samples(open_text)}
        self.assertEqual(names, {name for name, _ in samples(text, read_plain)})

    def test_counters_increase(self):
        before = samples(get("/metrics")[1])
        for i in range(100):
            self.db.get("nothing")
        after = samples(get("/metrics")[1])

        def grown(name):
            return after[name, ()] - before[name, ()]
        self.assertEqual(grown("larder_keyspace_misses_total"), 100)
        self.assertEqual(grown("larder_commands_processed_total"), 100)
        self.assertEqual(grown("larder_metrics_scrapes_total"), 1)
        self.assertGreater(grown("larder_net_input_bytes_total"), 100 * 10)

    def test_the_loop_reports_its_largest_turn(self):
        with self.db.pipeline(transaction=False) as pipeline:
            for _ in range(50):
                pipeline.ping()
            pipeline.execute()
        debug = self.db.info("debug")
        self.assertGreaterEqual(debug["eventloop_cmd_per_cycle_max"], 50)
        self.assertGreater(samples(get("/metrics")[1])["larder_eventloop_cmd_per_cycle_max", ()], 49)

    def test_one_connection_serves_many_scrapes(self):
        link = http.client.HTTPConnection("127.0.0.1", METRICS, timeout=10)
        for _ in range(20):
            link.request("GET", "/metrics")
            self.assertEqual(link.getresponse().read()[-6:], b"# EOF\n")
        link.close()


class Http(unittest.TestCase):
    def test_health(self):
        answer, text = get("/health")
        self.assertEqual((answer.status, text), (200, "ok\n"))
        answer, text = get("/health", "HEAD")
        self.assertEqual((answer.status, text), (200, ""))

    def test_rejected_requests(self):
        self.assertEqual(get("/")[0].status, 404)
        self.assertEqual(get("/metrics", "DELETE")[0].status, 405)
        self.assertEqual(get("/metrics", "POST")[0].getheader("Allow"), "GET, HEAD")
        self.assertTrue(raw(b"PING\r\n").startswith(b"HTTP/1.1 400 "))
        self.assertTrue(raw(b"\x16\x03\x01\x02\x00").startswith(b"HTTP/1.1 400 "))
        self.assertTrue(raw(b"GET /" + b"a" * 9000).startswith(b"HTTP/1.1 431 "))

    def test_slow_connections_are_closed_for_new_ones(self):
        slow = [socket.create_connection(("127.0.0.1", METRICS)) for _ in range(100)]
        for link in slow:
            link.sendall(b"GET /hea")
        self.assertEqual(get("/health")[0].status, 200)
        for link in slow:
            link.close()


class Live(unittest.TestCase):
    def test_the_port_moves_and_closes(self):
        global METRICS
        db = redis.Redis(port=PORT)
        old, new = METRICS, server.free_port()
        db.config_set("metrics-port", new)
        METRICS = new
        self.assertEqual(get("/health")[0].status, 200)
        METRICS = old
        self.assertRaises(OSError, get, "/health")
        self.assertRaises(redis.ResponseError, db.config_set, "metrics-port", PORT)
        db.config_set("metrics-port", 0)
        METRICS = new
        self.assertRaises(OSError, get, "/health")
        db.config_set("metrics-port", old)
        METRICS = old
        self.assertEqual(get("/health")[0].status, 200)
        db.close()

    def test_a_scrape_does_not_delay_clients(self):
        db = redis.Redis(port=PORT)
        for i in range(200):
            get("/metrics")
        time.sleep(0.2)
        print("last scrape:", db.info("stats")["metrics_last_scrape_usec"], "us")
        db.close()


if __name__ == "__main__":
    METRICS = server.free_port()
    with server.running(sys.argv.pop(1), "--metrics-port", str(METRICS)) as PORT:
        result = unittest.main(exit=False, verbosity=1).result
    sys.exit(not result.wasSuccessful())
