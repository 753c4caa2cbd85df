"""Random commands of sorted sets, streams and geo."""
from differential_source import Command, Draw, Scan, any_order, shortest, without


def sorted_sets(s):
    # Ranges by name are defined only if all scores are equal, as in the key "equal".
    k = s.key
    scores = lambda: s.maybe("WITHSCORES")
    limit = lambda: s.maybe("LIMIT", s.number(-1, 4), s.number(-1, 5))
    command = lambda *words: Command(*words, normal=shortest)

    def combined(name, *head):
        keys = s.some_keys()
        weights = ["WEIGHTS", *[s.one("1", "2", "0.5", "3e2", "inf", "word") for _ in keys]] if s.chance(0.4) else []
        tail = [] if "DIFF" in name else weights + s.maybe("AGGREGATE", s.one("SUM", "MIN", "MAX"))
        return command(name, *head, str(len(keys)), *keys, *tail, *([] if head else scores()))

    def range_words(key):
        return s.one([key, s.number(), s.number()], [key, s.score_bound(), s.score_bound(), "BYSCORE", *limit()],
                     ["equal", s.lex_bound(), s.lex_bound(), "BYLEX", *limit()]) + s.maybe("REV")

    def rarely(part, *words):
        return Command(*words) if s.chance(part) else Command("ZCARD", words[1])

    def blocking():
        return s.as_it_is(*s.one([s.one("BZPOPMIN", "BZPOPMAX"), *s.some_keys(), s.one("0.001", "-1")],
                                 ["BZMPOP", "0.001", *s.counted_keys(), s.one("MIN", "MAX"),
                                  *s.maybe("COUNT", s.number(1, 4))]), normal=shortest)

    return [
        lambda: command("ZADD", k(), *s.maybe(s.one("NX", "XX", "GT", "LT", "CH"), chance=0.4), s.score(), s.member()),
        lambda: command("ZADD", k(), *s.maybe(s.one("NX", "XX")), *s.maybe(s.one("GT", "LT")), *s.maybe("CH"),
                        *s.maybe("INCR"), s.score(), s.member()),
        lambda: command("ZADD", k(), *s.maybe("XX", s.one("GT", "LT"), "CH"), s.score(), s.member(), s.score(), s.member(),
                        s.score(), s.member()),
        lambda: command("ZADD", k(), "INCR", s.score(), s.member()),
        lambda: command("ZINCRBY", k(), s.score(), s.member()),
        lambda: Command("ZREM", k(), *s.members()), lambda: Command("ZREM", k(), *s.members(20)),
        lambda: Command("ZCARD", k()),
        lambda: command("ZSCORE", k(), s.member()), lambda: command("ZMSCORE", k(), *s.members()),
        lambda: Command(s.one("ZRANK", "ZREVRANK"), k(), s.member()),
        lambda: Command("ZCOUNT", k(), s.score_bound(), s.score_bound()),
        lambda: Command("ZADD", "equal", "0", s.member()),
        lambda: Command("ZLEXCOUNT", "equal", s.lex_bound(), s.lex_bound()),
        lambda: command(s.one("ZRANGE", "ZREVRANGE"), k(), s.number(), s.number(), *scores()),
        lambda: command("ZRANGE", *range_words(k()), *scores()),
        lambda: command(s.one("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), k(), s.score_bound(), s.score_bound(), *scores(), *limit()),
        lambda: Command(s.one("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "equal", s.lex_bound(), s.lex_bound(), *limit()),
        lambda: Command("ZRANGESTORE", k(), *range_words(k())),
        lambda: rarely(0.3, "ZREMRANGEBYRANK", k(), s.number(), s.number(-20, 0)),
        lambda: rarely(0.3, "ZREMRANGEBYSCORE", k(), s.score_bound(), s.score_bound()),
        lambda: rarely(0.2, "ZREMRANGEBYLEX", "equal", s.lex_bound(), s.lex_bound()),
        lambda: command(s.one("ZPOPMIN", "ZPOPMAX"), k(), *s.maybe(s.number(-1, 4))),
        lambda: command("ZMPOP", *s.counted_keys(), s.one("MIN", "MAX"), *s.maybe("COUNT", s.number(1, 4))),
        lambda: combined(s.one("ZUNION", "ZINTER", "ZDIFF")),
        lambda: combined(s.one("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), k()),
        lambda: Command("ZINTERCARD", *s.counted_keys(), *s.maybe("LIMIT", s.number(-1, 3))),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key], ["ZRANGE", key, "0", "-1"]))(k()),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key, s.number(0, 9)], ["ZRANGE", key, "0", "-1"]))(k()),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key, s.number(-9, -1), "WITHSCORES"],
                                  ["ZRANGE", key, "0", "-1", "WITHSCORES"], repeats=True, pairs=True))(k()),
        lambda: (lambda key: Draw(["ZRANDMEMBER", key, s.number(0, 9), "WITHSCORES"],
                                  ["ZRANGE", key, "0", "-1", "WITHSCORES"], pairs=True))(k()),
        lambda: Scan(["ZSCAN", k(), "0", *s.maybe("COUNT", "3"), *s.maybe("MATCH", s.one("m*", "*1*", "[0-3]?"))], 2, True),
        lambda: Command("SADD", f"k{s.rng.randrange(s.keys)}", *s.members()) if s.chance(0.2) else Command("DEL", "set"),
        blocking,
    ]


def without_idle(reply):
    """Rows of XPENDING without the time since the delivery."""
    return [row[:2] + row[3:] if isinstance(row, list) else row for row in reply] if isinstance(reply, list) else reply


def without_times(reply):
    """XINFO STREAM FULL without times, internal sizes and delivery times, and without entries-read and lag, which
    redis-server 7.0 computes wrong after entries were removed."""
    plain = without("radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time", "lag", "entries-read")(reply)

    def timeless(part):
        if not isinstance(part, list):
            return part
        delivery = len(part) in (3, 4) and type(part[-1]) is int and type(part[-2]) is int and part[-2] > 10**11
        return type(part)(map(timeless, part[:-2] + part[-1:] if delivery else part))
    return timeless(plain)


def streams(s):
    k = s.key
    group, consumer = lambda: s.one("g1", "g2"), lambda: s.one("alice", "bob", "carol")

    def new_id():
        s.clock += s.rng.randint(0, 2)
        return f"{s.clock}-{s.one('*', s.number(0, 5))}"

    old_id = lambda: f"{s.rng.randint(max(0, s.clock - 40), s.clock + 1)}{s.one('-' + s.number(0, 3), '')}"
    ids = lambda: [old_id() for _ in range(s.rng.randint(1, 4))]
    low = lambda: s.one("-", old_id(), "(" + old_id())
    high = lambda: s.one("+", old_id(), "(" + old_id())
    count = lambda: s.maybe("COUNT", s.number(1, 6))
    fields = lambda: s.one(["f", "v"], ["f", s.member()], ["a", "1", "b", s.member()], [s.member(), s.member()])
    trim = lambda: s.one(["MAXLEN", *s.maybe(s.one("~", "=")), s.number(20, 60)],
                         ["MINID", *s.maybe(s.one("~", "=")), str(max(0, s.clock - 60))],
                         ["MAXLEN", "~", s.number(20, 60), "LIMIT", s.number(0, 10)])
    add = lambda: Command("XADD", k(), *s.maybe("NOMKSTREAM", chance=0.05), *s.one([], [], [], trim()), new_id(), *fields())
    rarely = lambda part, *words: Command(*words) if s.chance(part) else Command("XLEN", k())

    def as_consumer(key, name, reader, *words, **how):
        """7.2 always creates the consumer, 7.0 only if the command delivers an entry."""
        return [Command("XGROUP", "CREATECONSUMER", key, name, reader), Command(*words, **how)]

    def read_group():
        key, name, reader = k(), group(), consumer()
        return as_consumer(key, name, reader, "XREADGROUP", "GROUP", name, reader, *count(), *s.maybe("NOACK", chance=0.1),
                           "STREAMS", key, s.one(">", ">", ">", "0", old_id()))

    def claim():
        key, name, reader = k(), group(), consumer()
        return as_consumer(key, name, reader, "XCLAIM", key, name, reader, "0", *ids(), *s.maybe("FORCE"),
                           *s.maybe("JUSTID"), *s.maybe("RETRYCOUNT", s.number(1, 5)), *s.maybe("IDLE", "100"),
                           *s.maybe("TIME", "100"), *s.maybe("LASTID", old_id()))

    def claim_all():
        key, name, reader = k(), group(), consumer()
        return as_consumer(key, name, reader, "XAUTOCLAIM", key, name, reader, "0", s.one("0", old_id(), "(" + old_id(), "-"),
                           *count(), *s.maybe("JUSTID"))

    return [
        add, add, add, add, lambda: Command("XLEN", k()), lambda: Command("XDEL", k(), *ids()),
        lambda: Command("XRANGE", k(), low(), high(), *count()),
        lambda: Command("XREVRANGE", k(), high(), low(), *count()),
        lambda: Command("XREAD", *count(), "STREAMS", *(lambda keys: keys + [old_id() for _ in keys])(s.some_keys())),
        lambda: s.as_it_is("XREAD", *count(), "BLOCK", s.one("1", "-1"), "STREAMS", k(), s.one("$", old_id())),
        lambda: Command("XTRIM", k(), *trim()),
        # An older id fails: 7.2 also checks deleted ids, and checks them first.
        lambda: rarely(0.1, "XSETID", k(), f"{s.clock + 1}-0",
                       *s.maybe("ENTRIESADDED", s.number(0, 400), "MAXDELETEDID", old_id())),
        lambda: Command("XGROUP", "CREATE", k(), group(), s.one("0", "$", old_id()), *s.maybe("MKSTREAM"),
                        *s.maybe("ENTRIESREAD", s.number(-1, 50))),
        lambda: Command("XGROUP", "SETID", k(), group(), s.one("0", "$", old_id()), *s.maybe("ENTRIESREAD", s.number(-1, 50))),
        lambda: rarely(0.1, "XGROUP", "DESTROY", k(), group()),
        lambda: Command("XGROUP", "CREATECONSUMER", k(), group(), consumer()),
        lambda: rarely(0.2, "XGROUP", "DELCONSUMER", k(), group(), consumer()),
        read_group, read_group, claim, claim_all,
        lambda: Command("XACK", k(), group(), *ids()),
        lambda: Command("XPENDING", k(), group()),
        lambda: Command("XPENDING", k(), group(), *s.maybe("IDLE", s.one("0", "100000")), low(), high(), s.number(1, 9),
                        *s.maybe(consumer()), normal=without_idle),
        lambda: Command("XINFO", "STREAM", k(), normal=without("radix-tree-keys", "radix-tree-nodes")),
        lambda: Command("XINFO", "STREAM", k(), "FULL", *count(), normal=without_times),
        lambda: Command("XINFO", "GROUPS", k(), normal=without("lag", "entries-read")),
        lambda: Command("XINFO", "CONSUMERS", k(), group(), normal=without("idle", "inactive")),
        lambda: rarely(0.2, "DEL", k()),
    ]


def geo(s):
    k = s.key
    place = lambda: [repr(round(s.rng.uniform(-10, 10), 4)), repr(round(s.rng.uniform(40, 60), 4))]
    anywhere = lambda: [repr(s.rng.uniform(-181, 181)), repr(s.rng.uniform(-86, 86))] if s.chance(0.2) else place()
    name = lambda: f"p{s.rng.randrange(60)}"
    unit = lambda: s.one("m", "km", "mi", "ft")
    size = lambda: s.one(s.number(1, 900), s.number(1, 12000), "0.5", "0")
    shape = lambda: s.one(["BYRADIUS", size(), unit()], ["BYBOX", size(), size(), unit()])
    centre = lambda: s.one(["FROMMEMBER", name()], ["FROMLONLAT", *anywhere()])
    shown = lambda: s.maybe("WITHCOORD") + s.maybe("WITHDIST") + s.maybe("WITHHASH")
    sort = lambda: s.one([], ["ASC"], ["DESC"])
    some = lambda: s.maybe("COUNT", s.number(1, 9), *s.maybe("ANY"))
    store = lambda: s.maybe(s.one("STORE", "STOREDIST"), k())

    def by_radius(name_, *centre_, read_only=False):
        words = s.one(shown(), store()) if not read_only else shown()
        return Command(name_, k(), *centre_, size(), unit(), *sort(), *some(), *words)

    return [
        lambda: Command("GEOADD", k(), *s.maybe(s.one("NX", "XX")), *s.maybe("CH"), *place(), name(), *place(), name()),
        lambda: Command("GEOADD", k(), *anywhere(), name()),
        lambda: Command("GEODIST", k(), name(), name(), *s.maybe(unit())),
        lambda: Command(s.one("GEOHASH", "GEOPOS"), k(), name(), name(), *s.maybe("nobody")),
        lambda: Command("GEOSEARCH", k(), *centre(), *shape(), *sort(), *some(), *shown()),
        lambda: Command("GEOSEARCH", k(), *centre(), *shape(), *sort(), *some(), *shown()),
        lambda: Command("GEOSEARCHSTORE", k(), k(), *centre(), *shape(), *sort(), *some(), *s.maybe("STOREDIST")),
        lambda: by_radius("GEORADIUS", *anywhere()), lambda: by_radius("GEORADIUS_RO", *place(), read_only=True),
        lambda: by_radius("GEORADIUSBYMEMBER", name()), lambda: by_radius("GEORADIUSBYMEMBER_RO", name(), read_only=True),
        lambda: Command("ZREM", k(), name()), lambda: Command("ZRANGE", k(), "0", "-1", "WITHSCORES", normal=shortest),
        lambda: Command("DEL", k()) if s.chance(0.2) else Command("ZCARD", k()),
    ]
