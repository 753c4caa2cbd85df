#!/usr/bin/env python3
"""Compares COMMAND INFO of every command, and the commands of each ACL category, with an installed
redis-server. Categories also contain commands that are not implemented yet.

Usage: command_rows.py BINARY. NEWER lists the changes of Redis 7.2 since the installed 7.0.
"""
import shutil
import sys

import redis

import server

SKIPPED = 77
FIELDS = ("name", "arity", "flags", "first key", "last key", "step", "categories", "tips",
          "key specifications")

# Fields that differ between Redis 7.2 and 7.0.
NEWER = {
    ("acl|deluser", "tips"),
    ("acl|save", "tips"),
    ("acl|setuser", "tips"),
    ("command|getkeys", "arity"),
    ("command|getkeysandflags", "arity"),
    ("config|resetstat", "tips"),
    ("config|rewrite", "tips"),
    ("randomkey", "tips"),
    ("scan", "tips"),
    ("wait", "categories"),
    ("wait", "flags"),
    ("zrank", "arity"),
    ("zrevrank", "arity"),
}
# Deliberate differences: PING also runs while data is loaded.
OWN = {("ping", "flags")}
# Commands that Redis 7.0 does not have: of 7.2, of 7.4 and 8 (the deadlines of fields), and Larder's or
# Valkey's own.
UNKNOWN = {"client|no-touch", "client|setinfo", "cluster|myshardid", "delifeq", "hexpire", "hexpireat", "hexpiretime", "hgetdel", "hgetex",
           "hpersist", "hpexpire", "hpexpireat", "hpexpiretime", "hpttl", "hsetex", "httl", "memory|audit",
           "commandlog", "commandlog|get", "commandlog|help", "commandlog|len", "commandlog|reset",
           "waitaof", "keystats", "keystats|big", "keystats|help", "keystats|hot", "keystats|reset"}
# Containers whose subcommands Redis does not list.
UNLISTED = ("debug|",)


def pairs(flat):
    return {flat[i]: flat[i + 1] for i in range(0, len(flat), 2)}


def key_specs(specs):
    """Without the notes, which are for human readers."""
    found = [pairs(spec) for spec in specs]
    for spec in found:
        spec.pop("notes", None)
    return found


def rows(port):
    found = {}

    def add(replies):
        for reply in replies:
            fields = list(reply[:9])
            fields[8] = key_specs(fields[8])
            found[reply[0]] = dict(zip(FIELDS, fields))
            add(reply[9])

    client = redis.Redis(port=port, decode_responses=True)
    client.response_callbacks.clear()
    add(client.execute_command("COMMAND"))
    return found


def categories(port):
    """The commands of each category, without those that the reference does not have or does not list."""
    client = redis.Redis(port=port, decode_responses=True)
    found = {}
    for name in client.execute_command("ACL", "CAT"):
        found[name] = {each for each in client.execute_command("ACL", "CAT", name)
                       if each not in UNKNOWN and not each.startswith(UNLISTED)}
    return found


def category_differences(ours, theirs):
    for name, commands in sorted(theirs.items()):
        for each in sorted(commands ^ ours.get(name, set())):
            if (each, "categories") not in NEWER:
                yield f"@{name}: {each} is in one of them only"


def differences(ours, theirs):
    for name, row in sorted(ours.items()):
        if name not in theirs:
            if name not in UNKNOWN and not name.startswith(UNLISTED):
                yield f"{name}: the reference does not have it"
            continue
        for field in FIELDS:
            if row[field] != theirs[name][field] and (name, field) not in NEWER | OWN:
                yield f"{name}, {field}: {row[field]}, the reference: {theirs[name][field]}"


def main():
    reference = shutil.which("redis-server")
    if reference is None:
        print("redis-server is not installed: nothing to compare with")
        return SKIPPED
    with server.running(sys.argv[1]) as port:
        ours = rows(port)
        our_categories = categories(port)
    with server.running(reference) as port:
        theirs = rows(port)
        their_categories = categories(port)
    found = [*differences(ours, theirs), *category_differences(our_categories, their_categories)]
    print(f"{len(ours)} commands compared")
    print("\n".join(found))
    return 1 if found or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
