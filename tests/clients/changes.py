#!/usr/bin/env python3
"""rdb_changes_since_last_save must grow by as much as in redis-server, for every writing command.

Usage: changes.py BINARY
"""
import shlex
import shutil
import sys

import differential
import server
import wire

SKIPPED = 77

# Run in this order on both servers. Redis 7.2 counts the lines after "!" otherwise than the installed
# reference: there a consumer is created even if it gets no entry.
COMMANDS = """
SET k v
SET k v EX 10
SET k v NX
SET k v PXAT 1
SET k v GET
SETNX k v
DEL k
SETNX k v
SETEX k 10 v
PSETEX k 10000 v
GETSET k w
GETDEL k
GETEX k EX 10
SET k v
GETEX k EX 10
GETEX k PERSIST
GETEX k PERSIST
GETEX k PXAT 1
APPEND k abc
APPEND k ""
SETRANGE k 1 x
SETRANGE k 1 ""
SETRANGE nokey 0 ""
MSET a 1 b 2 c 3
MSET a 1 a 2
MSETNX d 1 e 2
MSETNX d 1 f 2
INCR n
INCRBY n 3
DECR n
DECRBY n 2
INCRBYFLOAT n 1.5
SETBIT bits 3 1
SETBIT bits 3 1
BITFIELD bits SET u8 0 1 INCRBY u8 8 1 GET u8 0
BITFIELD bits OVERFLOW FAIL SET u8 0 1 INCRBY u8 8 250
BITFIELD bits GET u8 0
BITFIELD bits SET u8 0 1
BITOP AND dst bits bits
BITOP AND dst none none
BITOP AND dst none none
PFADD hll a b c
PFADD hll a b
PFADD hll2
PFADD hll2
PFCOUNT hll
PFCOUNT hll
PFADD hll d e f g
PFMERGE hll3 hll hll2
PFMERGE hll3 hll
PFDEBUG TODENSE hll3
RPUSH l a b c d e f g h i j
LPUSH l x y
LPUSHX l x y
RPUSHX none x
LINSERT l BEFORE a z
LINSERT l BEFORE nothere z
LSET l 0 q
LPOP l
LPOP l 2
RPOP l 1
RPOP l 0
LREM l 0 nothere
RPUSH l r r r s
LREM l 0 r
LTRIM l 1 5
LTRIM l 0 -1
LTRIM l 0 2
RPOPLPUSH l l2
LMOVE l l2 LEFT RIGHT
RPUSH l 1 2 3 4 5 6
RPOPLPUSH l l
LMPOP 1 l LEFT COUNT 2
BLPOP l 1
BLMPOP 1 1 l LEFT COUNT 2
BLMOVE l l2 LEFT LEFT 1
BRPOPLPUSH l l2 1
LTRIM l 5 1
LPOP l2 100
SADD s a b c d e f
SADD s a b z
SREM s a nothere b
SADD s2 c
SMOVE s s2 c
SMOVE s s2 d
SMOVE s s2 nothere
SMOVE s s z
SPOP s
SADD s 1 2 3 4 5 6
SPOP s 2
SPOP s 100
SPOP s 0
SADD s a b c d
SADD s2 b c
SINTERSTORE d1 s s2
SUNIONSTORE d1 s s2
SDIFFSTORE d1 s s2
SINTERSTORE d1 s none
SINTERSTORE d1 s none
ZADD z 1 a 2 b 3 c
ZADD z 1 a 5 b 6 q
ZADD z XX CH 9 a 8 b 7 none
ZADD z INCR 1 a
ZINCRBY z 2 a
ZREM z a none
ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h 9 i
ZPOPMIN z
ZPOPMIN z 2
ZPOPMAX z 1
ZPOPMIN z 0
ZMPOP 1 z MIN COUNT 2
BZPOPMIN z 1
BZMPOP 1 1 z MAX COUNT 2
ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h 9 i
ZREMRANGEBYRANK z 0 1
ZREMRANGEBYSCORE z 3 4
ZREMRANGEBYSCORE z 3 4
ZADD zl 0 a 0 b 0 c
ZREMRANGEBYLEX zl [a [b
ZUNIONSTORE zd 2 z zl
ZINTERSTORE zd 2 z zl
ZINTERSTORE zd 2 z zl
ZDIFFSTORE zd 2 z zl
ZRANGESTORE zd z 0 2
ZRANGESTORE zd z 100 200
ZRANGESTORE zd z 100 200
GEOADD g 1 1 a 2 2 b
GEOADD g 1 1 a 2 3 b
GEOSEARCHSTORE gd g FROMLONLAT 1 1 BYRADIUS 1000 km
GEORADIUS g 1 1 1000 km STORE gd
GEORADIUS g 50 50 1 km STORE gd
GEORADIUS g 50 50 1 km STORE gd
HSET h a 1 b 2 c 3
HSET h a 1 d 2
HMSET h a 1 d 2
HSETNX h a 1
HSETNX h z 1
HINCRBY h n 1
HINCRBYFLOAT h n 1.5
HDEL h a none b
HDEL h c d z n
XADD x 1-1 a b
XADD x 1-2 a b
XADD x MAXLEN = 1 1-3 a b
XADD x NOMKSTREAM 1-4 a b
XADD nox NOMKSTREAM 1-4 a b
XADD x 1-5 a b
XADD x 1-6 a b
XDEL x 1-5 1-99
XTRIM x MAXLEN 1
XTRIM x MAXLEN 1
XADD x 1-7 a b
XADD x 1-8 a b
XADD x 1-9 a b
XSETID x 2-1
XSETID x 2-2 ENTRIESADDED 100 MAXDELETEDID 1-5
XGROUP CREATE x g 0
XGROUP CREATE xm g 0 MKSTREAM
XGROUP SETID x g 0
XGROUP CREATECONSUMER x g c
XGROUP CREATECONSUMER x g c
XREADGROUP GROUP g c COUNT 2 STREAMS x >
XREADGROUP GROUP g c2 COUNT 1 STREAMS x >
XREADGROUP GROUP g c3 COUNT 1 STREAMS x 0
XREADGROUP GROUP g c STREAMS x 0
XREADGROUP GROUP g c COUNT 1 NOACK STREAMS x >
XREADGROUP GROUP g c COUNT 1 STREAMS x >
XADD x 3-1 a b
XADD x 3-2 a b
XREADGROUP GROUP g c4 COUNT 1 NOACK STREAMS x >
XREADGROUP GROUP g c4 STREAMS x >
XACK x g 1-6 99-1
XCLAIM x g c5 0 1-7 1-8
XCLAIM x g c5 0 1-7 JUSTID
XCLAIM x g c5 100000 1-7
! 1 XCLAIM x g c6 100000 1-7
XCLAIM x g c6 0 99-1 FORCE
XAUTOCLAIM x g c7 0 0
XAUTOCLAIM x g c7 100000 0
! 1 XAUTOCLAIM x g c8 100000 0
XDEL x 1-7 1-8
XAUTOCLAIM x g c7 0 0
XGROUP DELCONSUMER x g c7
XGROUP DELCONSUMER x g nothere
XGROUP DESTROY x g
XGROUP DESTROY x g
MSET k1 1 k2 2 k3 3
DEL k1 k2 none
UNLINK k3 none
SET k v
EXPIRE k 100
EXPIRE k 100 NX
PEXPIRE k 100000
EXPIREAT k 9999999999
PERSIST k
PERSIST k
EXPIRE k -1
SET k v
RENAME k k2
RENAMENX k2 k3
RENAMENX k3 k3
COPY k3 k4
COPY k3 k4
COPY k3 k4 REPLACE
MOVE k4 3
MOVE k4 3
RPUSH sl 3 1 2
SORT sl STORE sd
SORT sl LIMIT 0 0 STORE sd
SORT sl LIMIT 0 0 STORE sd
SWAPDB 0 0
SWAPDB 5 6
SWAPDB 5 6
PUBLISH ch m
TOUCH a
SPUBLISH ch m
FLUSHDB
FLUSHDB
MSET a 1 b 2
FLUSHALL
FLUSHALL
DEBUG POPULATE 10
"""


def changes(client):
    for line in client.ask("INFO", "persistence").decode().splitlines():
        if line.startswith("rdb_changes_since_last_save:"):
            return int(line.split(":")[1])
    raise AssertionError("INFO does not show the changes")


def growth(client, words):
    before = changes(client)
    reply = client.ask(*words)
    return changes(client) - before, reply


def check(reference, larder):
    wrong = []
    for line in COMMANDS.strip().splitlines():
        words = shlex.split(line)
        newer = None
        if words[0] == "!":
            newer, words = int(words[1]), words[2:]
        expected, _ = growth(reference, words)
        found, reply = growth(larder, words)
        if newer is not None:
            expected = newer
        if found != expected:
            wrong.append(f"{line}: {found} changes instead of {expected}; the reply was {reply!r}")
    return wrong


def main():
    if shutil.which("redis-server") is None:
        print("redis-server is not installed: nothing to compare with")
        return SKIPPED
    with differential.reference() as port, server.running(sys.argv[1]) as own_port:
        wrong = check(wire.Client(port), wire.Client(own_port))
    print("\n".join(wrong) if wrong else "all commands count the same changes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
