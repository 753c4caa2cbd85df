"""BGSAVE while clients write, compared with redis-server: throughput and waits of the writers beside those without a snapshot,
and by how much memory grows. The servers, their thread or child, and the load share two cores.
"""
import contextlib
import glob
import os
import re
import shutil
import signal
import statistics
import subprocess
import time

from measuring import DRIVER, MILLION, Server, Table, drive, load

HASHES = 20
STEADY_S = 5
SIXTEEN = ["--prefix", "key:00", "--value-bytes", "64"]
# One request for each hash at once.
HSETS = " ; ".join(f"HSET hash:{i:02d} field:{{}} other:{{}}" for i in range(HASHES))


def fill_keys(server, count):
    load(server, count, *SIXTEEN)


def fill_hashes(server, fields):
    for i in range(HASHES):
        load(server, fields, "--request", f"HSET hash:{i:02d} field:{{}} value:{{}}")


def sets(count):
    return ["--op", "set", "--keys", str(count), *SIXTEEN, "--pipeline", "1", "--clients", "50", "--rate", "50000"]


def hsets(fields):
    return ["--op", "request", "--request", HSETS, "--keys", str(fields), "--pipeline", str(HASHES), "--clients", "20",
            "--rate", "20000"]


class Writers:
    """The load, as a process; what it measured."""

    def __init__(self, server, options, seconds=600):
        self.process = subprocess.Popen([DRIVER, "--port", str(server.port), *options, "--seconds", str(seconds)],
                                        stdout=subprocess.PIPE, text=True)

    def end(self, stop=True):
        """Operations a second, the 99.9th percentile and the longest wait in ms."""
        if stop:
            self.process.send_signal(signal.SIGTERM)
        done, took, p999, longest = map(float, self.process.communicate()[0].split())
        return done / took, p999 / 1000, longest / 1000


def info(server, field):
    return re.search(rf"^{field}:(\S+)", server.ask("INFO", "everything"), re.M).group(1)


class Snapshot:
    """A BGSAVE that is watched until its end."""

    def __init__(self, server):
        self.server = server
        self.before = server.resident()
        self.most = self.before
        self.began = time.monotonic()
        server.ask("BGSAVE")

    def wait(self, most_s=600):
        while time.monotonic() - self.began < most_s:
            for _ in range(10):
                self.most = max(self.most, self.server.resident())
                time.sleep(0.01)
            if info(self.server, "rdb_bgsave_in_progress") == "0":
                break
        self.seconds = time.monotonic() - self.began
        return self

    def growth_mb(self):
        """A child's pages are not those of the server."""
        copied = int(info(self.server, "rdb_last_cow_size")) if self.server.name == "redis-server" else 0
        return (self.most - self.before + copied) / 1e6


@contextlib.contextmanager
def started(name, binary, *more):
    server = Server(name, binary, more=["--snapshot-max-hold-ms", "10000", *more] if name == "Larder" else more)
    try:
        for path in glob.glob(f"/proc/{server.process.pid}/task/*"):
            os.sched_setaffinity(int(path.split("/")[-1]), {0, 1})
        yield server
    finally:
        server.stop()


# name, fill, writers, number of keys or fields
LOADS = [
    ("1.1 GB, 50,000 SET/s over all keys", fill_keys, sets, 10 * MILLION),
    (f"{HASHES} hashes of 1 M fields, {HASHES * 1000:,} HSET/s", fill_hashes, hsets, MILLION),
]


def compare_load(arguments, table, name, fill, writers, count):
    for server_name, binary in (("redis-server", arguments.against), ("Larder", arguments.server)):
        with started(server_name, binary) as server:
            fill(server, count)
            steady = Writers(server, writers(count), STEADY_S).end(stop=False)
            load_now = Writers(server, writers(count))
            snapshot = Snapshot(server).wait()
            during = load_now.end()
            table.row(f"{name}: {server_name}", f"{steady[0]:,.0f}", f"{during[0]:,.0f}", f"{steady[1]:.1f}", f"{during[1]:.1f}",
                      f"{during[2]:.1f}", f"{snapshot.growth_mb():.0f}", f"{snapshot.seconds:.1f}",
                      info(server, "rdb_last_bgsave_status"))


FULL_LOAD = "SET at pipeline 16 as fast as possible, beside 1,000 GET/s, 10 M keys"
WINDOW_S = 1


def full_load(server, count):
    """SETs a second of one window."""
    done, took, _ = drive(server.port, server.process.pid, "--op", "set", "--keys", count, *SIXTEEN, "--pipeline", "16",
                          "--seconds", WINDOW_S)
    return done / took


def gets(count):
    return ["--op", "get", "--keys", str(count), "--prefix", "key:00", "--pipeline", "1", "--clients", "4", "--rate", "1000"]


def is_saving(server):
    return info(server, "rdb_bgsave_in_progress") == "1"


def compare_full_load(arguments, table, count=10 * MILLION):
    for server_name, binary in (("redis-server", arguments.against), ("Larder", arguments.server)):
        with started(server_name, binary) as server:
            fill_keys(server, count)
            readers = Writers(server, gets(count))
            steady = [full_load(server, count) for _ in range(STEADY_S)]
            before = readers.end()
            readers = Writers(server, gets(count))
            began = time.monotonic()
            server.ask("BGSAVE")
            during = []
            while is_saving(server):
                during.append(full_load(server, count))
            took = time.monotonic() - began
            now = readers.end()
            # The last window was partly without a snapshot.
            one, other = statistics.median(steady), statistics.mean(during[:-1] or during)
            table.row(server_name, f"{one:,.0f}", f"{other:,.0f}", f"{other / one:.2f}", f"{before[1]:.1f}", f"{now[1]:.1f}",
                      f"{before[2]:.1f}", f"{now[2]:.1f}", f"{took:.1f}")


# name, how strace slows the writes of the file, options
FAULTS = [
    # Each write is of 128 KB.
    ("the disk writes 5 MB/s", "inject=write:delay_exit=26000"),
    ("the disk stops", "inject=write:delay_exit=30000000:when=20"),
]


def compare_fault(arguments, table, name, fault):
    """Larder only: a child of redis-server is not slowed by what its parent waits for, and takes what it takes."""
    for what, fill, writers, count in LOADS:
        with started("Larder", arguments.server, "--rdbcompression", "no") as server:
            fill(server, count)
            # Its name is known before it exists.
            path = os.path.join(server.folder, f"temp-{server.process.pid}.rdb")
            tracer = subprocess.Popen(["strace", "-f", "-p", str(server.process.pid), "-P", path, "-o", os.devnull, "-e",
                                       "trace=write", "-e", fault], stderr=subprocess.DEVNULL)
            time.sleep(1)
            load_now = Writers(server, writers(count))
            snapshot = Snapshot(server).wait(40)
            peak = int(info(server, "snapshot_held_bytes_peak")) / 1e6
            state = "running" if info(server, "rdb_bgsave_in_progress") == "1" else info(server, "rdb_last_bgsave_status")
            tracer.terminate()
            tracer.wait()
            load_now.end()
            table.row(f"{name}: {what}", f"{snapshot.growth_mb():.0f}", f"{peak:.1f}", info(server, "snapshot_holds"),
                      info(server, "snapshot_longest_hold_ms"), state)


def compare(arguments, is_wanted):
    loads = [row for row in LOADS if is_wanted("snapshots: " + row[0])]
    if loads:
        table = Table("Snapshots while clients write", [
            "load and server", "writes/s before", "during", "99.9th percentile before, ms", "during", "longest, ms", "memory, MB more",
            "seconds", "result"], arguments.markdown)
        for row in loads:
            compare_load(arguments, table, *row)
    if is_wanted("snapshots: " + FULL_LOAD):
        compare_full_load(arguments, Table("Snapshots under full load: " + FULL_LOAD, [
            "server", "SET/s before", "during", "ratio", "99.9th percentile of GET before, ms", "during", "longest before, ms",
            "during", "seconds"], arguments.markdown))
    faults = [row for row in FAULTS if is_wanted("snapshots: " + row[0])]
    if faults and shutil.which("strace"):
        table = Table("Snapshots while the disk is slow (Larder, snapshot-memory-limit 32 MB)", [
            "fault and load", "memory, MB more", "held at most, MB", "holds", "longest, ms", "after 40 s"], arguments.markdown)
        for row in faults:
            compare_fault(arguments, table, *row)
