"""Replication compared with redis-server: what replicas cost the primary, WAIT, full copies over a slow link, a link that is cut,
clients beside a full copy, and failovers by Sentinel.
"""
import contextlib
import os
import re
import socket
import statistics
import sys
import threading
import time

from measuring import MILLION, ROOT, Server, Table, drive, load
from snapshot_workloads import Writers

KINDS = ("redis-server", "Larder")
SIXTEEN = ["--prefix", "key:00", "--value-bytes", "64"]
REPLICA_CORE = "1"


@contextlib.contextmanager
def cluster(arguments, primary, replicas, more=(), cores="0,1"):
    """A primary and replicas of the given names; the replicas follow nobody yet."""
    binaries = dict(zip(KINDS, (arguments.against, arguments.server)))
    started = []
    try:
        for number, name in enumerate((primary, *replicas)):
            server = Server(name, binaries[name], more=["--repl-diskless-sync-delay", "0", *more])
            started.append(server)
            pin(server, cores if number == 0 else REPLICA_CORE if cores == "0" else cores)
        yield started
    finally:
        for server in started:
            server.stop()


def pin(server, cores):
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        os.sched_setaffinity(int(task), {int(core) for core in cores.split(",")})


def field(server, name, section="replication"):
    found = re.search(rf"^{name}:(\S+)", server.ask("INFO", section), re.M)
    return found.group(1) if found else None


def follow(replica, port):
    replica.ask("REPLICAOF", "127.0.0.1", str(port))


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def is_in_step(primary, replica, lag=0):
    """Whether the replica has all but `lag` bytes of the stream."""
    if field(replica, "master_link_status") != "up":
        return False
    return int(field(replica, "slave_repl_offset")) + lag >= int(field(primary, "master_repl_offset"))


# What replicas cost.

def measure_sets(arguments, primary, replicas):
    """CPU microseconds of the primary and of its last replica for each SET at pipeline 16."""
    with cluster(arguments, primary, replicas, cores="0") as (server, *copies):
        load(server, MILLION, *SIXTEEN)
        for copy in copies:
            follow(copy, server.port)
        for copy in copies:
            wait_until(lambda copy=copy: is_in_step(server, copy), 60)
        began = cpu_seconds(copies[-1]) if copies else 0
        done, _, cpu = drive(server.port, server.process.pid, "--op", "set", "--keys", MILLION, *SIXTEEN, "--pipeline", "16",
                             "--sleeps", "1", "--seconds", arguments.seconds)
        for copy in copies:
            wait_until(lambda copy=copy: is_in_step(server, copy), 60)
        applied = cpu_seconds(copies[-1]) - began if copies else 0
        return cpu / done * 1e6, applied / done * 1e6


def cpu_seconds(server):
    return sum(float(field(server, name, "cpu")) for name in ("used_cpu_user", "used_cpu_sys"))


def compare_cost(arguments, table, kind):
    """`kind` of the replicas."""
    rounds = []
    for number in range(arguments.rounds):
        order = KINDS if number % 2 == 0 else KINDS[::-1]
        rounds.append({name: [measure_sets(arguments, name, [kind] * count) for count in range(3)] for name in order})
    for name in KINDS:
        figures = [[one[name][count][0] for one in rounds] for count in range(3)]
        alone, one, two = map(statistics.median, figures)
        first = statistics.median(b / a for a, b in zip(figures[0], figures[1]))
        second = statistics.median(b / a for a, b in zip(figures[1], figures[2]))
        applied = statistics.median(r[name][1][1] for r in rounds)
        produced = statistics.median(r[name][1][0] / r[name][1][1] for r in rounds)
        table.row(f"{name}, replicas {kind}", f"{alone:.3f}", f"{one:.3f}", f"{two:.3f}", f"{first:.2f}", f"{second:.2f}",
                  f"{applied:.3f}", f"{produced:.2f}")


# WAIT.

def wait_times(primary, count):
    """Microseconds of each SET and WAIT 1 that one client sends together."""
    request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n"
    found = []
    with socket.create_connection(("127.0.0.1", primary.port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            began = time.perf_counter()
            link.sendall(request)
            answer = b""
            while len(answer) < len(b"+OK\r\n:1\r\n"):
                answer += link.recv(100)
            found.append((time.perf_counter() - began) * 1e6)
    return found


def compare_wait(arguments, table, count=2000):
    pairs = [(primary, replica) for primary in KINDS for replica in KINDS]
    with contextlib.ExitStack() as stack:
        running = [(pair, stack.enter_context(cluster(arguments, pair[0], [pair[1]]))) for pair in pairs]
        for _, (primary, replica) in running:
            follow(replica, primary.port)
        for _, (primary, replica) in running:
            wait_until(lambda primary=primary, replica=replica: is_in_step(primary, replica), 60)
        times = {pair: [] for pair in pairs}
        for number in range(arguments.rounds):
            for pair, (primary, _) in running if number % 2 == 0 else running[::-1]:
                times[pair].append(wait_times(primary, count))
    for pair in pairs:
        medians = sorted(statistics.median(one) for one in times[pair])
        every = sorted(one for run in times[pair] for one in run)
        table.row(f"{pair[0]}, replica {pair[1]}", f"{statistics.median(every):.0f}", f"{medians[0]:.0f}", f"{medians[-1]:.0f}",
                  f"{every[len(every) * 99 // 100]:.0f}")


# A link with a limit.

class SlowLink:
    """Passes on what a primary sends, at most `rate` bytes a second; it can be cut."""

    PIECE = 65536

    def __init__(self, port, rate):
        self.target, self.rate, self.is_cut = port, rate, False
        self.passed = 0
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.socket()
                # What the link has not passed on waits at the primary.
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.PIECE)
                far.connect(("127.0.0.1", self.target))
                self.pairs.append((near, far))
                threading.Thread(target=self.pump, args=(near, far, None), daemon=True).start()
                threading.Thread(target=self.pump, args=(far, near, self.rate), daemon=True).start()

    def pump(self, source, sink, rate):
        due = time.monotonic()
        with contextlib.suppress(OSError):
            while piece := source.recv(self.PIECE):
                sink.sendall(piece)
                if rate:
                    self.passed += len(piece)
                    due = max(due, time.monotonic() - 0.1) + len(piece) / rate
                    time.sleep(max(0.0, due - time.monotonic()))
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.is_cut = True
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.pairs = []

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()


class Resident:
    """The most resident memory of a server since it began to look, and its growth in MB."""

    def __init__(self, server):
        self.server, self.before, self.is_over = server, server.resident(), False
        self.most = self.before
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.is_over:
            self.most = max(self.most, self.server.resident())
            time.sleep(0.02)

    def end(self):
        self.is_over = True
        self.thread.join()
        return (self.most - self.before) / 1e6


# 10 MB of values a second.
WRITES = ["--op", "set", "--prefix", "key:00", "--value-bytes", "1000", "--pipeline", "1", "--clients", "20", "--rate", "10000"]
NEAR = 1_000_000  # bytes of the stream, a tenth of a second


def fill_values(server, count):
    load(server, count, "--prefix", "key:00", "--value-bytes", "1000")


def compare_slow_copy(arguments, table, megabytes, way, most_s):
    count = megabytes * 1000
    for kind in KINDS:
        # The values of the driver can be compressed well, so that the link would have little to do.
        with cluster(arguments, kind, [kind], ["--repl-diskless-sync", way, "--rdbcompression", "no"]) as (primary, replica):
            fill_values(primary, count)
            link = SlowLink(primary.port, 20_000_000)
            writers = Writers(primary, [*WRITES, "--keys", str(count)])
            time.sleep(1)
            grown = Resident(primary)
            began = time.monotonic()
            follow(replica, link.port)
            is_done = wait_until(lambda: is_in_step(primary, replica, NEAR), most_s)
            took = time.monotonic() - began
            more = grown.end()
            child = int(field(primary, "rdb_last_cow_size", "persistence")) / 1e6 if kind == "redis-server" else 0
            writes, _, longest = writers.end()
            table.row(f"{kind}, repl-diskless-sync {way}", f"{took:.0f}" if is_done else f"not within {most_s}",
                      field(primary, "sync_full", "stats"), f"{more + child:.0f}", f"{writes * 1000 / 1e6:.1f}", f"{longest:.0f}")
            link.close()


def compare_cut(arguments, table, seconds):
    for kind in KINDS:
        with cluster(arguments, kind, [kind], ["--repl-backlog-size", "64mb"]) as (primary, replica):
            count = 200_000
            fill_values(primary, count)
            link = SlowLink(primary.port, 100_000_000)
            follow(replica, link.port)
            wait_until(lambda: is_in_step(primary, replica), 60)
            writers = Writers(primary, [*WRITES, "--keys", str(count)])
            time.sleep(2)
            grown = Resident(primary)
            link.cut()
            time.sleep(seconds)
            link.mend()
            is_done = wait_until(lambda: is_in_step(primary, replica, NEAR), 120)
            more = grown.end()
            writers.end()
            table.row(kind, field(primary, "sync_partial_ok", "stats"), str(int(field(primary, "sync_full", "stats")) - 1), f"{more:.0f}",
                      "yes" if is_done else "no")
            link.close()


def compare_others(arguments, table, megabytes):
    """Clients of the primary while a replica copies its data and loads it."""
    reads = ["--op", "get", "--prefix", "key:00", "--pipeline", "1", "--clients", "20", "--rate", "10000"]
    for kind in KINDS:
        with cluster(arguments, kind, [kind]) as (primary, replica):
            count = megabytes * 1000
            fill_values(primary, count)
            steady = Writers(primary, [*reads, "--keys", str(count)], 10).end(stop=False)
            during = Writers(primary, [*reads, "--keys", str(count)])
            began = time.monotonic()
            follow(replica, primary.port)
            wait_until(lambda: is_in_step(primary, replica), 300)
            took = time.monotonic() - began
            now = during.end()
            table.row(kind, f"{steady[1]:.2f}", f"{now[1]:.2f}", f"{steady[2]:.1f}", f"{now[2]:.1f}", f"{took:.1f}")


def compare_failovers(arguments, table):
    sys.path.insert(0, os.path.join(ROOT, "tests", "clients"))
    import sentinel  # the test's three Sentinels and its checks
    binaries = dict(zip(KINDS, (arguments.against, arguments.server)))
    times = {kind: [] for kind in KINDS}
    for number in range(arguments.rounds):
        for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
            try:
                times[kind].append(sentinel.one_round(binaries[kind]))
            except SystemExit as ended:
                print(f"{kind}: {ended}", file=sys.stderr)
    for kind in KINDS:
        table.row(kind, str(len(times[kind])), f"{statistics.median(times[kind]):.2f}", f"{max(times[kind]):.2f}",
                  str(arguments.rounds - len(times[kind])))


COST, WAIT, CUT = "cost of replicas", "WAIT", "cut link"
OTHERS, FAILOVERS = "clients beside a full copy of 1 GB", "failovers"
SLOW = "full copy of 2 GB at 20 MB/s"


def compare(arguments, is_wanted):
    def wanted(name):
        return is_wanted("replication: " + name)
    if wanted(COST):
        table = Table("Replicas: CPU of SET at pipeline 16, µs of the primary", [
            "primary", "no replica", "one", "two", "one ÷ none", "two ÷ one", "µs of the replica", "primary ÷ replica"], arguments.markdown)
        for kind in KINDS:
            compare_cost(arguments, table, kind)
    if wanted(WAIT):
        compare_wait(arguments, Table("SET and WAIT 1 in one pipeline, one client, µs", [
            "primary", "median", "least median of a round", "largest", "99th percentile"], arguments.markdown))
    if wanted(SLOW):
        table = Table("A full copy of 2 GB over a link of 20 MB/s, beside writes of 10 MB/s", [
            "server", "seconds until in step", "full copies", "primary's memory, MB more", "MB written a second", "longest write, ms"],
            arguments.markdown)
        for way in ("yes", "no"):
            compare_slow_copy(arguments, table, 2000, way, 400)
    if wanted(CUT):
        compare_cut(arguments, Table("A link that is cut for 60 s, beside writes of 10 MB/s, repl-backlog-size 64mb", [
            "server", "continued", "copied again", "primary's memory, MB more", "in step after 120 s"], arguments.markdown), 60)
    if wanted(OTHERS):
        compare_others(arguments, Table("10,000 GET/s while a replica copies 1 GB; primary, replica and clients share two cores", [
            "server", "99.9th percentile before, ms", "during", "longest before, ms", "during", "seconds"], arguments.markdown), 1000)
    if wanted(FAILOVERS):
        compare_failovers(arguments, Table("Three Sentinels, down-after 1 s: seconds from kill -9 of the primary to a promotion", [
            "server", "failovers without loss", "median", "longest", "ended otherwise"], arguments.markdown))
