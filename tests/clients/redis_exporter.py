#!/usr/bin/env python3
"""Debian's prometheus-redis-exporter must find in Larder every metric that it finds in redis-server.
Usage: redis_exporter.py BINARY"""
import contextlib
import shutil
import subprocess
import sys
import time
import urllib.request

import redis

import server

try:
    from prometheus_client.parser import text_string_to_metric_families as read
except ImportError:
    sys.exit(77)

EXPORTER = shutil.which("prometheus-redis-exporter")
REFERENCE = shutil.which("redis-server")

# Metrics that the exporter shows for redis-server 7.0 and cannot show for Larder.
ABSENT = {}


@contextlib.contextmanager
def exporter(port):
    web = server.free_port()
    process = subprocess.Popen(
        [EXPORTER, "-redis.addr", f"redis://127.0.0.1:{port}", "-web.listen-address",
         f"127.0.0.1:{web}", "-include-system-metrics", "-include-config-metrics",
         "-export-client-list", "-check-keys", "*", "-check-streams", "stream", "-count-keys",
         "key*"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield web
    finally:
        process.kill()
        process.wait()


def scrape(web):
    for _ in range(200):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{web}/metrics", timeout=10) as answer:
                return answer.read().decode()
        time.sleep(0.05)
    raise SystemExit("the exporter does not answer")


def exercise(port):
    db = redis.Redis(port=port)
    for i in range(20):
        db.set(f"key:{i}", "v")
    db.expire("key:1", 100)
    db.lpush("list", "a", "b")
    db.sadd("set", "a")
    db.hset("hash", "f", "v")
    db.zadd("zset", {"m": 1})
    db.xadd("stream", {"f": "v"})
    db.xgroup_create("stream", "group", 0)
    db.xreadgroup("group", "consumer", {"stream": ">"})
    db.execute_command("SELECT", 3)
    with contextlib.suppress(redis.ResponseError):
        db.execute_command("LPUSH", "key:0", "x")
        db.execute_command("NOSUCH")
    db.close()


def metrics(port):
    exercise(port)
    with exporter(port) as web:
        text = scrape(web)
    values = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
              for family in read(text) for sample in family.samples
              if family.name.startswith("redis_")}
    return {name for name, _ in values}, values


def main():
    if not EXPORTER or not REFERENCE:
        return 77
    with server.running(REFERENCE) as port:
        expected, _ = metrics(port)
    with server.running(sys.argv[1]) as port:
        found, values = metrics(port)
    missing = expected - found - set(ABSENT)
    stale = set(ABSENT) & found
    print(f"{len(expected)} metrics of redis-server, {len(found)} of Larder")
    for name in sorted(missing):
        print("missing:", name)
    for name in sorted(stale):
        print("listed as absent, but there:", name)
    wrong = []
    for least, name, *labels in [
            (1, "redis_up"), (25, "redis_db_keys", ("db", "db0")),
            (1, "redis_db_keys_expiring", ("db", "db0")),
            (20, "redis_commands_total", ("cmd", "set")),
            (1, "redis_memory_used_bytes"), (1, "redis_connected_clients")]:
        if values.get((name, tuple(labels)), -1) < least:
            wrong.append(name)
            print("wrong:", name, values.get((name, tuple(labels))))
    return 1 if missing or stale or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
