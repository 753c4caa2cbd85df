"""Random commands of each data type, for differential.py.

A family is a name, the commands that it needs, and functions that each make one command. What
a reply's order or contents may differ in is said by the wrapper around the command.
"""
import random

KEYS = 6


class Command:
    """Words to send, and how the two replies are made comparable."""

    def __init__(self, *words, normal=None):
        self.words = words
        self.normal = normal or (lambda reply: reply)


class Draw:
    """A command that answers random members: each must be one of what `members` answers, all
    distinct unless `repeats`. With `removal` the reference is told to remove what was drawn."""

    def __init__(self, words, members, repeats=False, removal=None, pairs=False):
        self.words, self.members, self.repeats = words, members, repeats
        self.removal, self.pairs = removal, pairs


class Scan:
    """The whole of a scan, from cursor 0 to 0."""

    def __init__(self, words, at, pairs):
        self.words, self.at, self.pairs = words, at, pairs


def any_order(reply):
    return sorted(reply) if isinstance(reply, list) else reply


def pairs_in_any_order(reply):
    if not isinstance(reply, list):
        return reply
    return sorted(zip(reply[0::2], reply[1::2]))


def rows_in_any_order(reply):
    return sorted(reply, key=repr) if isinstance(reply, list) else reply


class Source:
    """Draws the arguments. The same seed draws the same."""

    def __init__(self, seed, keys):
        self.rng = random.Random(seed)
        self.keys = keys
        self.clock = 0

    def key(self):
        return f"k{self.rng.randrange(self.keys)}" if self.rng.random() > 0.01 else "string"

    def some_keys(self, most=3):
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def number(self, low=-20, high=20):
        return str(self.rng.randint(low, high))

    def member(self):
        kind = self.rng.random()
        if kind < 0.4:
            return str(self.rng.randint(-30, 300))
        if kind < 0.5:
            return str(self.rng.choice([127, 128, 4095, -4096, 4096, 32767, -32768, 32768, 8388607,
                                        8388608, 2147483647, 2147483648, 2**63 - 1, -2**63]))
        if kind < 0.9:
            return "m" + str(self.rng.randrange(200))
        if kind < 0.95:
            return "long" * 20 + str(self.rng.randrange(10))
        return self.rng.choice(["", "007", "-0", "+1", " 1", "1.0", "\x00\xff", "x" * 63, "x" * 64, "y" * 65])

    def members(self, most=4):
        return [self.member() for _ in range(self.rng.randint(1, most))]

    def score(self):
        kind = self.rng.random()
        if kind < 0.6:
            return str(self.rng.randint(-10, 10))
        if kind < 0.95:
            return repr(self.rng.choice([0.5, 0.1, -1.25, 3.0e20, 1.0 / 3, -0.0, 12345.678]))
        return self.rng.choice(["inf", "-inf", "+inf", "1e5", "nan", "word"])

    def score_bound(self):
        return self.rng.choice(["", "", "("]) + self.rng.choice([self.number(), "-inf", "+inf", "0.5"])

    def lex_bound(self):
        return self.rng.choice(["-", "+", "[" + self.member(), "(" + self.member()])

    def one(self, *choices):
        return self.rng.choice(choices)

    def maybe(self, *words, chance=0.3):
        return list(words) if self.rng.random() < chance else []


def strings(s):
    k = s.key
    return [
        lambda: Command("SET", k(), s.member(), *s.one([], [], ["NX"], ["XX"], ["GET"], ["KEEPTTL"])),
        lambda: Command("GET", k()), lambda: Command("STRLEN", k()),
        lambda: Command("APPEND", k(), s.member()),
        lambda: Command("SETRANGE", k(), s.number(-1, 40), s.member()),
        lambda: Command("GETRANGE", k(), s.number(), s.number()),
        lambda: Command("INCRBY", k(), s.number()), lambda: Command("DECR", k()),
        lambda: Command("INCRBYFLOAT", k(), s.one("0.1", "-1.5", "3", "1e2")),
        lambda: Command("GETSET", k(), s.member()), lambda: Command("SETNX", k(), s.member()),
        lambda: Command("MSET", k(), s.member(), k(), s.member()),
        lambda: Command("MGET", *s.some_keys()), lambda: Command("GETDEL", k()),
        lambda: Command("LCS", k(), k(), *s.one([], ["LEN"], ["IDX", "WITHMATCHLEN"])),
    ]


def bits(s):
    k = s.key
    kind = lambda: s.one("u", "i") + s.number(1, 63)
    place = lambda: s.one("", "#") + s.number(0, 30)
    return [
        lambda: Command("SETBIT", k(), s.number(0, 400), s.number(0, 1)),
        lambda: Command("GETBIT", k(), s.number(0, 450)), lambda: Command("SET", k(), s.member()),
        lambda: Command("BITCOUNT", k(), *s.one([], [s.number(), s.number()],
                                                [s.number(-200, 200), s.number(-200, 200), "BIT"])),
        lambda: Command("BITPOS", k(), s.number(0, 1), *s.one([], [s.number()], [s.number(), s.number()],
                                                              [s.number(-90, 90), s.number(-90, 90), "BIT"])),
        lambda: Command("BITOP", s.one("AND", "OR", "XOR"), k(), *s.some_keys()),
        lambda: Command("BITOP", "NOT", k(), k()),
        lambda: Command("BITFIELD", k(), "OVERFLOW", s.one("WRAP", "SAT", "FAIL"), "INCRBY", kind(), place(),
                        s.number(-99, 99), "SET", kind(), place(), s.number(-99, 99), "GET", kind(), place()),
        lambda: Command("BITFIELD_RO", k(), "GET", kind(), place()),
    ]


def hyperloglog(s):
    k = s.key
    return [
        lambda: Command("PFADD", k(), *[f"e{s.rng.randrange(3000)}" for _ in range(s.rng.randint(0, 12))]),
        lambda: Command("PFCOUNT", *s.some_keys()), lambda: Command("PFMERGE", k(), *s.some_keys()),
        lambda: Command("DEL", k()) if s.rng.random() < 0.1 else Command("PFCOUNT", k()),
    ]


def lists(s):
    k, end = s.key, lambda: s.one("LEFT", "RIGHT")
    return [
        lambda: Command("RPUSH", k(), *s.members()), lambda: Command("LPUSH", k(), *s.members()),
        lambda: Command("RPUSH", k(), *s.members(20)),
        lambda: Command("LPUSHX", k(), *s.members()), lambda: Command("RPUSHX", k(), *s.members()),
        lambda: Command("LPOP", k(), *s.maybe(s.number(-1, 5))),
        lambda: Command("RPOP", k(), *s.maybe(s.number(0, 5))),
        lambda: Command("LLEN", k()), lambda: Command("LINDEX", k(), s.number()),
        lambda: Command("LRANGE", k(), s.number(-40, 40), s.number(-40, 40)),
        lambda: Command("LSET", k(), s.number(), s.member()),
        lambda: Command("LINSERT", k(), s.one("BEFORE", "AFTER"), s.member(), s.member()),
        lambda: Command("LREM", k(), s.number(-3, 3), s.member()),
        lambda: Command("LTRIM", k(), s.number(-3, 5), s.number(-60, 60)),
        lambda: Command("LPOS", k(), s.member(), *s.maybe("RANK", s.number(-3, 3)),
                        *s.maybe("COUNT", s.number(0, 3)), *s.maybe("MAXLEN", s.number(0, 20))),
        lambda: Command("LMOVE", k(), k(), end(), end()), lambda: Command("RPOPLPUSH", k(), k()),
        lambda: (lambda keys: Command("LMPOP", str(len(keys)), *keys, end(), *s.maybe("COUNT", s.number(1, 4))))(
            s.some_keys()),
    ]


def hashes(s):
    k = s.key
    return [
        lambda: Command("HSET", k(), *s.members(1), s.member(), *[s.member() for _ in range(2 * s.rng.randint(0, 3))]),
        lambda: Command("HMSET", k(), s.member(), s.member()),
        lambda: Command("HSETNX", k(), s.member(), s.member()),
        lambda: Command("HGET", k(), s.member()), lambda: Command("HMGET", k(), *s.members()),
        lambda: Command("HDEL", k(), *s.members()), lambda: Command("HLEN", k()),
        lambda: Command("HEXISTS", k(), s.member()), lambda: Command("HSTRLEN", k(), s.member()),
        lambda: Command("HGETALL", k(), normal=pairs_in_any_order),
        lambda: Command("HKEYS", k(), normal=any_order), lambda: Command("HVALS", k(), normal=any_order),
        lambda: Command("HINCRBY", k(), s.member(), s.number()),
        lambda: Command("HINCRBYFLOAT", k(), s.member(), s.one("0.5", "-1.1", "2")),
        lambda: (lambda key: Draw(["HRANDFIELD", key], ["HKEYS", key]))(k()),
        lambda: (lambda key: Draw(["HRANDFIELD", key, s.number(-9, 9), "WITHVALUES"], ["HGETALL", key],
                                  repeats=True, pairs=True))(k()),
        lambda: Scan(["HSCAN", k(), "0", *s.maybe("COUNT", "3")], 2, True),
    ]


def sets(s):
    k = s.key

    def pop():
        key = k()
        return Draw(["SPOP", key, *s.maybe(s.number(0, 4))], ["SMEMBERS", key], removal=["SREM", key])

    def counted(name, keys):
        return Command(name, str(len(keys)), *keys, *s.maybe("LIMIT", s.number(0, 4)))

    return [
        lambda: Command("SADD", k(), *s.members()),
        lambda: Command("SADD", k(), *[str(s.rng.randint(-40, 40)) for _ in range(6)]),
        lambda: Command("SREM", k(), *s.members()), lambda: Command("SCARD", k()),
        lambda: Command("SISMEMBER", k(), s.member()), lambda: Command("SMISMEMBER", k(), *s.members()),
        lambda: Command("SMEMBERS", k(), normal=any_order),
        lambda: Command("SMOVE", k(), k(), s.member()),
        lambda: Command(s.one("SINTER", "SUNION", "SDIFF"), *s.some_keys(), normal=any_order),
        lambda: Command(s.one("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), k(), *s.some_keys()),
        lambda: counted("SINTERCARD", s.some_keys()), pop,
        lambda: (lambda key: Draw(["SRANDMEMBER", key], ["SMEMBERS", key]))(k()),
        lambda: (lambda key: Draw(["SRANDMEMBER", key, s.number(0, 9)], ["SMEMBERS", key]))(k()),
        lambda: (lambda key: Draw(["SRANDMEMBER", key, s.number(-9, -1)], ["SMEMBERS", key], repeats=True))(k()),
        lambda: Scan(["SSCAN", k(), "0", *s.maybe("COUNT", "3")], 2, False),
        lambda: Command("DEL", k()) if s.rng.random() < 0.3 else Command("SCARD", k()),
    ]


def sorted_sets(s):
    # Ranges by name mean something only where all scores are equal, as in the key "equal".
    k = s.key
    scores = lambda: s.maybe("WITHSCORES")
    limit = lambda: s.maybe("LIMIT", s.number(-1, 4), s.number(-1, 5))

    def combined(name, *head):
        keys = s.some_keys()
        weights = ["WEIGHTS", *[s.one("1", "2", "-0.5") for _ in keys]] if s.rng.random() < 0.4 else []
        tail = [] if "DIFF" in name else weights + s.maybe("AGGREGATE", s.one("SUM", "MIN", "MAX"))
        return Command(name, *head, str(len(keys)), *keys, *tail, *([] if head else scores()))

    def by_range(name, low, high):
        return Command(name, k(), low(), high())

    return [
        lambda: Command("ZADD", k(), *s.maybe(s.one("NX", "XX", "GT", "LT", "CH"), chance=0.4), s.score(), s.member()),
        lambda: Command("ZADD", k(), *s.maybe("XX", s.one("GT", "LT"), "CH"), s.score(), s.member(), s.score(), s.member(),
                        s.score(), s.member()),
        lambda: Command("ZADD", k(), "INCR", s.score(), s.member()),
        lambda: Command("ZINCRBY", k(), s.score(), s.member()),
        lambda: Command("ZREM", k(), *s.members()), lambda: Command("ZCARD", k()),
        lambda: Command("ZSCORE", k(), s.member()), lambda: Command("ZMSCORE", k(), *s.members()),
        lambda: Command(s.one("ZRANK", "ZREVRANK"), k(), s.member()),
        lambda: by_range("ZCOUNT", s.score_bound, s.score_bound),
        lambda: Command("ZADD", "equal", "0", s.member()), lambda: Command("ZLEXCOUNT", "equal", s.lex_bound(), s.lex_bound()),
        lambda: Command(s.one("ZRANGE", "ZREVRANGE"), k(), s.number(), s.number(), *scores()),
        lambda: Command("ZRANGE", k(), s.score_bound(), s.score_bound(), "BYSCORE", *s.maybe("REV"), *limit(), *scores()),
        lambda: Command("ZRANGE", "equal", s.lex_bound(), s.lex_bound(), "BYLEX", *s.maybe("REV"), *limit()),
        lambda: Command(s.one("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), k(), s.score_bound(), s.score_bound(), *scores(), *limit()),
        lambda: Command(s.one("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "equal", s.lex_bound(), s.lex_bound(), *limit()),
        lambda: Command("ZRANGESTORE", k(), k(), s.number(), s.number(), *s.maybe("REV")),
        lambda: Command("ZREMRANGEBYRANK", k(), s.number(), s.number(-20, 0)) if s.rng.random() < 0.3
        else Command("ZCARD", k()),
        lambda: by_range("ZREMRANGEBYSCORE", s.score_bound, s.score_bound) if s.rng.random() < 0.3
        else Command("ZCARD", k()),
        lambda: Command("ZREMRANGEBYLEX", "equal", s.lex_bound(), s.lex_bound()) if s.rng.random() < 0.2
        else Command("ZCARD", "equal"),
        lambda: Command(s.one("ZPOPMIN", "ZPOPMAX"), k(), *s.maybe(s.number(0, 4))),
        lambda: (lambda keys: Command("ZMPOP", str(len(keys)), *keys, s.one("MIN", "MAX"),
                                      *s.maybe("COUNT", s.number(1, 4))))(s.some_keys()),
        lambda: combined(s.one("ZUNION", "ZINTER", "ZDIFF")),
        lambda: combined(s.one("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), k()),
        lambda: (lambda keys: Command("ZINTERCARD", str(len(keys)), *keys, *s.maybe("LIMIT", s.number(0, 3))))(
            s.some_keys()),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key, s.number(0, 9)], ["ZRANGE", key, "0", "-1"]))(k()),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key, s.number(-9, 0), "WITHSCORES"],
                                  ["ZRANGE", key, "0", "-1", "WITHSCORES"], repeats=True, pairs=True))(k()),
        lambda: Scan(["ZSCAN", k(), "0", *s.maybe("COUNT", "3")], 2, True),
    ]


def without(*fields):
    """Leaves out fields of flat maps, at any depth, that time or the inner form decides."""
    hidden = {f.encode() for f in fields}

    def strip(reply):
        if not isinstance(reply, list):
            return reply
        out, skip = [], False
        for item in reply:
            if skip:
                skip = False
            elif isinstance(item, bytes) and item in hidden:
                skip = True
            else:
                out.append(strip(item))
        return out
    return strip


def without_idle(reply):
    return [[row[0], row[1], row[3]] for row in reply] if isinstance(reply, list) else reply


def streams(s):
    k = s.key
    group, consumer = lambda: s.one("g1", "g2"), lambda: s.one("alice", "bob", "carol")

    def new_id():
        s.clock += s.rng.randint(0, 2)
        return f"{s.clock}-{s.one('*', s.number(0, 5))}"

    old_id = lambda: f"{s.rng.randint(max(0, s.clock - 40), s.clock + 1)}-{s.number(0, 3)}"
    ids = lambda: [old_id() for _ in range(s.rng.randint(1, 4))]
    low = lambda: s.one("-", old_id(), "(" + old_id())
    high = lambda: s.one("+", old_id(), "(" + old_id())
    count = lambda: s.maybe("COUNT", s.number(1, 6))
    fields = lambda: s.one(["f", "v"], ["f", s.member()], ["a", "1", "b", s.member()], [s.member(), s.member()])
    add = lambda: Command("XADD", k(), *s.maybe("NOMKSTREAM", chance=0.05),
                          *s.maybe("MAXLEN", s.number(20, 60), chance=0.1), new_id(), *fields())
    return [
        add, add, add, add, lambda: Command("XLEN", k()), lambda: Command("XDEL", k(), *ids()),
        lambda: Command("XRANGE", k(), low(), high(), *count()),
        lambda: Command("XREVRANGE", k(), high(), low(), *count()),
        lambda: Command("XREAD", *count(), "STREAMS", *(lambda keys: keys + [old_id() for _ in keys])(s.some_keys())),
        lambda: Command("XTRIM", k(), *s.one(["MAXLEN", s.number(30, 60)], ["MINID", str(max(0, s.clock - 60))])),
        lambda: Command("XSETID", k(), f"{s.clock + 1}-0") if s.rng.random() < 0.05 else Command("XLEN", k()),
        lambda: Command("XGROUP", "CREATE", k(), group(), s.one("0", "$", old_id()), *s.maybe("MKSTREAM")),
        lambda: Command("XGROUP", "SETID", k(), group(), s.one("0", "$", old_id())),
        lambda: Command("XGROUP", "DESTROY", k(), group()) if s.rng.random() < 0.1 else Command("XLEN", k()),
        lambda: Command("XGROUP", "CREATECONSUMER", k(), group(), consumer()),
        lambda: Command("XGROUP", "DELCONSUMER", k(), group(), consumer()) if s.rng.random() < 0.2
        else Command("XLEN", k()),
        lambda: Command("XREADGROUP", "GROUP", group(), consumer(), *count(), *s.maybe("NOACK", chance=0.1), "STREAMS",
                        k(), s.one(">", ">", ">", "0", old_id())),
        lambda: Command("XACK", k(), group(), *ids()),
        lambda: Command("XPENDING", k(), group()),
        lambda: Command("XPENDING", k(), group(), low(), high(), s.number(1, 9), *s.maybe(consumer()),
                        normal=without_idle),
        lambda: Command("XCLAIM", k(), group(), consumer(), "0", *ids(), *s.maybe("FORCE"), *s.maybe("JUSTID"),
                        *s.maybe("RETRYCOUNT", s.number(1, 5))),
        lambda: Command("XAUTOCLAIM", k(), group(), consumer(), "0", s.one("0", old_id()), *count(), *s.maybe("JUSTID")),
        lambda: Command("XINFO", "STREAM", k(), normal=without("radix-tree-keys", "radix-tree-nodes")),
        lambda: Command("XINFO", "GROUPS", k()),
        lambda: Command("XINFO", "CONSUMERS", k(), group(), normal=without("idle", "inactive")),
    ]


def geo(s):
    k = s.key
    place = lambda: [repr(round(s.rng.uniform(-10, 10), 4)), repr(round(s.rng.uniform(40, 60), 4))]
    name = lambda: f"p{s.rng.randrange(60)}"
    unit = lambda: s.one("m", "km", "mi", "ft")
    shape = lambda: s.one(["BYRADIUS", s.number(1, 900), "km"], ["BYBOX", s.number(1, 900), s.number(1, 900), "km"])
    centre = lambda: s.one(["FROMMEMBER", name()], ["FROMLONLAT", *place()])
    shown = lambda: s.one([], ["WITHCOORD"], ["WITHDIST", "WITHHASH"])
    return [
        lambda: Command("GEOADD", k(), *s.maybe(s.one("NX", "XX", "CH")), *place(), name(), *place(), name()),
        lambda: Command("GEODIST", k(), name(), name(), unit()),
        lambda: Command("GEOHASH", k(), name(), name()), lambda: Command("GEOPOS", k(), name(), name()),
        lambda: Command("GEOSEARCH", k(), *centre(), *shape(), *shown(), normal=rows_in_any_order),
        lambda: Command("GEOSEARCH", k(), *centre(), *shape(), s.one("ASC", "DESC"), "COUNT", s.number(1, 9), *shown()),
        lambda: Command("GEOSEARCHSTORE", k(), k(), *centre(), *shape(), *s.maybe("STOREDIST")),
        lambda: Command("GEORADIUS", k(), *place(), s.number(1, 900), "km", "ASC", *shown()),
        lambda: Command("GEORADIUSBYMEMBER_RO", k(), name(), s.number(1, 900), "km", *shown(), normal=rows_in_any_order),
        lambda: Command("ZREM", k(), name()),
    ]


FAMILIES = {"strings": strings, "bits": bits, "hyperloglog": hyperloglog, "lists": lists, "hashes": hashes,
            "sets": sets, "sorted sets": sorted_sets, "streams": streams, "geo": geo}
