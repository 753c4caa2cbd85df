#!/usr/bin/env python3
"""What a replica refuses, and a primary without replicas: BINARY beside an installed redis-server.

Usage: refusals.py BINARY
"""
import hashlib
import shutil
import sys

import linked
from linked import nodes, until, wait_for_link

SKIPPED = 77
REDIS = "redis-server"
DISKLESS = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0")
FUNCTIONS = """#!lua name=lib
local function write() return redis.call('SET', 'k', 'x') end
local function read() return redis.call('GET', 'k') end
redis.register_function{function_name='w', callback=write}
redis.register_function{function_name='wn', callback=write, flags={'no-writes'}}
redis.register_function{function_name='r', callback=read}
redis.register_function{function_name='rn', callback=read, flags={'no-writes'}}
redis.register_function{function_name='rs', callback=read, flags={'no-writes', 'allow-stale'}}
"""


def refusable_commands():
    """Scripts and functions with all declarations, and commands of each kind; twice, as a script is known afterwards."""
    bodies = ("return 1", "return redis.call('GET', 'k')", "return redis.call('SET', 'k', 'x')", "return redis.pcall('SET', 'k', 'x')",
              "return redis.pcall('GET', 'k')", "return redis.call('PUBLISH', 'c', 'm')", "return redis.call('PING')",
              "return redis.call('BLPOP', 'l', 0)", "return redis.call('PFCOUNT', 'k')")
    heads = ("", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-stale\n", "#!lua flags=no-writes,allow-stale\n",
             "#!lua flags=allow-oom\n", "#!lua flags=none\n")
    scripts = [(name, head + body, 0) for head in heads for body in bodies for name in ("EVAL", "EVAL_RO")]
    shas = [(name + "SHA" + kind, hashlib.sha1(text.encode()).hexdigest(), 0) for name, kind in (("EVAL", ""), ("EVAL", "_RO"))
            for _, text, _ in scripts[::2]]
    calls = [(name, function, 0) for function in ("w", "wn", "r", "rn", "rs", "none") for name in ("FCALL", "FCALL_RO")]
    plain = [("GET", "k"), ("SET", "k", "v"), ("DEL", "k"), ("PFCOUNT", "k"), ("PUBLISH", "c", "m"), ("SORT", "k", "STORE", "d"),
             ("MULTI",), ("GET", "k"), ("SET", "k", "v"), ("EXEC",), ("KEYS", "*"), ("FLUSHALL",), ("GETEX", "k", "EX", 5),
             ("FUNCTION", "FLUSH"), ("CONFIG", "GET", "maxmemory"), ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")]
    return 2 * (scripts + shas + calls) + plain


def refusals(binary):
    """A read-only replica, one without its primary, and a primary without replicas refuse what redis-server refuses."""
    commands = refusable_commands()

    def expect_same(state, *both):
        answers = [[node.ask(*words) for words in commands] for node in both]
        for words, theirs, ours in zip(commands, *answers):
            if repr(ours) != repr(theirs):
                raise SystemExit(f"{words} of a {state}: {ours!r} instead of {theirs!r}")

    with nodes((REDIS, *DISKLESS), (REDIS,), (binary,)) as (primary, theirs, ours):
        primary.ask("SET", "k", "v")
        primary.ask("FUNCTION", "LOAD", FUNCTIONS)
        for node in (theirs, ours):
            node.follow(primary)
            wait_for_link(node)
        until(lambda: all(linked.in_step(primary, node) for node in (theirs, ours)), "both have the data")
        expect_same("read-only replica", theirs, ours)
        for node in (theirs, ours):
            node.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
        primary.kill()
        until(lambda: all(node.info()["master_link_status"] == "down" for node in (theirs, ours)), "the links are down")
        expect_same("stale replica", theirs, ours)
        for node in (theirs, ours):
            node.ask("REPLICAOF", "NO", "ONE")
            node.ask("CONFIG", "SET", "min-replicas-to-write", 1)
        expect_same("primary without replicas", theirs, ours)


if __name__ == "__main__":
    if shutil.which(REDIS) is None:
        print("skipped: redis-server is not installed")
        sys.exit(SKIPPED)
    refusals(sys.argv[1])
