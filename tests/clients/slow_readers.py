#!/usr/bin/env python3
"""Clients that use memory and do not read: BINARY must keep used_memory within maxmemory and the clients
within their share of it, name the largest one, and free the memory when they disconnect.

Usage: slow_readers.py BINARY [--small]

--small is for a slow binary: a tenth of all numbers.
"""
import contextlib
import re
import resource
import select
import socket
import sys
import threading
import time

import server
import wire

MEGA = 1 << 20
# The memory that one connection may use before the server checks the sum.
STEP = MEGA
# What all clients together may hold beside maxmemory.
FLOOR = 4 * MEGA


class Slow(wire.Client):
    """Sends and does not read; its own kernel buffer is small."""

    def __init__(self, port, name):
        super().__init__(port)
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        if self.ask("CLIENT", "SETNAME", name) != b"OK":
            raise SystemExit("a client could not name itself")
        self.link.setblocking(False)

    def address(self):
        return "%s:%d" % self.link.getsockname()

    def send(self, data, seconds):
        """Sends for at most that time; True if the server accepted all bytes."""
        left = memoryview(data)
        ends = time.monotonic() + seconds
        while left and time.monotonic() < ends:
            if select.select([], [self.link], [], 0.05)[1]:
                try:
                    left = left[self.link.send(left):]
                except OSError:
                    return False
        return not left


def info(control):
    text = control.ask("INFO", "everything").decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def figure(control, name):
    return int(info(control)[name])


def settle(control, name, most, seconds=20):
    """Waits until the figure is at most `most`; returns the figure."""
    ends = time.monotonic() + seconds
    while figure(control, name) > most and time.monotonic() < ends:
        time.sleep(0.05)
    return figure(control, name)


def await_not_read(control, seconds=20):
    """Waits until the server has processed so many requests that it stops reading from a client."""
    ends = time.monotonic() + seconds
    while figure(control, "clients_paused_reading") == 0 and time.monotonic() < ends:
        time.sleep(0.05)


def fill(control, limit):
    """Data up to the limit, so that one key more evicts another."""
    control.ask("DEBUG", "POPULATE", limit // 1000, "key", 1000)
    for at in range(1000):
        control.ask("SET", f"more:{at}", "x" * 1000)
    evicted = -1
    while evicted != figure(control, "evicted_keys"):
        evicted = figure(control, "evicted_keys")
        time.sleep(0.3)
    if evicted == 0:
        raise SystemExit("the data does not fill maxmemory")
    # Some room for small allocations of the server itself.
    for _ in range(64):
        control.ask("DEL", control.ask("RANDOMKEY"))
    control.ask("CONFIG", "RESETSTAT")


class Watch:
    """The most of used_memory, of clients, and how far used_memory was above its bound."""

    def __init__(self, control, limit):
        self.control, self.limit = control, limit
        self.used = self.clients = self.above = 0

    def look(self):
        now = info(self.control)
        used, clients = int(now["used_memory"]), int(now["mem_clients_total"])
        bound = self.limit + (FLOOR if clients <= FLOOR else max(self.limit // 100, STEP))
        self.used, self.clients = max(self.used, used), max(self.clients, clients)
        self.above = max(self.above, used - bound)
        return now


def pipelining(port, control, limit, readers):
    """A client library that pipelines GETs and does not read."""
    found = []
    keys = control.ask("DBSIZE")
    requests = b"".join(wire.encode(["GET", f"more:{at % 1000}"]) for at in range(12_000))
    slow, watch = [], Watch(control, limit)
    for at in range(readers):
        slow.append(Slow(port, f"slow-library-{at}"))
        slow[-1].send(requests, 0.5)
        watch.look()
    await_not_read(control)
    now = watch.look()
    budget = int(now["maxmemory_clients"])
    print(f"{readers} readers: used_memory {watch.used / MEGA:.1f} MB of {limit / MEGA:.0f}, "
          f"clients {watch.clients / MEGA:.1f} MB of {budget / MEGA:.0f}, {now['clients_paused_reading']} not read, "
          f"{now['evicted_clients']} disconnected, {now['evicted_keys']} keys evicted")
    # A key takes about 1,100 bytes.
    if int(now["evicted_keys"]) * 1000 > budget + STEP:
        found.append(f"{now['evicted_keys']} of {keys} keys were evicted, more than the share of clients")
    if int(now["evicted_clients"]) != 0:
        found.append(f"{now['evicted_clients']} clients that only do not read were disconnected")
    if watch.clients > budget + STEP or watch.above > 0:
        found.append(f"{watch.clients} bytes of clients, used_memory {watch.above} above its bound")
    if watch.clients < budget // 5:
        found.append(f"the readers hold only {watch.clients} bytes: the test shows nothing")
    found += named(control, slow)
    if control.ask("SET", "fresh", "value") != b"OK" or control.ask("GET", "fresh") != b"value":
        found.append("others are not served")
    for client in slow:
        client.close()
    left = settle(control, "mem_clients_total", 2 * MEGA)
    if left > 2 * MEGA:
        found.append(f"{left} bytes are left when the readers are gone")
    return found


def named(control, slow):
    """MEMORY DOCTOR must name one of them, by its id in CLIENT LIST."""
    report = control.ask("MEMORY", "DOCTOR").decode()
    print(report)
    said = re.search(r"Connection (\d+) at (\S+) \((slow-library-\d+)\) holds most: \S+, omem \S+, "
                     r"qbuf \S+, last command get", report)
    if said is None:
        return ["MEMORY DOCTOR names no client"]
    lines = control.ask("CLIENT", "LIST", "ID", said.group(1)).decode()
    culprit = [client for client in slow if client.address() == said.group(2)]
    if len(culprit) != 1 or f"name={said.group(3)} " not in lines or "cmd=get" not in lines:
        return [f"MEMORY DOCTOR names {said.groups()}, CLIENT LIST {lines}"]
    return []


def large_replies(port, control, limit, readers):
    """Many clients request large replies at once and do not read; then they read and get complete replies."""
    control.ask("CONFIG", "RESETSTAT")
    size = limit // 16
    control.ask("SET", "large", "x" * size)
    # The write itself may exceed the limit until keys have been evicted for it.
    settle(control, "used_memory", limit)
    links, watch = [], Watch(control, limit)
    for at in range(readers):
        links.append(socket.create_connection(("127.0.0.1", port)))
        links[-1].sendall(wire.encode(["GET", "large"]))
        watch.look()
    for _ in range(20):
        watch.look()
    whole = 0
    for link in links:
        expected = size + len(f"${size}") + 4
        link.settimeout(30)
        got = 0
        while got < expected:
            part = link.recv(1 << 20)
            if not part:
                break
            got += len(part)
        whole += got == expected
        link.close()
    watch.look()
    print(f"{readers} asked for {size / MEGA:.1f} MB each: used_memory {watch.used / MEGA:.1f} MB of {limit / MEGA:.0f}, "
          f"{whole} got it when they read, {figure(control, 'evicted_clients')} disconnected")
    found = []
    if watch.above > 0:
        found.append(f"large replies took used_memory {watch.above} above its bound")
    if whole != readers:
        found.append(f"{readers - whole} of {readers} did not get the reply that they read")
    return found


def large_requests(port, control, size, count):
    """Large requests at the same time; of those that are larger than the share, one at a time is accepted."""
    value = b"y" * size
    links = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    threads, answers = [], [b""] * count

    def store(at):
        links[at].settimeout(60)
        try:
            links[at].sendall(wire.encode(["SET", "huge", value]))
            answers[at] = links[at].recv(100)
        except OSError as error:
            answers[at] = str(error).encode()

    for at in range(count):
        threads.append(threading.Thread(target=store, args=(at,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    for link in links:
        link.close()
    right = control.ask("GET", "huge") == value
    control.ask("DEL", "huge")
    print(f"{count} stored {size / MEGA:.1f} MB each at once: {answers.count(b'+OK' + bytes([13, 10]))} did")
    if not right or answers != [b"+OK\r\n"] * count:
        return [f"large requests were answered {answers}, and the value is {'right' if right else 'wrong'}"]
    return []


def against_the_data(port, control, limit, readers):
    """The same if clients have no separate share: keys are evicted for them."""
    fill(control, limit)
    control.ask("CONFIG", "SET", "maxmemory-clients", "0")
    requests = b"".join(wire.encode(["GET", f"more:{at % 1000}"]) for at in range(12_000))
    slow = [Slow(port, f"slow-library-{at}") for at in range(readers)]
    for client in slow:
        client.send(requests, 0.5)
        control.ask("SET", "fresh", "value")
    for _ in range(100):
        control.ask("SET", "fresh", "value")
    now = info(control)
    for client in slow:
        client.close()
    settle(control, "mem_clients_total", 2 * MEGA)
    control.ask("CONFIG", "SET", "maxmemory-clients", "25%")
    print(f"without a share: {now['evicted_keys']} keys evicted, {now['evicted_clients']} clients disconnected")
    found = []
    if int(now["evicted_keys"]) == 0:
        found.append("maxmemory-clients 0, and no key made room for clients")
    if int(now["evicted_clients"]) != 0:
        found.append("maxmemory-clients 0, and clients were disconnected")
    return found


def half_sent(port, control, count):
    """Clients that send partial commands: first a few bytes of each, then many."""
    control.ask("CONFIG", "RESETSTAT")
    before = settle(control, "mem_clients_total", MEGA // 4)
    links = []
    for at in range(count):
        links.append(socket.create_connection(("127.0.0.1", port)))
        links[-1].sendall(b"*3\r\n$3\r\nSET\r\n$5\r\nloris\r\n$100000\r\n" + b"x" * 50)
    time.sleep(0.2)
    each = (figure(control, "mem_clients_total") - before) / count
    budget = figure(control, "maxmemory_clients")
    more = 2 * budget // count
    most = 0
    for at, link in enumerate(links):
        with contextlib.suppress(OSError):
            link.sendall(b"x" * min(more, 99_000))
        if at % 50 == 0:
            most = max(most, figure(control, "mem_clients_total"))
    # The bytes sent exceed the budget, but the server may not have read them yet.
    deadline = time.monotonic() + 60
    while True:
        now = info(control)
        most = max(most, int(now["mem_clients_total"]))
        if int(now["evicted_clients"]) > 0 or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    print(f"{count} half-sent commands: {each:.0f} bytes each; with {min(more, 99_000)} more of each "
          f"{most / MEGA:.1f} MB of {budget / MEGA:.0f}, {now['evicted_clients']} disconnected")
    found = []
    if each > 4096:
        found.append(f"a half-sent command costs {each:.0f} bytes")
    if most > budget + STEP:
        found.append(f"half-sent commands take {most} bytes, more than the budget of {budget}")
    if int(now["evicted_keys"]) * 1000 > budget + STEP:
        found.append(f"half-sent commands evicted {now['evicted_keys']} keys")
    if int(now["evicted_clients"]) == 0:
        found.append("no client was evicted for partial commands: the test has no effect")
    if control.ask("GET", "loris") is not None:
        found.append("a half-sent command ran")
    for link in links:
        link.close()
    return found


def opened_and_dropped(port, control, count):
    """Connections that are closed as soon as they are open."""
    settle(control, "connected_clients", 1)
    before = figure(control, "mem_clients_total")
    began = time.monotonic()
    links = []
    for _ in range(count):
        links.append(socket.create_connection(("127.0.0.1", port)))
    opened = time.monotonic() - began
    for link in links:
        link.close()
    took = time.monotonic() - began
    asked = time.monotonic()
    if control.ask("PING") != b"PONG":
        return ["the server does not answer"]
    waited = time.monotonic() - asked
    left = settle(control, "connected_clients", 1)
    after = settle(control, "mem_clients_total", before + MEGA)
    print(f"{count} connections opened in {opened:.2f} s and dropped in {took - opened:.2f} s; "
          f"then an answer in {waited * 1000:.1f} ms")
    found = []
    if left != 1:
        found.append(f"{left} connections are left")
    if after > before + MEGA:
        found.append(f"clients take {after} bytes, {before} before")
    return found


def main():
    small = "--small" in sys.argv
    limit = (20 if small else 200) * MEGA
    readers = 12 if small else 100
    crowd = 1000 if small else 10_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 25_000), hard))
    found = []
    with server.running(sys.argv[1], "--maxmemory", str(limit), "--maxmemory-policy", "allkeys-lru",
                        "--maxclients", str(crowd + 100)) as port:
        with contextlib.closing(wire.Client(port)) as control:
            fill(control, limit)
            found += pipelining(port, control, limit, readers)
            found += large_replies(port, control, limit, 12 if small else 60)
            found += large_requests(port, control, limit * 3 // 10, 3 if small else 5)
            found += against_the_data(port, control, limit, readers)
            found += half_sent(port, control, crowd // 10)
            found += opened_and_dropped(port, control, crowd)
            audit = control.ask("MEMORY", "AUDIT")
            if b"\nbalanced" not in audit:
                found.append(audit.decode())
    print("\n".join(found) or "clients kept to their budget")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
