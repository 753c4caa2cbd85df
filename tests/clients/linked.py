"""Servers that copy each other, for tests of replication: processes that can be stopped, killed and started again."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

import differential_operations as operations
import server
import wire
from differential_source import Command, Source

SECONDS = 60


def until(holds, what, seconds=SECONDS):
    """Waits until the function returns something true, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise SystemExit(f"not within {seconds} seconds: {what}")


class Node:
    """One server with a folder of its own."""

    def __init__(self, binary, *options):
        self.binary, self.options = binary, list(options)
        self.folder = tempfile.mkdtemp(prefix="replicas-")
        self.process = self.port = self.client = None

    @property
    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def start(self, *more):
        options = ["--dir", self.folder, "--enable-debug-command", "yes", *self.options, *more]
        self.process, self.port = server.launch(self.binary, options, self.log_path)
        if self.port is None:
            raise SystemExit(f"the server did not start:\n{self.log()[-4000:]}")
        self.client = wire.Client(self.port)
        return self

    @property
    def file_path(self):
        return os.path.join(self.folder, "larder.conf")

    def start_with_file(self):
        """Again on the same port, with a configuration file, which the server may rewrite."""
        if not os.path.exists(self.file_path):
            with open(self.file_path, "w") as file:
                file.write(f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\nsave \"\"\n")
                file.write("".join(f"{name[2:]} {value}\n" for name, value in zip(self.options[0::2], self.options[1::2])))
                file.write("enable-debug-command yes\n")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, self.file_path], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        if not server.wait_for(self.process, self.port):
            raise SystemExit(f"the server did not start:\n{self.log()[-4000:]}")
        self.client = wire.Client(self.port)
        return self

    def ask(self, *words):
        try:
            return self.client.ask(*words)
        except ConnectionError:
            # Sentinel closes the connections of a server whose role changes.
            self.client.close()
            self.client = wire.Client(self.port)
            return self.client.ask(*words)

    def info(self, section="replication"):
        lines = self.ask("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def follow(self, primary):
        answer = self.ask("REPLICAOF", "127.0.0.1", primary.port)
        if answer != b"OK":
            raise SystemExit(f"REPLICAOF answers {answer!r}")

    def kill(self):
        self.client.close()
        self.process.kill()
        self.process.wait()

    def stop(self):
        """An orderly end."""
        self.client.close()
        self.process.terminate()
        self.process.wait(timeout=60)

    def halt(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            if self.process.poll() is None:
                self.process.terminate()
                with contextlib.suppress(Exception):
                    self.process.wait(timeout=60)
            self.process.kill()
            self.process.wait()
        text = self.log() if os.path.exists(self.log_path) else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        if "Sanitizer" in text or "runtime error" in text or "BUG REPORT" in text:
            raise SystemExit(f"{self.binary} reported an error:\n{text[-8000:]}")


@contextlib.contextmanager
def nodes(*starts):
    """Starts a server for each tuple of a program and its options; stops them after the test."""
    made = []
    try:
        for binary, *options in starts:
            node = Node(binary, *options)
            made.append(node)
            node.start()
        yield made
    except BaseException:
        for node in made:
            if node.process is not None and os.path.exists(node.log_path):
                print(f"--- {node.binary} ({node.port})\n{node.log()[-3000:]}")
        raise
    finally:
        for node in reversed(made):
            node.close()


def wait_for_link(replica):
    until(lambda: replica.info().get("master_link_status") == "up", "the link is up")


def in_step(primary, replica):
    there, here = primary.info(), replica.info()
    return here.get("master_link_status") == "up" and here["slave_repl_offset"] == there["master_repl_offset"]


def compare(primary, *replicas):
    """Waits until the replicas have the stream and the primary has removed what has expired: then all have the same data."""
    for replica in replicas:
        until(lambda replica=replica: in_step(primary, replica), "the replica has the whole stream")
    end = time.monotonic() + 10
    while len(set(node.ask("DEBUG", "DIGEST") for node in (primary, *replicas))) != 1:
        if time.monotonic() > end:
            raise SystemExit(f"the data differs: {differences(primary, *replicas)}")
        time.sleep(0.1)


def differences(*every, most=8):
    """Some of the keys that differ."""
    found = []
    for db in range(16):
        for node in every:
            node.ask("SELECT", db)
        names = set().union(*[node.ask("KEYS", "*") for node in every])
        for name in sorted(names):
            digests = [node.ask("DEBUG", "DIGEST-VALUE", name)[0] for node in every]
            deadlines = [node.ask("PEXPIRETIME", name) for node in every]
            if len(set(digests)) > 1 or len(set(deadlines)) > 1:
                found.append((db, name, every[0].ask("TYPE", name), deadlines, len(set(digests))))
    return f"{len(found)} keys: {found[:most]}"


def audit(node):
    found = node.ask("MEMORY", "AUDIT")
    if isinstance(found, wire.Failure):
        raise SystemExit(f"the audit does not balance:\n{found}")


class Load:
    """Random commands of all families of data types."""

    def __init__(self, node, seed=1):
        self.source = Source(seed, keys=40)
        self.makers = [maker for family in operations.FAMILIES.values() for maker in family(self.source)]
        self.known = {}
        self.node = node

    def knows(self, name):
        if name not in self.known:
            self.known[name] = isinstance(self.node.ask("COMMAND", "INFO", name)[0], list)
        return self.known[name]

    @staticmethod
    def is_replicated(words):
        """redis-server 7.0 enlarges a string for a BITFIELD that then fails, and does not tell its replicas; and a SORT fails
        there if an earlier command has left an error of a number behind."""
        if words[0] == "CONFIG" or (words[0] == "BITFIELD" and "FAIL" in words):
            return False
        return not (words[0] == "SORT" and "STORE" in words and "ALPHA" not in words)

    def commands(self, count):
        made = []
        while len(made) < count:
            one = self.source.rng.choice(self.makers)()
            for part in one if isinstance(one, list) else [one]:
                if isinstance(part, Command) and self.is_replicated(part.words) and self.knows(part.words[0]):
                    made.append(part.words)
            chance = self.source.rng.random()
            if chance < 0.02:
                made.append(("SELECT", self.source.rng.choice([0, 0, 1, 9])))
            elif chance < 0.04:
                made += [("MULTI",), ("INCR", "counter"), ("RPUSH", "log", "entry"), ("EXEC",)]
            elif chance < 0.05:
                made.append(("EVAL", "redis.call('INCR', 'scripted') return redis.call('LPUSH', 'pushed', ARGV[1])", "0", "x"))
            elif chance < 0.06:
                made.append(("SET", self.source.key(), "short", "PX", self.source.rng.randrange(1, 50)))
        return made

    def run(self, count):
        for begin in range(0, count, 200):
            self.node.client.burst(self.commands(min(200, count - begin)))
