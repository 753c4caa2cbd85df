"""Saving to an RDB file and loading it, compared with redis-server: the time of SAVE, which syncs the file, and that of a
start with the file until all of it is loaded; the server's CPU time in each; and the size of the file.
"""
import os
import random
import statistics
import time

from family_workloads import Link, encode
from measuring import MILLION, Server, Table, load

HASHES, FIELDS = 10_000, 1_000
SORTED_SETS, MEMBERS = 50, 50_000
SIXTEEN = ["--prefix", "key:00", "--value-bytes", "64"]


def fill_keys(count):
    return lambda server: load(server, count, *SIXTEEN)


def fill_hashes(server):
    """Fields of 9 bytes with values of 10 to 12 bytes."""
    link = Link(server)
    for i in range(HASHES):
        words = [word for j in range(FIELDS) for word in (f"field:{j:03d}", f"value:{i}{j:03d}")]
        link.send(encode("HSET", f"hash:{i:05d}", *words))


def fill_sorted_sets(server):
    """Members of 14 bytes with random scores."""
    link, chance = Link(server), random.Random(1)
    for i in range(SORTED_SETS):
        for first in range(0, MEMBERS, 5000):
            words = [word for j in range(first, first + 5000) for word in (str(chance.random() * 1e6), f"member:{j:07d}")]
            link.send(encode("ZADD", f"zset:{i:05d}", *words))


# name, fill, rounds at most
DATASETS = [
    ("1 M keys of 16 + 64 bytes", fill_keys(MILLION), 9),
    ("10 M keys of 16 + 64 bytes", fill_keys(10 * MILLION), 3),
    (f"{HASHES:,} hashes of {FIELDS:,} fields", fill_hashes, 5),
    (f"{SORTED_SETS} sorted sets of {MEMBERS:,} members", fill_sorted_sets, 5),
]
TO_REACH = 2.0
SIZE_TO_REACH = 1.02


def saving(server):
    """Seconds, and CPU seconds, of SAVE."""
    link = Link(server)
    cpu, began = link.settled_cpu(), time.monotonic()
    link.ask("SAVE")
    took = time.monotonic() - began
    return took, link.settled_cpu() - cpu


def loading(name, binary, folder):
    """The same of a start in a folder with a file."""
    began = time.monotonic()
    server = Server(name, binary, folder=folder)
    took = time.monotonic() - began
    cpu = Link(server).settled_cpu()
    server.stop(keep=True)
    return took, cpu


def snapshot_in_background(server):
    """Larder writes large sorted sets in the order of their tables then."""
    server.ask("BGSAVE")
    while "rdb_bgsave_in_progress:1" in server.ask("INFO", "persistence"):
        time.sleep(0.05)


def rounds_of(arguments, most, measure):
    """The medians of redis-server's and Larder's seconds and CPU seconds, and the medians of their ratios."""
    rows = []
    for number in range(min(arguments.rounds, most)):
        first = number % 2
        one, other = measure(first), measure(1 - first)
        redis, larder = (other, one) if first else (one, other)
        rows.append((redis[0], larder[0], redis[0] / larder[0], redis[1], larder[1], redis[1] / larder[1]))
    return [statistics.median(row[i] for row in rows) for i in range(6)]


def report(table, name, figures):
    table.row(name, *(f"{figure:.2f}" for figure in figures), f"{TO_REACH:.2f}")


def compare_one(arguments, times, sizes, dataset):
    name, fill, most = dataset
    binaries = [("redis-server", arguments.against), ("Larder", arguments.server)]
    pair = [Server(*binary) for binary in binaries]
    try:
        for server in pair:
            fill(server)
        report(times, f"save, {name}", rounds_of(arguments, most, lambda i: saving(pair[i])))
        files = [os.path.getsize(os.path.join(server.folder, "dump.rdb")) for server in pair]
        if fill is fill_sorted_sets:
            snapshot_in_background(pair[1])
        for server in pair:
            server.stop(keep=True)
        # Both load the file of redis-server.
        report(times, f"load, {name}", rounds_of(arguments, most, lambda i: loading(*binaries[i], pair[0].folder)))
        if fill is fill_sorted_sets:
            report(times, f"load, {name}, in the order of Larder's tables",
                   rounds_of(arguments, most, lambda i: loading(*binaries[i], pair[1].folder)))
        sizes.append((name, *(f"{size:,}" for size in files), f"{files[1] / files[0]:.3f}", f"{SIZE_TO_REACH:.2f}"))
    finally:
        for server in pair:
            server.stop()


def compare(arguments, is_wanted):
    wanted = [dataset for dataset in DATASETS if is_wanted("snapshots: " + dataset[0])]
    if not wanted:
        return
    sizes = []
    times = Table("Snapshots", ["what", "redis-server s", "Larder s", "ratio", "redis-server CPU s", "Larder CPU s",
                                "CPU ratio", "to reach"], arguments.markdown)
    for dataset in wanted:
        compare_one(arguments, times, sizes, dataset)
    table = Table("Size of the file", ["data", "redis-server", "Larder", "ratio", "at most"], arguments.markdown)
    for row in sizes:
        table.row(*row)
