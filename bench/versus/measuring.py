"""The parts of scripts/versus: the servers, the driver, tables of results."""
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "release")
DRIVER = os.path.join(BUILD, "bench", "versus", "versus_driver")
SERVER_CORE, DRIVER_CORE = "0", "1"
MILLION = 1_000_000


class Server:
    """A server process on the servers' core, with a port of its own, and a folder of its own unless one is given."""

    def __init__(self, name, binary, certificates=None, folder=None, more=()):
        self.name = name
        self.tls_port = free_port() if certificates else 0
        secure = ["--tls-port", str(self.tls_port), "--tls-cert-file", f"{certificates}/server.crt", "--tls-key-file",
                  f"{certificates}/server.key", "--tls-auth-clients", "no"] if certificates else []
        self.port = free_port()
        self.folder = folder or tempfile.mkdtemp(prefix="versus-")
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, binary, "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", self.folder, "--daemonize", "no",
             "--maxclients", "12000", *secure, *more],
            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.wait_until_ready()

    def wait_until_ready(self):
        """Until it has loaded its data."""
        for _ in range(60_000):
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start")
            with contextlib.suppress(OSError):
                if "\nloading:0" in self.ask("INFO", "persistence"):
                    return
            time.sleep(0.005)
        raise SystemExit(f"{self.name} does not answer")

    def ask(self, *words):
        """One request on a connection of its own; the reply as text."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall(request.encode())
            stream = link.makefile("rb")
            line = stream.readline().decode()
            if line[0] == "-":
                raise SystemExit(f"{self.name}: {words[0]}: {line}")
            return stream.read(int(line[1:])).decode() if line[0] == "$" else line[1:]

    def knows(self, command):
        """Whether COMMAND INFO finds the command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall(f"COMMAND INFO {command}\r\n".encode())
            stream = link.makefile("rb")
            stream.readline()
            return stream.readline()[1:2] != b"-"

    def memory(self, field):
        return int(re.search(rf"^{field}:(\d+)", self.ask("INFO", "memory"), re.M).group(1))

    def used_memory(self):
        return self.memory("used_memory")

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, keep=False):
        """`keep` its folder."""
        self.process.kill()
        self.process.wait()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def servers(arguments, certificates=None):
    """Both servers; with a folder of certificates they accept TLS too."""
    pair = []
    try:
        pair.append(Server("redis-server", arguments.against, certificates))
        pair.append(Server("Larder", arguments.server, certificates))
        yield pair
    finally:
        for server in pair:
            server.stop()


def drive(port, pid, *options):
    """Runs the driver; returns operations, seconds and the server's CPU seconds."""
    out = subprocess.run(
        ["taskset", "-c", DRIVER_CORE, DRIVER, "--port", str(port), "--pid", str(pid), *map(str, options)],
        check=True, capture_output=True, text=True).stdout.split()
    return int(out[0]), float(out[1]), int(out[2]) / 1e9


def medians(arguments, measure, redis, larder):
    """Rounds in which the two servers alternate in being first: the medians of measure(server), operations a second
    and CPU microseconds an operation, of redis-server and of Larder, and the median ratio of their CPU times."""
    rounds = []
    for number in range(arguments.rounds):
        order = (redis, larder) if number % 2 == 0 else (larder, redis)
        result = {server: measure(server) for server in order}
        rounds.append((*result[redis], *result[larder]))
    figures = [statistics.median(r[i] for r in rounds) for i in range(4)]
    return [*figures, statistics.median(r[1] / r[3] for r in rounds)]


def load(server, keys, *options, first=0):
    drive(server.port, 0, "--op", "load", "--keys", keys, "--first", first, "--pipeline", 64,
          "--clients", 8, *options)


def longest_wait(server, requests, seconds=1.5):
    """The wait of another client for its slowest PING while the requests ran, and the largest CPU time of the
    server during one PING, in microseconds."""
    waiter = subprocess.Popen(["taskset", "-c", DRIVER_CORE, DRIVER, "--port", str(server.port), "--pid",
                               str(server.process.pid), "--longest-wait", "1", "--seconds", str(seconds)],
                              stdout=subprocess.PIPE, text=True)

    def act():
        for request in requests:
            server.ask(*request)
    timer = threading.Timer(0.4, act)
    timer.start()
    out = waiter.communicate()[0]
    timer.join()
    return [float(figure) for figure in out.split()]


class Table:
    """Prints each row when it is complete, as aligned text or as Markdown."""

    def __init__(self, title, columns, markdown):
        self.markdown = markdown
        self.widths = [max(30, len(columns[0]))] + [len(c) for c in columns[1:]]
        print(f"\n{'## ' if markdown else ''}{title}\n")
        self.row(*columns)
        if markdown:
            print("|---" + "|---:" * (len(columns) - 1) + "|")

    def row(self, *cells):
        if self.markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            first = cells[0].ljust(self.widths[0])
            rest = (c.rjust(w) for c, w in zip(cells[1:], self.widths[1:]))
            print("  ".join([first, *rest]), flush=True)
