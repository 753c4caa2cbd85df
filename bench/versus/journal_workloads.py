"""The append-only file, compared with redis-server: CPU time of SETs with pipeline 16 by appendfsync, that of the thread that
serves clients and that of the whole process; writes and reads a second with `appendfsync always` on a disk whose syncs take 2 ms
at least (a library delays them, slow_sync.cc); and the time of a start with a file of commands.
"""
import glob
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from measuring import BUILD, DRIVER, MILLION, Server, Table, drive, free_port, load

POLICIES = ["off", "no", "everysec", "always"]
WRITERS = READERS = 50
SLOW_SYNC = os.path.join(BUILD, "bench", "versus", "libversus_slow_sync.so")
SYNC_MS = 2  # at least


def options_of(policy):
    return ["--appendonly", "no"] if policy == "off" else \
        ["--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0"]


def thread_cpu(pid):
    """CPU seconds of the main thread, and of all threads."""
    seconds = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            seconds[int(path.split("/")[4])] = int(file.read().split()[0]) / 1e9
    return seconds[pid], sum(seconds.values())


def one_set_run(name, binary, policy, seconds):
    """Operations a second, and CPU microseconds an operation of the main thread and of all."""
    server = Server(name, binary, more=options_of(policy))
    try:
        load(server, MILLION)
        main, total = thread_cpu(server.process.pid)
        done, took, _ = drive(server.port, server.process.pid, "--op", "set", "--keys", MILLION, "--pipeline", 16, "--seconds",
                              seconds)
        main_after, total_after = thread_cpu(server.process.pid)
        return done / took, (main_after - main) / done * 1e6, (total_after - total) / done * 1e6
    finally:
        server.stop()


def compare_sets(arguments):
    table = Table("SET, pipeline 16, with an append-only file", [
        "appendfsync", "redis-server op/s", "Larder op/s", "redis-server µs CPU, main thread", "all", "Larder µs CPU, main thread",
        "all", "main thread over that without a file", "to reach"], arguments.markdown)
    binaries = {"redis-server": arguments.against, "Larder": arguments.server}
    rounds = {(policy, name): [] for policy in POLICIES for name in binaries}
    for _ in range(arguments.rounds):
        for (policy, name), done in rounds.items():
            done.append(one_set_run(name, binaries[name], policy, arguments.seconds))
    without = [main for _, main, _ in rounds["off", "Larder"]]
    for policy in POLICIES:
        redis, larder = ([statistics.median(r[i] for r in rounds[policy, name]) for i in range(3)] for name in binaries)
        over = statistics.median(main / off for (_, main, _), off in zip(rounds[policy, "Larder"], without))
        table.row(policy, f"{redis[0]:,.0f}", f"{larder[0]:,.0f}", f"{redis[1]:.3f}", f"{redis[2]:.3f}", f"{larder[1]:.3f}",
                  f"{larder[2]:.3f}", f"{over:.2f}", "1.20" if policy == "everysec" else "")


def start_slow(binary, port, folder):
    """A server each of whose syncs takes longer."""
    return subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, *options_of("always")],
        env={**os.environ, "LD_PRELOAD": SLOW_SYNC}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# Both drivers, the server and its thread share two cores: a driver that never sleeps would take one of them.
def drive_later(port, op, clients, seconds, prefix):
    return subprocess.Popen([DRIVER, "--port", str(port), "--pid", "0", "--op", op, "--prefix", prefix, "--keys", "10000",
                             "--pipeline", "1", "--clients", str(clients), "--seconds", str(seconds), "--sleeps", "1"],
                            stdout=subprocess.PIPE, text=True)


def rate_of(process):
    done, took, _ = process.communicate()[0].split()
    return int(done) / float(took)


class Slow:
    """A server with slow syncs, for use by load()."""

    def __init__(self, binary):
        self.folder = tempfile.mkdtemp(prefix="versus-")
        self.port = free_port()
        self.process = start_slow(binary, self.port, self.folder)
        self.name = binary
        Server.wait_until_ready(self)

    ask = Server.ask

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def rates_with_slow_syncs(binary, seconds):
    """Reads a second alone; writes a second alone; and both beside each other."""
    server = Slow(binary)
    try:
        load(server, 10000, "--prefix", "read:")
        reads = rate_of(drive_later(server.port, "get", READERS, seconds, "read:"))
        writes = rate_of(drive_later(server.port, "set", WRITERS, seconds, "key:"))
        both = [drive_later(server.port, "set", WRITERS, seconds, "key:"),
                drive_later(server.port, "get", READERS, seconds, "read:")]
        return [reads, writes, *map(rate_of, both)]
    finally:
        server.stop()


def compare_always(arguments):
    table = Table(f"appendfsync always, each sync {SYNC_MS} ms at least, {WRITERS} writers and {READERS} readers of other keys", [
        "server", "reads/s alone", "writes/s alone", "writes/s with readers", "reads/s with writers", "share of reads kept"],
        arguments.markdown)
    for name, binary in (("redis-server", arguments.against), ("Larder", arguments.server)):
        rounds = [rates_with_slow_syncs(binary, arguments.seconds) for _ in range(arguments.rounds)]
        rates = [statistics.median(r[i] for r in rounds) for i in range(4)]
        table.row(name, *(f"{rate:,.0f}" for rate in rates), f"{rates[3] / rates[0]:.2f}")


def compare_loads(arguments):
    """Both start with the file that redis-server wrote."""
    table = Table("Start with an append-only file of 1 M SETs", ["server", "seconds"], arguments.markdown)
    writer = Server("redis-server", arguments.against, more=options_of("everysec"))
    try:
        load(writer, MILLION)
        time.sleep(1.5)
        writer.stop(keep=True)
        for name, binary in (("redis-server", arguments.against), ("Larder", arguments.server)):
            took = []
            for _ in range(arguments.rounds):
                folder = tempfile.mkdtemp(prefix="versus-")
                shutil.copytree(writer.folder, folder, dirs_exist_ok=True)
                began = time.monotonic()
                server = Server(name, binary, folder=folder, more=options_of("everysec"))
                took.append(time.monotonic() - began)
                server.stop()
            table.row(name, f"{statistics.median(took):.2f}")
    finally:
        writer.stop()


def compare(arguments, is_wanted):
    if is_wanted("journal: SET"):
        compare_sets(arguments)
    if is_wanted("journal: always"):
        compare_always(arguments)
    if is_wanted("journal: load"):
        compare_loads(arguments)
