#!/usr/bin/env python3
"""kill -9 at random moments while several clients write, also during rewrites of the append-only file: after each start
every acknowledged write is there, none twice, and in order.

Each writer has a list of its own, to which it appends consecutive numbers, a counter, and a key with its last number. It
knows the last number that was acknowledged; the server may have one more, which was under way. In some rounds values are so
large that the ring wraps, and that writers wait for it.

Usage: aof_kill.py BINARY [--kills N] [--seed N]
"""
import argparse
import random
import threading
import time

from aof_server import AofServer
import wire

WRITERS = 4
RING_BYTES = 8 << 20
BEGUN, ENDED = "Background append only file rewriting started", "Background AOF rewrite finished successfully"


class Writer(threading.Thread):
    def __init__(self, port, number, first, text_bytes):
        super().__init__(daemon=True)
        self.port, self.number, self.next, self.text_bytes = port, number, first, text_bytes
        self.acknowledged, self.bytes = first - 1, 0

    def run(self):
        try:
            client = wire.Client(self.port)
            while True:
                n = self.next
                # Three forms of writes: alone, as a transaction, and a value that is larger now and then.
                if n % 7 == 0:
                    client.link.sendall(b"".join(wire.encode(words) for words in (
                        ["MULTI"], ["RPUSH", f"list:{self.number}", n], ["INCR", f"count:{self.number}"], ["EXEC"])))
                    answers = [client.read() for _ in range(4)]
                    if not isinstance(answers[3], list):
                        return
                else:
                    client.ask("RPUSH", f"list:{self.number}", n)
                    client.ask("INCR", f"count:{self.number}")
                text = f"{n}:" + "x" * (n % 50) * (2000 if n % 97 == 0 else 1) + "y" * self.text_bytes
                client.ask("SET", f"last:{self.number}", text)
                self.acknowledged = n
                self.bytes += len(text)
                self.next = n + 1
        except (OSError, EOFError, ValueError, TypeError, AttributeError):
            return


def check(client, number, acknowledged):
    """The next number to write; fails if something is missing, twice, or out of order."""
    items = [int(item) for item in client.ask("LRANGE", f"list:{number}", 0, -1)]
    assert items == list(range(1, len(items) + 1)), f"writer {number}: the list is not in order: {items[-20:]}"
    assert acknowledged <= len(items) <= acknowledged + 1, \
        f"writer {number}: {len(items)} numbers after {acknowledged} were acknowledged"
    count = int(client.ask("GET", f"count:{number}") or 0)
    assert acknowledged <= count <= len(items), f"writer {number}: counted {count} of {len(items)}"
    last = client.ask("GET", f"last:{number}")
    last = int(last.split(b":")[0]) if last else 0
    assert acknowledged <= last <= len(items), f"writer {number}: the last is {last} of {len(items)}"
    # What was under way is completed, so that the next round begins at the same point.
    if count < len(items):
        client.ask("SET", f"count:{number}", len(items))
    if last < len(items):
        client.ask("SET", f"last:{number}", f"{len(items)}:")
    return len(items) + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    print("seed", arguments.seed)
    policies = ["everysec", "always", "no"]
    server = AofServer(arguments.binary, "--auto-aof-rewrite-min-size", "200kb", "--auto-aof-rewrite-percentage", "50")
    acknowledged = [0] * WRITERS
    wraps = interrupted = 0
    try:
        for round_number in range(arguments.kills + 1):
            policy = policies[round_number % len(policies)]
            server.start("--appendfsync", policy)
            client = server.client()
            firsts = [check(client, i, acknowledged[i]) for i in range(WRITERS)]
            if round_number == arguments.kills:
                break
            text_bytes = chance.choice([0, 0, 300_000])
            writers = [Writer(server.port, i, firsts[i], text_bytes) for i in range(WRITERS)]
            for writer in writers:
                writer.start()
            if chance.random() < 0.5:
                time.sleep(chance.uniform(0, 0.1))
                client.ask("BGREWRITEAOF")
            time.sleep(chance.choice([0.002, 0.02, 0.1, 0.3]) * chance.uniform(0.5, 2))
            server.kill()
            for writer in writers:
                writer.join(60)
            wraps += sum(writer.bytes for writer in writers) > RING_BYTES
            interrupted += server.log().count(BEGUN) > server.log().count(ENDED) + interrupted
            acknowledged = [max(writer.acknowledged, first - 1) for writer, first in zip(writers, firsts)]
        total = sum(acknowledged)
        print(f"{arguments.kills} kills, {total} rounds of writes, {server.log().count(ENDED)} rewrites, {interrupted} kills during "
              f"one, {wraps} behind a wrap of the ring")
        assert total > 0
        digest = server.ask("DEBUG", "DIGEST")
        server.stop()
        server.start()
        assert server.ask("DEBUG", "DIGEST") == digest
        server.stop()
    except BaseException:
        print(server.log()[-3000:])
        raise
    finally:
        server.remove()


if __name__ == "__main__":
    main()
