"""Commands on a million elements at once, family by family, compared with redis-server: the server's CPU time for one
command, from the first byte of the request until the server is idle again, so that deferred freeing counts.

A row is one command. Its preparation in each round (a copy to remove, a key to overwrite) is not measured.
"""
import os
import socket
import statistics
import time

from measuring import MILLION, Table, servers

HALF = MILLION // 2
LONG = 100 << 20
PACKED = 50_000
END = b"$7\r\nthe-end\r\n"


def encode(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)])


class Link:
    """A connection to a server, which also reads the CPU time of the server."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=600)
        self.clock = (~server.process.pid << 3) | 2
        self.room = bytearray(4 << 20)

    def cpu(self):
        return time.clock_gettime(self.clock)

    def send(self, requests):
        """Sends requests and reads all replies; returns their first bytes."""
        self.socket.sendall(requests + encode("ECHO", "the-end"))
        head, tail = b"", b""
        while tail != END:
            got = self.socket.recv_into(self.room)
            if got == 0:
                raise SystemExit(f"{self.server.name} closed the connection")
            if len(head) < 400:
                head += self.room[:got][:400]
            tail = (tail + self.room[max(0, got - len(END)):got])[-len(END):]
        return head

    def ask(self, *words):
        reply = self.send(encode(*words))
        if reply[:1] == b"-":
            raise SystemExit(f"{self.server.name}: {words[0]}: {reply.splitlines()[0].decode()}")
        return reply

    def bulk(self, *words):
        """The bulk string that one command returns."""
        self.socket.sendall(encode(*words))
        stream = self.socket.makefile("rb")
        size = int(stream.readline()[1:])
        return stream.read(size + 2)[:size]

    def is_asleep(self):
        """Whether all threads of the server wait for something."""
        folder = f"/proc/{self.server.process.pid}/task"
        for thread in os.listdir(folder):
            with open(f"{folder}/{thread}/stat") as file:
                if file.read().rsplit(")", 1)[1].split()[0] != "S":
                    return False
        return True

    def settled_cpu(self):
        """The CPU time after the server has become idle. The kernel adds the time of a running thread at the next tick,
        up to 10 ms later, or when it goes to sleep, so only the time of sleeping threads is complete."""
        before = None
        while True:
            now = self.cpu() if self.is_asleep() else None
            if None not in (before, now) and now - before < 0.00003:
                return now
            before = now
            time.sleep(0.003)

    def measure(self, words):
        began = self.settled_cpu()
        self.ask(*words)
        return (self.settled_cpu() - began) * 1e3


def fill(link, head, element, count=MILLION, at_once=1000):
    """`head` with the words element(i) for each i, split into several commands."""
    for first in range(0, count, 20 * at_once):
        requests = []
        for start in range(first, min(first + 20 * at_once, count), at_once):
            words = [word for i in range(start, min(start + at_once, count)) for word in element(i)]
            requests.append(encode(*head, *words))
        link.send(b"".join(requests))


def shuffled(i):
    """Each of a million numbers once, in an order that looks random."""
    return i * 611_953 % MILLION


class Row:
    """One command. `before` runs before each measurement; "=NAME" is the value that `make` stored under that name."""

    def __init__(self, name, command, before=()):
        self.name, self.command, self.before = name, command.split(" "), before

    def words(self, kept):
        return [kept[word[1:]] if word[:1] == "=" else word for word in self.command]


class Family:
    def __init__(self, name, make, rows, needs=()):
        self.name, self.make, self.rows, self.needs = name, make, rows, needs


def moving(key):
    """The rows that every type has."""
    return [
        Row("COPY", f"COPY {key} copied", ["UNLINK copied"]),
        Row("DUMP", f"DUMP {key}"),
        Row("RESTORE", "RESTORE copied 0 =dump", ["UNLINK copied"]),
        Row("DEL", "DEL copied", ["UNLINK copied", f"COPY {key} copied"]),
        Row("RENAME over another", "RENAME first copied",
            ["UNLINK copied", f"COPY {key} copied", "SET first 1"]),
    ]


def copied(key):
    return ["UNLINK copied", f"COPY {key} copied"]


def make_keys(link, kept):
    fill(link, ["MSET"], lambda i: (f"key:{i:010d}", "v"))


def make_list(link, kept):
    fill(link, ["RPUSH", "list"], lambda i: (f"element:{i:07d}",))
    fill(link, ["RPUSH", "numbers"], lambda i: (shuffled(i),))
    kept["dump"] = link.bulk("DUMP", "list")


def make_set(link, kept):
    fill(link, ["SADD", "set"], lambda i: (f"member:{i:07d}",))
    fill(link, ["SADD", "other"], lambda i: (f"member:{i + HALF:07d}",))
    fill(link, ["SADD", "numbers"], lambda i: (i,))
    kept["dump"] = link.bulk("DUMP", "set")


def make_hash(link, kept):
    fill(link, ["HSET", "hash"], lambda i: (f"field:{i:07d}", f"value:{i:07d}"))
    kept["dump"] = link.bulk("DUMP", "hash")


def make_sorted_set(link, kept):
    fill(link, ["ZADD", "sorted"], lambda i: (shuffled(i), f"member:{i:07d}"))
    fill(link, ["ZADD", "other"], lambda i: (i, f"member:{i + HALF:07d}"))
    fill(link, ["ZADD", "names"], lambda i: (0, f"member:{i:07d}"))
    kept["dump"] = link.bulk("DUMP", "sorted")


def make_stream(link, kept):
    for first in range(0, MILLION, 20_000):
        link.send(b"".join(encode("XADD", "stream", f"1-{i + 1}", "field", f"value{i:07d}")
                           for i in range(first, first + 20_000)))
    link.ask("XGROUP", "CREATE", "stream", "group", "0")
    link.ask("COPY", "stream", "read")
    link.ask("XREADGROUP", "GROUP", "group", "one", "COUNT", MILLION, "STREAMS", "read", ">")
    kept["dump"] = link.bulk("DUMP", "stream")


def make_bits(link, kept):
    link.ask("SETRANGE", "bits", 0, b"\xa5\x3c\x0f\x99" * (LONG // 4))
    link.ask("SETRANGE", "more", 0, b"\x5a\xff\x01\x80" * (LONG // 4))
    link.ask("SETRANGE", "ones", 0, b"\xff" * LONG)
    link.ask("SETRANGE", "zeros", LONG - 1, b"\0")
    kept["dump"] = link.bulk("DUMP", "bits")


def make_sketches(link, kept):
    for key in range(200):
        link.ask("PFADD", f"sketch{key}", *(f"{key}-{i}" for i in range(10_000)))
    kept["sketches"] = [f"sketch{key}" for key in range(200)]


def make_places(link, kept):
    fill(link, ["GEOADD", "places"],
         lambda i: (f"{(shuffled(i) / MILLION - .5) * 340:.6f}", f"{(i / MILLION - .5) * 160:.6f}", f"place:{i:07d}"))


def make_packed(link, kept):
    for setting in ("hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"):
        link.ask("CONFIG", "SET", setting, PACKED)
    payload = {"hash": ("HSET", lambda i: (f"f{i:05d}", i)), "sorted": ("ZADD", lambda i: (i, f"m{i:05d}")),
               "numbers": ("SADD", lambda i: (i,))}
    for key, (command, element) in payload.items():
        fill(link, [command, key], element, PACKED)


def families():
    rows = Row
    return [
        Family("keys", make_keys, [
            rows("KEYS *", "KEYS *"),
            rows("KEYS without a match, by its head", "KEYS none:*"),
            rows("KEYS without a match, by its end", "KEYS *none"),
            rows("KEYS without a match, a part", "KEYS *none*"),
            rows("KEYS without a match, a class", "KEYS *[x-z]?"),
            rows("KEYS of a tenth", "KEYS *7"),
            rows("SCAN COUNT 1000000", "SCAN 0 COUNT 1000000"),
            rows("SCAN MATCH without a match", "SCAN 0 MATCH none:* COUNT 1000000"),
            rows("FLUSHALL", "FLUSHALL", ["make"]),
        ]),
        Family("lists", make_list, [
            rows("LRANGE 0 -1", "LRANGE list 0 -1"),
            rows("LPOS without a match", "LPOS list none"),
            rows("LREM without a match", "LREM list 0 none"),
            rows("LINSERT without a pivot", "LINSERT list BEFORE none x"),
            rows("LINDEX in the middle", "LINDEX list 500000"),
            rows("LTRIM to a half", "LTRIM copied 250000 749999", copied("list")),
            rows("LPOP of all", "LPOP copied 1000000", copied("list")),
            rows("LMPOP of all", "LMPOP 1 copied LEFT COUNT 1000000", copied("list")),
            rows("SORT", "SORT numbers"),
            rows("SORT ALPHA", "SORT list ALPHA"),
            rows("SORT LIMIT 0 10", "SORT numbers LIMIT 0 10"),
            rows("SORT STORE", "SORT numbers STORE copied", ["UNLINK copied"]),
            *moving("list"),
        ]),
        Family("sets", make_set, [
            rows("SMEMBERS", "SMEMBERS set"),
            rows("SMEMBERS of integers", "SMEMBERS numbers"),
            rows("SSCAN COUNT 1000000", "SSCAN set 0 COUNT 1000000"),
            rows("SUNION", "SUNION set other"),
            rows("SINTER", "SINTER set other"),
            rows("SDIFF", "SDIFF set other"),
            rows("SINTERCARD", "SINTERCARD 2 set other"),
            rows("SUNIONSTORE", "SUNIONSTORE copied set other", ["UNLINK copied"]),
            rows("SINTERSTORE", "SINTERSTORE copied set other", ["UNLINK copied"]),
            rows("SDIFFSTORE", "SDIFFSTORE copied set other", ["UNLINK copied"]),
            rows("SRANDMEMBER of a half", "SRANDMEMBER set 500000"),
            rows("SRANDMEMBER with repeats", "SRANDMEMBER set -1000000"),
            rows("SPOP of a half", "SPOP copied 500000", copied("set")),
            rows("SORT of integers", "SORT numbers"),
            *moving("set"),
        ]),
        Family("hashes", make_hash, [
            rows("HGETALL", "HGETALL hash"),
            rows("HKEYS", "HKEYS hash"),
            rows("HVALS", "HVALS hash"),
            rows("HSCAN COUNT 1000000", "HSCAN hash 0 COUNT 1000000"),
            rows("HRANDFIELD of a half", "HRANDFIELD hash 500000"),
            rows("HRANDFIELD with repeats", "HRANDFIELD hash -1000000"),
            *moving("hash"),
        ]),
        Family("sorted sets", make_sorted_set, [
            rows("ZRANGE 0 -1", "ZRANGE sorted 0 -1"),
            rows("ZRANGE 0 -1 WITHSCORES", "ZRANGE sorted 0 -1 WITHSCORES"),
            rows("ZREVRANGE 0 -1", "ZREVRANGE sorted 0 -1"),
            rows("ZRANGEBYSCORE", "ZRANGEBYSCORE sorted -inf +inf"),
            rows("ZRANGEBYLEX", "ZRANGEBYLEX names - +"),
            rows("ZRANGEBYSCORE LIMIT 900000 10", "ZRANGEBYSCORE sorted -inf +inf LIMIT 900000 10"),
            rows("ZSCAN COUNT 1000000", "ZSCAN sorted 0 COUNT 1000000"),
            rows("ZUNION", "ZUNION 2 sorted other"),
            rows("ZINTER", "ZINTER 2 sorted other"),
            rows("ZDIFF", "ZDIFF 2 sorted other"),
            rows("ZINTERCARD", "ZINTERCARD 2 sorted other"),
            rows("ZUNIONSTORE", "ZUNIONSTORE copied 2 sorted other", ["UNLINK copied"]),
            rows("ZINTERSTORE", "ZINTERSTORE copied 2 sorted other", ["UNLINK copied"]),
            rows("ZDIFFSTORE", "ZDIFFSTORE copied 2 sorted other", ["UNLINK copied"]),
            rows("ZRANGESTORE", "ZRANGESTORE copied sorted 0 -1", ["UNLINK copied"]),
            rows("ZREMRANGEBYRANK of a half", "ZREMRANGEBYRANK copied 250000 749999", copied("sorted")),
            rows("ZREMRANGEBYSCORE of a half", "ZREMRANGEBYSCORE copied 250000 749999", copied("sorted")),
            rows("ZREMRANGEBYLEX of all", "ZREMRANGEBYLEX copied - +", copied("names")),
            rows("ZPOPMIN of all", "ZPOPMIN copied 1000000", copied("sorted")),
            rows("ZRANDMEMBER of a half", "ZRANDMEMBER sorted 500000"),
            rows("SORT BY nosort", "SORT sorted BY nosort ALPHA"),
            *moving("sorted"),
        ]),
        Family("streams", make_stream, [
            rows("XRANGE", "XRANGE stream - +"),
            rows("XREVRANGE", "XREVRANGE stream + -"),
            rows("XREAD", "XREAD STREAMS stream 0"),
            rows("XREADGROUP", "XREADGROUP GROUP group one STREAMS copied >", copied("stream")),
            rows("XTRIM to 1,000", "XTRIM copied MAXLEN 1000", copied("stream")),
            rows("XPENDING", "XPENDING read group - + 1000000"),
            rows("XAUTOCLAIM", "XAUTOCLAIM read group two 0 0-0 COUNT 1000000 JUSTID"),
            rows("XINFO STREAM FULL", "XINFO STREAM read FULL COUNT 0"),
            *moving("stream"),
        ]),
        Family("strings of 100 MB", make_bits, [
            rows("BITCOUNT", "BITCOUNT bits"),
            rows("BITPOS of a zero bit", "BITPOS ones 0"),
            rows("BITPOS of a one bit", "BITPOS zeros 1"),
            rows("BITOP AND", "BITOP AND copied bits more", ["UNLINK copied"]),
            rows("BITOP OR", "BITOP OR copied bits more", ["UNLINK copied"]),
            rows("BITOP XOR", "BITOP XOR copied bits more", ["UNLINK copied"]),
            rows("BITOP NOT", "BITOP NOT copied bits", ["UNLINK copied"]),
            rows("BITOP AND of three", "BITOP AND copied bits more ones", ["UNLINK copied"]),
            rows("BITOP AND over another", "BITOP AND copied bits more", copied("bits")),
            rows("GET", "GET bits"),
            rows("GETRANGE 0 -1", "GETRANGE bits 0 -1"),
            rows("SETRANGE behind the end", "SETRANGE copied 104857600 x", ["SET copied x"]),
            rows("APPEND", "APPEND copied x", copied("bits")),
            *moving("bits"),
        ]),
        Family("HyperLogLog", make_sketches, [
            rows("PFCOUNT of 200 sketches", "PFCOUNT =sketches"),
            rows("PFMERGE of 200 sketches", "PFMERGE copied =sketches", ["UNLINK copied"]),
        ]),
        Family("geo", make_places, [
            rows("GEOSEARCH of all", "GEOSEARCH places FROMLONLAT 0 0 BYRADIUS 30000 km"),
            rows("GEOSEARCH of all, sorted", "GEOSEARCH places FROMLONLAT 0 0 BYRADIUS 30000 km ASC"),
            rows("GEOSEARCH COUNT 10", "GEOSEARCH places FROMLONLAT 0 0 BYBOX 20000 10000 km ASC COUNT 10"),
            rows("GEOSEARCHSTORE", "GEOSEARCHSTORE copied places FROMLONLAT 0 0 BYRADIUS 5000 km", ["UNLINK copied"]),
        ]),
        Family("packed values of 50,000", make_packed, [
            rows("a listpack becomes a hash table", "HSET copied new 1", copied("hash")),
            rows("a listpack becomes a sorted set", "ZADD copied 1 new", copied("sorted")),
            rows("an intset becomes a set", "SADD copied new", copied("numbers")),
            rows("HGETALL of a listpack", "HGETALL hash"),
            rows("COPY of a listpack", "COPY hash copied", ["UNLINK copied"]),
            rows("HGET of a missing field", "HGET hash none"),
        ]),
    ]


def expanded(words):
    """Replaces a word that is a list by the words of the list."""
    return [part for word in words for part in (word if isinstance(word, list) else [word])]


def prepare(link, family, row, kept):
    for command in row.before:
        if command == "make":
            family.make(link, kept)
        else:
            link.ask(*command.split(" "))


def repeated(family, row, link, kept):
    """The median of one measurement of a long command, of 5 of a command below 50 ms, of 15 of one below 5 ms, so that
    periodic work of the server, which takes up to half a millisecond every 100 ms, does not decide."""
    took = []
    while not took or len(took) < (15 if took[0] < 5 else 5 if took[0] < 50 else 1):
        prepare(link, family, row, kept)
        took.append(link.measure(expanded(row.words(kept))))
    return statistics.median(took)


def measured(family, row, links, rounds):
    """Milliseconds of CPU: the medians of redis-server and of Larder, and the median ratio."""
    results = []
    for number in range(rounds):
        took = {}
        for link, kept in links if number % 2 == 0 else links[::-1]:
            took[link.server.name] = repeated(family, row, link, kept)
        results.append((took["redis-server"], took["Larder"]))
    median = statistics.median
    return (median(r[0] for r in results), median(r[1] for r in results),
            median(r[0] / max(r[1], 0.001) for r in results))


def compare(arguments, is_wanted):
    table = None
    for family in families():
        wanted = [row for row in family.rows if is_wanted(f"families: {family.name}: {row.name}")]
        if not wanted:
            continue
        table = table or Table("Commands on a million elements", ["family", "command", "redis-server ms CPU",
                                                                  "Larder ms CPU", "CPU ratio"], arguments.markdown)
        with servers(arguments) as pair:
            links = [(Link(server), {}) for server in pair]
            for link, kept in links:
                family.make(link, kept)
            for row in wanted:
                redis, larder, ratio = measured(family, row, links, arguments.rounds)
                table.row(family.name, row.name, f"{redis:,.2f}", f"{larder:,.2f}", f"{ratio:.2f}")
