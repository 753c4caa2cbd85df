"""What tests with random cases share: their options, and an installed redis-server beside BINARY."""
import argparse
import shutil

import server

SKIPPED = 77
MOST_SHOWN = 20


def compare(cases, count, differences):
    """The exit status of a test. differences(ours, theirs, seed, count) yields a text for each difference of the servers
    at these two ports; `cases` is the name of what it counts, `count` how many there are without the option --<cases>."""
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument(f"--{cases}", dest="count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    reference = shutil.which("redis-server")
    if reference is None:
        print("redis-server is not installed: nothing to compare with")
        return SKIPPED
    with server.running(options.binary) as ours, server.running(reference) as theirs:
        found = list(differences(ours, theirs, options.seed, options.count))
    for text in found[:MOST_SHOWN]:
        print(text)
    print(f"{options.count} {cases}: {len(found) or 'no'} differences")
    return 1 if found else 0
