"""Loads that leave holes in pages, of fixed amounts of work from fixed seeds, and the resident memory of a server under
them. For tests of this folder and for scripts/pages.

A load yields its requests phase by phase; replies are only searched for errors, so the generator keeps a server busy.
"""
import contextlib
import itertools
import math
import os
import random
import re
import socket
import time

PHASES = (100, 1000, 300, 40)
KEY_BYTES = 14
LARGEST = 64 * 1024
# Ends each burst: the replies of the burst have been received when this one's has.
MARK = b"PING\r\n"
MARKED = b"+PONG\r\n"
PAGE = os.sysconf("SC_PAGE_SIZE")


class Link:
    """Sends requests in bursts. While the server works on one, the next is made."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open_bursts = 0
        self.tail = b"\n"

    def close(self):
        self.socket.close()

    def send(self, requests, burst):
        """Sends all requests and receives the replies; returns their number."""
        sent = 0
        requests = iter(requests)
        while part := list(itertools.islice(requests, burst)):
            self.socket.sendall(b"".join(part) + MARK)
            self.open_bursts += 1
            sent += len(part)
            if self.open_bursts > 1:
                self.receive()
        while self.open_bursts > 0:
            self.receive()
        return sent

    def receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise SystemExit("the server closed the connection")
        data = self.tail + data
        if b"\n-ERR" in data or b"\n-OOM" in data:
            raise SystemExit(f"the server refused a request: {re.search(rb'-(ERR|OOM).*', data).group().decode()}")
        self.open_bursts -= data.count(MARKED)
        # Less than a mark, so that none is counted twice.
        self.tail = data[1 - len(MARKED):]


class Resident:
    """The resident memory of a process, less what it had at the beginning."""

    def __init__(self, pid):
        self.pid = pid
        self.start = 0
        self.start = self.now()

    def now(self):
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * PAGE - self.start

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def peak(self):
        """The most since forget_peak()."""
        return self.peak_ever() - self.start

    def peak_ever(self):
        """With what it had at the beginning."""
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024


def set_form(size):
    """A request that needs the number of the key."""
    return b"*3\r\n$3\r\nSET\r\n$14\r\nkey:%%010d\r\n$%d\r\n%b\r\n" % (size, b"v" * size)


def size_shifts(limit, times):
    """New keys; the size of their values shifts. Each phase writes `times` the limit."""
    first = 0
    for size in PHASES:
        count = int(times * limit) // (size + KEY_BYTES)
        yield size, 100, map(set_form(size).__mod__, range(first, first + count))
        first += count


def size_shifts_under_reads(limit, times):
    """The same, but keys by Zipf's law with an exponent of 1, and 70 % of the requests are GETs."""
    rng = random.Random(2)
    get = b"*2\r\n$3\r\nGET\r\n$14\r\nkey:%010d\r\n"
    stretch = math.log(limit // 16)

    def requests(size):
        put = set_form(size)
        for _ in range(int(times * limit / (size + KEY_BYTES) / 0.3)):
            number = int(math.exp(rng.random() * stretch))
            yield (get if rng.random() < 0.7 else put) % number

    for size in PHASES:
        yield size, 100, requests(size)


def overwrites(limit, times, log_uniform=False):
    """Values of 10 bytes to 64 KiB, for twice as many keys as there is room for."""
    rng = random.Random(3)
    value = memoryview(b"v" * LARGEST)
    least, most = math.log(10), math.log(LARGEST)
    mean = int((LARGEST - 10) / (most - least)) if log_uniform else LARGEST // 2

    def requests():
        for _ in range(int(times * limit) // mean):
            size = int(math.exp(rng.uniform(least, most)) if log_uniform else rng.uniform(10, LARGEST))
            key = int(rng.random() * 2 * limit / mean)
            yield b"*3\r\n$3\r\nSET\r\n$14\r\nkey:%010d\r\n$%d\r\n%b\r\n" % (key, size, value[:size])

    yield "10 B to 64 KiB", 8, requests()


def appends(limit, times):
    """20 bytes each, to one of so many keys that 2 KiB of each fit."""
    rng = random.Random(4).random
    form = b"*3\r\n$6\r\nAPPEND\r\n$14\r\nkey:%010d\r\n$20\r\n" + b"v" * 20 + b"\r\n"
    keys = limit // 2048
    yield "20 bytes", 100, (form % int(rng() * keys) for _ in range(int(times * limit) // 20))


def hash_fields(limit, times):
    """New fields of hashes of 64 KiB, whose sizes shift."""
    rng = random.Random(5).random
    hashes = limit >> 16
    first = 0
    for size in PHASES:
        form = b"*4\r\n$4\r\nHSET\r\n$9\r\nhash:%%04d\r\n$14\r\nfld:%%010d\r\n$%d\r\n%b\r\n" % (size, b"v" * size)
        count = int(times * limit) // (size + KEY_BYTES)
        yield size, 100, (form % (int(rng() * hashes), n) for n in range(first, first + count))
        first += count


def deadlines(limit, seconds):
    """Keys of 16 to 4,000 bytes that live for up to a third of the time, so many that 1.2 times the limit would be alive. In the
    middle third, 30 % of them have one deadline, at its end."""
    rng = random.Random(6)
    life_ms = seconds * 1000 // 3
    least, most = math.log(16), math.log(4000)
    mean = (4000 - 16) / (most - least) + KEY_BYTES
    per_ms = 1.2 * limit / mean / (life_ms / 2)

    def requests(first_ms, last_ms, end_ms):
        sent = 0
        for at in range(first_ms, last_ms):
            time.sleep(max(0, began + at / 1000 - time.monotonic()))
            while sent < (at - first_ms + 1) * per_ms:
                size = int(math.exp(rng.uniform(least, most)))
                life = end_ms - at if end_ms and rng.random() < 0.3 else rng.randint(1, life_ms)
                yield (b"*5\r\n$3\r\nSET\r\n$14\r\nkey:%010d\r\n$%d\r\n%b\r\n$2\r\nPX\r\n$%d\r\n%d\r\n"
                       % (first_ms * 10_000 + sent, size, b"v" * size, len(str(life)), life))
                sent += 1

    began = time.monotonic()
    yield "mixed deadlines", 20, requests(0, life_ms, 0)
    yield "30 % with one deadline", 20, requests(life_ms, 2 * life_ms, 2 * life_ms)
    yield "mixed deadlines", 20, requests(2 * life_ms, 3 * life_ms, 0)


def deletions(limit, share):
    """Values of 16 to 300 bytes, about as many as there is room for; then this share of them is deleted at random."""
    rng = random.Random(7)
    keys = limit // 200
    forms = [set_form(size) for size in range(16, 301)]
    yield "filled", 100, (rng.choice(forms) % n for n in range(keys))
    form = b"*2\r\n$3\r\nDEL\r\n$14\r\nkey:%010d\r\n"
    yield "deleted", 100, (form % n for n in range(keys) if rng.random() < share)


@contextlib.contextmanager
def linked(port):
    link = Link(port)
    try:
        yield link
    finally:
        link.close()
