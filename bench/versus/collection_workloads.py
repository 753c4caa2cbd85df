"""Collections compared with those of redis-server: CPU time, bytes per element, RSS over used_memory,
and how long other clients wait while a large one is removed.

A request is words with "{}" for the ten digits of a number: random ones while measuring, those
from 0 on while loading.
"""
import statistics
import time

from measuring import MILLION, Table, drive, longest_wait, medians, servers

MEMBERS = 100_000
SMALL = 1_000


class Workload:
    def __init__(self, name, request, goal, loads=(), numbers=MEMBERS, pipeline=16, clients=50):
        self.name, self.request, self.goal, self.loads = name, request, goal, loads
        self.numbers, self.pipeline, self.clients = numbers, pipeline, clients

    def commands(self):
        requests = self.request.split(" ; ") + [request for request, _ in self.loads]
        return sorted({request.split()[0] for request in requests})


def with_elements(head, element, count, extra=""):
    """`head` with `count` numbered elements, and `extra` before each."""
    return head + "".join(f" {extra.replace('#', str(i))}{element}{i:04d}" for i in range(count))


HASH = ("HSET hash f{} v{}", MEMBERS)
SET = ("SADD set memb{}", MEMBERS)
SORTED_SET = ("ZADD sorted {} memb{}", MEMBERS)
WORKLOADS = [
    Workload("LPUSH and RPOP", "LPUSH list element{} ; RPOP list", 1.7, [("LPUSH list element{}", SMALL)]),
    Workload("HSET", "HSET hash f{} v{}", 1.7, [HASH]),
    Workload("HGET", "HGET hash f{}", 1.7, [HASH]),
    Workload("SADD", "SADD set memb{}", 1.7, [SET]),
    Workload("SISMEMBER", "SISMEMBER set memb{}", 1.7, [SET]),
    Workload("ZADD on 100,000 members", "ZADD sorted {} memb{}", 2.0, [SORTED_SET]),
    Workload("ZRANK on 100,000 members", "ZRANK sorted memb{}", 2.0, [SORTED_SET]),
    Workload("LRANGE 100", "LRANGE list:{} 0 99", 1.7, [(with_elements("RPUSH list:{}", "element", 100), SMALL)], SMALL),
    Workload("HGETALL of 50", "HGETALL hash:{}", 1.7, [(with_elements("HSET hash:{}", "v", 50, "f# "), SMALL)], SMALL),
    Workload("SMEMBERS of 100", "SMEMBERS set:{}", 1.7, [(with_elements("SADD set:{}", "member", 100), SMALL)], SMALL),
    Workload("ZRANGE 100", "ZRANGE sorted:{} 0 99", 1.7, [(with_elements("ZADD sorted:{}", "member", 100, "# "), SMALL)],
             SMALL),
    Workload("XADD", "XADD stream * field value{}", 1.5),
    Workload("SINTER of two sets of 100,000, a tenth in common", "SINTER set other", 3.0,
             [SET, ("SADD other memb9{}", 90_000), ("SADD other memb{}", 10_000)], pipeline=1, clients=4),
    Workload("SINTER of two sets of 100,000 integers, a tenth in common", "SINTER set other", 3.0,
             [("SADD set 1{}", MEMBERS), ("SADD other 2{}", 90_000), ("SADD other 1{}", 10_000)], pipeline=1, clients=4),
    Workload("PFCOUNT", "PFCOUNT sketch", 1.0, [("PFADD sketch e{}", MEMBERS)]),
    Workload("PFCOUNT of two", "PFCOUNT sketch other", 1.0,
             [("PFADD sketch e{}", MEMBERS), ("PFADD other o{}", MEMBERS)], clients=8),
    Workload("BITCOUNT of 1 MB", "BITCOUNT bits", 1.0, [("APPEND bits " + "abcd" * 128, 2048)],
             clients=8),
]

# name, request, how often it is sent, elements each time, Larder's bytes over redis-server's to reach
SIZES = [
    ("a hash of 1 M", "HSET hash f{} v{}", MILLION, 1, 0.62),
    ("a set of 1 M", "SADD set memb{}", MILLION, 1, 0.50),
    ("a sorted set of 1 M", "ZADD sorted {} memb{}", MILLION, 1, 0.55),
    ("a list of 1 M", "RPUSH list element{}", MILLION, 1, 1.0),
    ("a stream of 1 M", "XADD stream * field v{}", MILLION, 1, 1.0),
    ("hashes of 10 fields", with_elements("HSET hash:{}", "value", 10, "f# "), 100_000, 10, 1.0),
    ("lists of 100", with_elements("RPUSH list:{}", "element", 100), 10_000, 100, 1.0),
    ("sets of 100 short strings", with_elements("SADD set:{}", "memb", 100), 10_000, 100, 0.35),
    ("sorted sets of 100", with_elements("ZADD sorted:{}", "member", 100, "# "), 10_000, 100, 1.0),
]

# name, the request that gives each of 10,000 keys its next element
GROWN = [("lists", "RPUSH list:{} element#"), ("sets", "SADD set:{} member#"), ("sorted sets", "ZADD sorted:{} # member#")]
MOST_RSS = 1.4

LARGE = [("hash", "HSET large f{} v{}"), ("sorted set", "ZADD large {} memb{}"), ("set", "SADD large memb{}"),
         ("list", "RPUSH large element{}"), ("stream", "XADD large * field v{}")]
REMOVALS = [("DEL", [("DEL", "large")]), ("UNLINK", [("UNLINK", "large")]), ("expiry", [("PEXPIRE", "large", "50")]),
            ("eviction", [("CONFIG", "SET", "maxmemory-policy", "allkeys-random"),
                          ("CONFIG", "SET", "maxmemory", "5mb")]),
            ("FLUSHALL", [("FLUSHALL",)]), ("SET over", [("SET", "large", "small"), ("DEL", "large")]),
            ("RENAME over", [("SET", "small", "value"), ("RENAME", "small", "large"), ("DEL", "large")])]
LONGEST_WAIT_US = 1000


def load(server, request, count, first=0):
    drive(server.port, 0, "--op", "load", "--request", request, "--keys", count, "--first", first, "--pipeline", 16,
          "--clients", 8)


def known(pair, name, commands):
    """Whether both servers have the commands; prints those that are missing."""
    missing = sorted({c for c in commands for server in pair if not server.knows(c)})
    if missing:
        print(f"{name}: left out, without {', '.join(missing)}", flush=True)
    return not missing


def compare_speed(arguments, wanted):
    table = Table("Collections, pipeline 16", ["workload", "redis-server op/s", "Larder op/s", "redis-server µs CPU",
                                               "Larder µs CPU", "CPU ratio", "to reach"], arguments.markdown)
    for workload in wanted:
        with servers(arguments) as pair:
            if not known(pair, workload.name, workload.commands()):
                continue
            for server in pair:
                for request, count in workload.loads:
                    load(server, request, count)
            report_speed(table, arguments, workload, *pair)


def measure(server, workload, seconds):
    """Operations a second, and CPU microseconds an operation."""
    done, took, cpu = drive(server.port, server.process.pid, "--op", "request", "--request", workload.request, "--keys",
                            workload.numbers, "--pipeline", workload.pipeline, "--clients", workload.clients, "--seconds",
                            seconds)
    return done / took, cpu / done * 1e6


def report_speed(table, arguments, workload, redis, larder):
    redis_rate, redis_cpu, rate, cpu, ratio = medians(arguments, lambda s: measure(s, workload, arguments.seconds), redis,
                                                      larder)
    table.row(workload.name, f"{redis_rate:,.0f}", f"{rate:,.0f}", f"{redis_cpu:.3f}", f"{cpu:.3f}", f"{ratio:.2f}",
              f"{workload.goal:.2f}")


def compare_sizes(arguments, wanted):
    table = Table("Bytes per element (1 M of them)", ["collection", "redis-server", "Larder", "ratio", "to reach"],
                  arguments.markdown)
    for name, request, count, elements, goal in wanted:
        figures = []
        with servers(arguments) as pair:
            if not known(pair, name, [request.split()[0]]):
                continue
            for server in pair:
                empty = server.used_memory()
                load(server, request, count)
                time.sleep(0.2)
                figures.append((server.used_memory() - empty) / (count * elements))
        table.row(name, f"{figures[0]:.2f}", f"{figures[1]:.2f}", f"{figures[1] / figures[0]:.2f}", f"{goal:.2f}")


def compare_rss(arguments, wanted, keys=10_000, elements=100):
    table = Table("RSS over used_memory, 10,000 collections of 100 grown in turn",
                  ["collections", "redis-server", "Larder", "to reach"], arguments.markdown)
    for name, request in wanted:
        figures = []
        with servers(arguments) as pair:
            if not known(pair, name, [request.split()[0]]):
                continue
            for server in pair:
                for number in range(elements):
                    load(server, request.replace("#", str(number)), keys)
                time.sleep(1.5)
                figures.append(server.memory("used_memory_rss") / server.used_memory())
        table.row(name, f"{figures[0]:.2f}", f"{figures[1]:.2f}", f"{MOST_RSS:.2f}")


def wait_for_removal(server, fill, requests):
    """The longest wait on an idle server, and while 2 M elements are removed, with the CPU time of that."""
    server.ask("CONFIG", "SET", "maxmemory", "0")
    load(server, fill, 2 * MILLION)
    calm, _ = longest_wait(server, [])
    busy, cpu = longest_wait(server, requests)
    for _ in range(200):
        if server.ask("EXISTS", "large").strip() == "0":
            return calm, busy, cpu
        time.sleep(0.05)
    raise SystemExit(f"{server.name} kept the key after {requests}")


def compare_waits(arguments, wanted):
    table = Table("Longest wait of another client while a collection of 2 M elements goes, µs",
                  ["what", "redis-server, idle", "redis-server", "its CPU", "Larder, idle", "Larder", "its CPU",
                   "to reach"], arguments.markdown)
    for kind, fill, removal, requests in wanted:
        with servers(arguments) as pair:
            if not known(pair, kind, [fill.split()[0]]):
                continue
            cells = []
            for server in pair:
                rounds = [wait_for_removal(server, fill, requests) for _ in range(min(3, arguments.rounds))]
                cells += [f"{statistics.median(r[i] for r in rounds):,.0f}" for i in range(3)]
        table.row(f"{removal} of a {kind}", *cells, f"{LONGEST_WAIT_US:,}")


def compare(arguments, is_wanted):
    speed = [w for w in WORKLOADS if is_wanted("collections: " + w.name)]
    sizes = [s for s in SIZES if is_wanted("elements: " + s[0])]
    grown = [g for g in GROWN if is_wanted("rss: " + g[0])]
    waits = [(kind, fill, removal, requests) for kind, fill in LARGE for removal, requests in REMOVALS
             if is_wanted(f"wait: {removal} of a {kind}")]
    if speed:
        compare_speed(arguments, speed)
    if sizes:
        compare_sizes(arguments, sizes)
    if grown:
        compare_rss(arguments, grown)
    if waits:
        compare_waits(arguments, waits)
