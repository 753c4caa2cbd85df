#!/usr/bin/env python3
"""What is left of an append-only file after a loss of power: strace records every change of a file and every sync while clients
write. For moments of that record the test makes the folder that a disk may then have: what was synced, and of the rest any part.
BINARY starts with it, and has all that docs/durability.md promises.

Usage: power_loss.py BINARY [--moments N] [--seed N]
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from aof_server import AofServer
from faults import STRACE, can_trace
import wire

SKIPPED = 77
CALLS = "openat,write,pwritev,fdatasync,fsync,ftruncate,rename,renameat2,unlink,unlinkat"
PAGE = 4096
WRITERS = 3
SYNC_S = 1.0  # everysec
MOST_S = 4


class Record:
    """The calls of the server that change files, in the order in which they ended."""

    def __init__(self, path):
        self.calls = []  # (time of the end, name, arguments, result)
        begun = {}
        with open(path, encoding="ascii") as lines:
            for line in lines:
                found = re.match(r"(\d+) +(\d+\.\d+) (.*)\n", line)
                thread, when, rest = found.group(1), float(found.group(2)), found.group(3)
                if rest.endswith("<unfinished ...>"):
                    begun[thread] = rest[:-len("<unfinished ...>")]
                    continue
                again = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
                if again:
                    rest = begun.pop(thread) + again.group(1)
                call = re.match(r"(\w+)\((.*)\) += (-?\d+)", rest)
                if call and int(call.group(3)) >= 0:
                    self.calls.append((when, call.group(1), call.group(2), int(call.group(3))))


def texts_of(arguments):
    return [bytes.fromhex(text.replace("\\x", "")) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]


def path_of(arguments):
    """Of a descriptor, which strace -y shows behind its number."""
    found = re.match(r"\d+<((?:\\x[0-9a-f]{2}|[^>])*)>", arguments)
    text = found.group(1) if found else ""
    return bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text


class File:
    def __init__(self):
        self.now = bytearray()
        self.synced = b""
        self.offset = 0

    def put(self, at, data):
        if len(self.now) < at:
            self.now.extend(bytes(at - len(self.now)))
        self.now[at:at + len(data)] = data

    def left(self, chance):
        """What was synced, and any part of what follows: a page may have reached the disk before one in front of it."""
        kept = bytearray(self.now[:chance.randint(min(len(self.synced), len(self.now)), len(self.now))])
        begin = len(self.synced)
        for page in range(begin, len(kept), PAGE):
            if chance.random() < 0.3:
                end = min(page + PAGE, len(kept))
                kept[page:end] = bytes(end - page)
        return bytes(kept)


class Disk:
    """Files by number, and the folder's names, as they are and as they are on disk."""

    def __init__(self, folder):
        self.folder = folder
        self.names, self.synced_names, self.pending = {}, {}, []

    def load(self):
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), "rb") as file:
                self.names[name] = made = File()
                made.now = bytearray(file.read())
                made.synced = bytes(made.now)
        self.synced_names = dict(self.names)

    def name(self, path):
        path = path.removesuffix(" (deleted)")
        return os.path.basename(path) if os.path.dirname(path) == self.folder else None

    def change_names(self, change):
        change(self.names)
        self.pending.append(change)

    def apply(self, call, arguments, result):
        if call == "openat":
            return self.open(arguments)
        if call in ("rename", "renameat2"):
            old, new = (self.name(text.decode()) for text in texts_of(arguments)[:2])
            if old and new:
                def rename(names):
                    if old in names:
                        names[new] = names.pop(old)
                self.change_names(rename)
            return None
        if call in ("unlink", "unlinkat"):
            gone = self.name(texts_of(arguments)[0].decode())
            if gone:
                self.change_names(lambda names: names.pop(gone, None))
            return None
        path = path_of(arguments)
        if path == self.folder and call == "fsync":
            self.synced_names, self.pending = dict(self.names), []
        file = self.names.get(self.name(path))
        if file is not None:
            self.change(file, call, arguments, result)
        return None

    def open(self, arguments):
        texts = texts_of(arguments)
        created = self.name(texts[0].decode()) if texts else None
        if created is None or "O_CREAT" not in arguments:
            return
        if created in self.names:
            if "O_TRUNC" in arguments:
                self.names[created].now, self.names[created].offset = bytearray(), 0
            return
        made = File()
        self.change_names(lambda names: names.setdefault(created, made))

    def change(self, file, call, arguments, result):
        if call in ("fdatasync", "fsync"):
            file.synced = bytes(file.now)
        elif call == "write":
            file.put(file.offset, texts_of(arguments.split(">", 1)[1])[0][:result])
            file.offset += result
        elif call == "pwritev":
            data = b"".join(texts_of(arguments.split(">", 1)[1]))[:result]
            file.put(int(arguments.rsplit(",", 1)[1]), data)
        elif call == "ftruncate":
            size = int(arguments.rsplit(",", 1)[1])
            file.now = file.now[:size] + bytes(max(0, size - len(file.now)))
            file.synced = file.synced[:size]

    def leave(self, folder, chance):
        """Writes what a loss of power may leave. Names change in their order."""
        names = dict(self.synced_names)
        for change in self.pending[:chance.randint(0, len(self.pending))]:
            change(names)
        os.makedirs(folder)
        for name, file in names.items():
            # The ring is not used after the system has been started again.
            if not name.endswith(".ring"):
                with open(os.path.join(folder, name), "wb") as out:
                    out.write(file.left(chance))


class Writer(threading.Thread):
    """Appends consecutive numbers to a list, and notes when each was acknowledged."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.client, self.key, self.acknowledged, self.stops = wire.Client(port), f"list:{number}", [], False

    def run(self):
        try:
            while not self.stops:
                n = len(self.acknowledged) + 1
                if self.client.ask("RPUSH", self.key, f"{n}:" + "x" * (n * 37 % 900)) != n:
                    return
                self.acknowledged.append(time.time())
        except OSError:
            return


def written(binary, policy, seconds):
    """A record, the files at its beginning, and the writers."""
    server = AofServer(binary, "--appendfsync", policy)
    trace = server.folder + ".trace"
    try:
        server.start()
        disk = Disk(server.aof_folder)
        disk.load()
        with open(trace, "w", encoding="ascii"):
            pass
        tracer = subprocess.Popen([STRACE, "-f", "-y", "-xx", "-ttt", "-s", "100000000", "-o", trace, "-e", f"trace={CALLS}",
                                   "-p", str(server.process.pid)], stderr=subprocess.PIPE, text=True)
        tracer.stderr.readline()
        writers = [Writer(server.port, n) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(seconds / 2)
        server.ask("BGREWRITEAOF")
        time.sleep(seconds / 2)
        for writer in writers:
            writer.stops = True
            writer.join(60)
        server.kill()
        tracer.communicate(timeout=60)
        return Record(trace), disk, writers
    finally:
        server.remove()
        if os.path.exists(trace):
            os.unlink(trace)


def promised(policy, writer, when, synced):
    """How many numbers must be there after a loss of power at this time."""
    if policy == "always":
        return sum(1 for time_ in writer.acknowledged if time_ <= when)
    # All but the last second and the time of one sync, which may be long where other programs use the machine.
    return sum(1 for time_ in writer.acknowledged if time_ <= max(synced, when - MOST_S) - SYNC_S)


def check(binary, folder, policy, writers, moment):
    server = AofServer(binary, folder=folder)
    when, synced = moment
    try:
        server.start()
        for writer in writers:
            items = [int(item.split(b":")[0]) for item in server.ask("LRANGE", writer.key, 0, -1)]
            assert items == list(range(1, len(items) + 1)), f"{writer.key} is not in order"
            least = promised(policy, writer, when, synced)
            assert least <= len(items), f"{policy}: {writer.key} has {len(items)} of {least} numbers"
    except BaseException:
        print(server.log()[-3000:])
        raise
    finally:
        server.remove()


def run(binary, policy, moments, chance):
    record, disk, writers = written(binary, policy, 8)
    chosen = sorted(chance.sample(range(len(record.calls)), min(moments, len(record.calls))))
    synced = record.calls[0][0]
    done = 0
    for at in chosen:
        for when, call, arguments, result in record.calls[done:at]:
            disk.apply(call, arguments, result)
            if call == "fdatasync":
                synced = when
        done = max(done, at)
        # Acknowledged before the last call that had ended.
        when = record.calls[at - 1][0] if at > 0 else 0
        folder = tempfile.mkdtemp(prefix="power-")
        disk.leave(os.path.join(folder, "appendonlydir"), chance)
        check(binary, folder, policy, writers, (when, synced))
    total = sum(len(writer.acknowledged) for writer in writers)
    print(f"{policy}: {len(record.calls)} calls, {total} writes, {len(chosen)} losses of power", flush=True)
    assert total > 50 and len(chosen) > 5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--moments", type=int, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    if not can_trace():
        print("strace is not installed, or must not attach")
        return SKIPPED
    print("seed", arguments.seed)
    chance = random.Random(arguments.seed)
    for policy in ("always", "everysec"):
        run(arguments.binary, policy, arguments.moments, chance)
    return 0


if __name__ == "__main__":
    sys.exit(main())
