#!/usr/bin/env python3
"""Clients that are blocked on keys, over sockets: BINARY must unblock, count, forget and serve them as
an installed redis-server does, serve one of 10,000 at the cost of one, and lose no wake-up.

Usage: waiting.py BINARY [SECONDS]

SECONDS is how long clients with short timeouts pipeline against BINARY; 5 by default.
"""
import contextlib
import random
import resource
import select
import shutil
import socket
import sys
import time

import server
import wire

CROWD = 10_000
UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

# The command, the command that serves it, and a type that does not serve it.
COMMANDS = {
    "BLPOP": (["BLPOP", "k", "0"], ["RPUSH", "k", "x"]),
    "BRPOP": (["BRPOP", "k", "0"], ["RPUSH", "k", "x"]),
    "BLMOVE": (["BLMOVE", "k", "t", "LEFT", "LEFT", "0"], ["RPUSH", "k", "x"]),
    "BRPOPLPUSH": (["BRPOPLPUSH", "k", "t", "0"], ["RPUSH", "k", "x"]),
    "BLMPOP": (["BLMPOP", "0", "1", "k", "LEFT"], ["RPUSH", "k", "x"]),
    "BZPOPMIN": (["BZPOPMIN", "k", "0"], ["ZADD", "k", "1", "x"]),
    "BZPOPMAX": (["BZPOPMAX", "k", "0"], ["ZADD", "k", "1", "x"]),
    "BZMPOP": (["BZMPOP", "0", "1", "k", "MIN"], ["ZADD", "k", "1", "x"]),
    "XREAD": (["XREAD", "BLOCK", "0", "STREAMS", "k", "$"], ["XADD", "k", "9-9", "f", "v"]),
    "XREADGROUP": (["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">"],
                   ["XADD", "k", "9-9", "f", "v"]),
}


class Waiter(wire.Client):
    """A client that sends without reading."""

    def __init__(self, port, protocol=2):
        super().__init__(port, protocol)
        self.link.settimeout(30)
        self.id = self.ask("CLIENT", "ID")

    def send(self, *words):
        self.link.sendall(wire.encode(words))
        return self


def ready(links, seconds):
    """How many of the links are readable."""
    poll = select.poll()
    for link in links:
        poll.register(link, select.POLLIN)
    return len(poll.poll(seconds * 1000))


def info(control, name):
    for line in control.ask("INFO", "clients").decode().split("\r\n"):
        if line.startswith(name + ":"):
            return int(line.split(":")[1])
    return None


def until(control, count):
    """Waits until that many clients are blocked."""
    for _ in range(6000):
        if info(control, "blocked_clients") == count:
            return
        time.sleep(0.005)
    raise SystemExit(f"{info(control, 'blocked_clients')} clients wait, expected {count}")


def prepare(control, name):
    control.ask("FLUSHALL")
    if name == "XREADGROUP":
        control.ask("XGROUP", "CREATE", "k", "g", "$", "MKSTREAM")


def unblocking(control, port, name, protocol):
    """The replies of CLIENT UNBLOCK, and the replies to the unblocked client."""
    prepare(control, name)
    words, feed = COMMANDS[name]
    seen = []
    with contextlib.closing(Waiter(port, protocol)) as waiter:
        for how in ([], ["TIMEOUT"], ["ERROR"], ["error"]):
            waiter.send(*words)
            waiter.send("PING")
            until(control, 1)
            seen.append(repr(control.ask("CLIENT", "UNBLOCK", waiter.id, *how)))
            seen.append(repr(waiter.read()))
            seen.append(repr(waiter.read()))
            seen.append(repr(control.ask("CLIENT", "UNBLOCK", waiter.id, *how)))
        seen.append(repr(control.ask(*feed)))
        seen.append(repr(waiter.ask("PING")))
    return seen


def going(control, port, name):
    """Clients that disconnect or are killed while blocked take no elements."""
    prepare(control, name)
    words, feed = COMMANDS[name]
    gone, killed, left = (Waiter(port) for _ in range(3))
    for at, waiter in enumerate((gone, killed, left)):
        waiter.send(*words)
        until(control, at + 1)
    gone.close()
    until(control, 2)
    seen = [repr(control.ask("CLIENT", "KILL", "ID", killed.id))]
    until(control, 1)
    seen.append(repr(control.ask(*feed)))
    seen.append(repr(left.read()))
    until(control, 0)
    killed.close()
    left.close()
    return seen


def expiring(control, port, name):
    """A key that expires within the transaction that created it serves no client; the next one does."""
    prepare(control, name)
    words, feed = COMMANDS[name]
    with contextlib.closing(Waiter(port)) as waiter:
        waiter.send(*words)
        until(control, 1)
        for part in (["MULTI"], feed, ["PEXPIRE", "k", "5"], ["DEBUG", "SLEEP", "0.02"], ["EXEC"]):
            answer = control.ask(*part)
        time.sleep(0.02)
        seen = [repr(answer), info(control, "blocked_clients"), repr(control.ask("EXISTS", "k"))]
        if seen[1] == 1:
            control.ask(*feed)
        seen.append(repr(waiter.read()))
    until(control, 0)
    return seen


def compare(ours, theirs):
    found = []
    with contextlib.closing(wire.Client(ours)) as control, contextlib.closing(wire.Client(theirs)) as other:
        for name in COMMANDS:
            for protocol in (2, 3):
                here = unblocking(control, ours, name, protocol)
                if UNBLOCKED not in here[9]:
                    found.append(f"{name}: CLIENT UNBLOCK ERROR gives {here[9]}")
                there = unblocking(other, theirs, name, protocol)
                if here != there:
                    found.append(f"{name} unblocked, RESP{protocol}:\n  {here}\n  {there}")
            # Removing the key and its group unblocks the clients of the group.
            if name != "XREADGROUP":
                here, there = expiring(control, ours, name), expiring(other, theirs, name)
                if here != there or here[1] != 1:
                    found.append(f"{name} of a key that expired:\n  {here}\n  {there}")
            here, there = going(control, ours, name), going(other, theirs, name)
            if here != there:
                found.append(f"{name}, of which some went:\n  {here}\n  {there}")
    return found


def counting(port):
    """The fields of INFO; 7.0 does not have the fields of blocking keys."""
    with contextlib.closing(wire.Client(port)) as control:
        prepare(control, "XREADGROUP")
        def figures():
            return tuple(info(control, name) for name in (
                "blocked_clients", "clients_in_timeout_table", "total_blocking_keys", "total_blocking_keys_on_nokey"))
        steps = [(0, 0, 0, 0)]
        seen = [figures()]
        waiters = []
        for words, expected in (
                (["BLPOP", "a", "b", "0"], (1, 0, 2, 0)), (["BLPOP", "a", "100"], (2, 1, 2, 0)),
                (["BZPOPMIN", "c", "100"], (3, 2, 3, 0)), (COMMANDS["XREADGROUP"][0], (4, 2, 4, 1)),
                (["XREAD", "BLOCK", "0", "STREAMS", "k", "$"], (5, 2, 4, 1))):
            waiters.append(Waiter(port).send(*words))
            until(control, expected[0])
            steps.append(expected)
            seen.append(figures())
        control.ask("XGROUP", "DESTROY", "k", "g")
        steps.append((4, 2, 4, 0))
        seen.append(figures())
        control.ask("RPUSH", "a", "1", "2")
        steps.append((2, 1, 2, 0))
        seen.append(figures())
        for waiter in waiters:
            waiter.close()
        until(control, 0)
        steps.append((0, 0, 0, 0))
        seen.append(figures())
    return [] if seen == steps else [f"INFO clients shows\n  {seen}, expected\n  {steps}"]


def median_push_us(control, after):
    """The time of a push that serves a client; `after` is called after each."""
    times = []
    for _ in range(51):
        began = time.perf_counter()
        control.ask("RPUSH", "k", "x")
        times.append(time.perf_counter() - began)
        after()
    return sorted(times)[len(times) // 2] * 1e6


def crowd(port):
    """One push serves the client that blocked first, and costs as much as without other blocked clients."""
    links = []
    with contextlib.closing(wire.Client(port)) as control:
        control.ask("FLUSHALL")
        lonely = Waiter(port)

        def again():
            lonely.read()
            lonely.send("BLPOP", "k", "0")
            until(control, 1)
        lonely.send("BLPOP", "k", "0")
        until(control, 1)
        alone_us = median_push_us(control, again)
        lonely.close()
        until(control, 0)
        for _ in range(CROWD):
            link = socket.create_connection(("127.0.0.1", port))
            link.sendall(b"BLPOP k 0\r\n")
            links.append(link)
            if len(links) % 1000 == 0:
                until(control, len(links))
        calls = calls_of(control)
        served = iter(links)

        def first():
            link = next(served)
            if not ready([link], 30) or link.recv(100) != b"*2\r\n$1\r\nk\r\n$1\r\nx\r\n":
                raise SystemExit("the client that came first was not served")
        among_us = median_push_us(control, first)
        ran = calls_of(control) - calls
        others = ready(links[51:], 0)
        for link in links:
            link.close()
        until(control, 0)
    print(f"one push: {alone_us:.0f} us with one client waiting, {among_us:.0f} us with {CROWD}")
    found = []
    if others:
        found.append(f"{others} clients got a reply that was not for them")
    if ran != 51:
        found.append(f"51 pushes ended {ran} waits")
    if among_us > 3 * alone_us + 200:
        found.append(f"a push that serves one of {CROWD} takes {among_us:.0f} us instead of {alone_us:.0f}")
    return found


def calls_of(control):
    for line in control.ask("INFO", "commandstats").decode().split("\r\n"):
        if line.startswith("cmdstat_blpop:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def mixed(random_source, key_count):
    """A batch of commands that each get one reply, some after a millisecond or two."""
    batch = []
    for _ in range(random_source.randrange(1, 300)):
        key = random_source.randrange(key_count)
        seconds = random_source.choice(["0.001", "0.002", "0.0015"])
        batch.append(random_source.choice([
            ["BLPOP", f"l{key}", seconds], ["BRPOP", f"l{key}", f"l{key + 1}", seconds], ["BLMPOP", seconds, "1", f"l{key}", "LEFT"],
            ["BLMOVE", f"l{key}", f"l{key + 1}", "LEFT", "RIGHT", seconds], ["BRPOPLPUSH", f"l{key}", f"l{key}", seconds],
            ["BZPOPMIN", f"z{key}", seconds], ["BZMPOP", seconds, "1", f"z{key}", "MAX"],
            ["XREAD", "BLOCK", random_source.choice("12"), "STREAMS", f"x{key}", "$"], ["RPUSH", f"l{key}", "a"], ["LPUSH", f"l{key}", "a"],
            ["ZADD", f"z{key}", "1", "a"], ["XADD", f"x{key}", "MAXLEN", "3", "*", "f", "v"], ["DEL", f"l{key}"], ["GET", "s"],
            ["SET", "s", "v" * random_source.choice([1, 100, 20_000])], ["PING"], ["LLEN", f"l{key}"],
        ]))
    return batch


def count_replies(stream_state, data):
    """The number of replies that ended in `data`; keeps a partial reply in the state."""
    buffer, need, count = stream_state["bytes"] + data, stream_state["need"], 0
    at = 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            break
        kind, size = buffer[at:at + 1], buffer[at + 1:end]
        following = end + 2
        if kind == b"$" and size != b"-1":
            following += int(size) + 2
            if following > len(buffer):
                break
        at = following
        need -= 1
        if kind == b"*" and size != b"-1":
            need += int(size)
        if need == 0:
            count, need = count + 1, 1
    stream_state["bytes"], stream_state["need"] = buffer[at:], need
    return count


def endurance(port, seconds, clients=8, timeout=20.0):
    """Each client always has a batch in progress. A client that gets no reply for `timeout` seconds was forgotten."""
    source = random.Random(7)
    states = {}
    for _ in range(clients):
        link = socket.create_connection(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        states[link] = {"bytes": b"", "need": 1, "left": 0, "received": time.monotonic()}
    total, longest, ends = 0, 0.0, time.monotonic() + seconds
    while states:
        now = time.monotonic()
        for link, state in list(states.items()):
            if state["left"] == 0:
                if now > ends:
                    link.close()
                    del states[link]
                    continue
                batch = mixed(source, 4)
                link.sendall(b"".join(map(wire.encode, batch)))
                state.update(left=len(batch), received=now)
            elif now - state["received"] > timeout:
                return [f"a client waits for {state['left']} replies for {timeout:.0f} s"]
        for link in select.select(list(states), [], [], 0.1)[0]:
            data = link.recv(1 << 16)
            if not data:
                return ["a connection was closed"]
            state = states[link]
            got = count_replies(state, data)
            total += got
            state["left"] -= got
            longest = max(longest, time.monotonic() - state["received"])
            state["received"] = time.monotonic()
            if state["left"] < 0:
                return ["a client got more replies than it sent commands"]
    print(f"{total} replies to {clients} clients in {seconds:.0f} s, the longest silence {longest * 1000:.0f} ms")
    return []


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    found = []
    with server.running(sys.argv[1], "--maxclients", str(CROWD + 100)) as ours:
        found += counting(ours)
        found += endurance(ours, seconds)
        found += crowd(ours)
        reference = shutil.which("redis-server")
        if reference is None:
            print("redis-server is not installed: nothing to compare with")
        else:
            with server.running(reference) as theirs:
                found += compare(ours, theirs)
        with contextlib.closing(wire.Client(ours)) as control:
            audit = control.ask("MEMORY", "AUDIT")
            if b"\nbalanced" not in audit:
                found.append(audit.decode())
    print("\n".join(found) or "every blocked client got its reply")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
