"""Random commands of strings, bits, HyperLogLog, lists, hashes and sets."""
from differential_source import Command, Draw, Scan, any_order, pairs_in_any_order, same, sign

FAR = 4102444800  # a deadline that no test sees, in seconds


def deadline(s):
    return s.one(["EX", "100000"], ["PX", "100000000"], ["EXAT", FAR], ["PXAT", FAR * 1000], ["EX", "0"], ["PXAT", "-5"])


def strings(s):
    k = s.key
    return [
        lambda: Command("SET", k(), s.member(), *s.maybe(s.one("NX", "XX")), *s.maybe("GET"),
                        *s.one([], [], ["KEEPTTL"], deadline(s))),
        lambda: Command("SET", k(), s.member()), lambda: Command("SET", k(), s.number()),
        lambda: Command("GET", k()), lambda: Command("STRLEN", k()),
        lambda: Command("APPEND", k(), s.member()),
        lambda: Command("SETRANGE", k(), s.number(-1, 40), s.member()),
        lambda: Command(s.one("GETRANGE", "SUBSTR"), k(), s.number(), s.number()),
        lambda: Command(s.one("INCRBY", "DECRBY"), k(), s.number()), lambda: Command(s.one("INCR", "DECR"), k()),
        lambda: Command("INCRBYFLOAT", k(), s.real()),
        lambda: Command("GETSET", k(), s.member()), lambda: Command("SETNX", k(), s.member()),
        lambda: Command(s.one("MSET", "MSETNX"), k(), s.member(), k(), s.member()),
        lambda: Command("MGET", *s.some_keys()), lambda: Command("GETDEL", k()),
        lambda: Command("GETEX", k(), *s.one([], ["PERSIST"], deadline(s))),
        lambda: Command("SETEX", k(), s.one("0", "-1", "100000"), s.member()),
        lambda: Command("PSETEX", k(), s.one("0", "-1", "100000000"), s.member()),
        lambda: Command(s.one("TTL", "PTTL"), k(), normal=sign),
        lambda: Command("LCS", k(), k(), *s.one([], ["LEN"], ["IDX"], ["IDX", "MINMATCHLEN", s.number(0, 4)]),
                        *s.maybe("WITHMATCHLEN")),
    ]


def bits(s):
    k = s.key
    kind = lambda: s.one("u", "i") + s.number(1, 64)
    place = lambda: s.one("", "#") + s.number(0, 30)
    overflow = lambda: s.maybe("OVERFLOW", s.one("WRAP", "SAT", "FAIL"))
    one_field = lambda: s.one([*overflow(), "INCRBY", kind(), place(), s.number(-99, 99)],
                              [*overflow(), "SET", kind(), place(), s.number(-99, 2**40)], ["GET", kind(), place()])
    return [
        lambda: Command("SETBIT", k(), s.number(0, 400), s.number(0, 1)),
        lambda: Command("SETBIT", k(), s.number(0, 20000), "1") if s.chance(0.1) else Command("GETBIT", k(), s.number(0, 9)),
        lambda: Command("GETBIT", k(), s.number(0, 450)), lambda: Command("SET", k(), s.member()),
        lambda: Command("BITCOUNT", k(), *s.one([], [s.number(), s.number()], [s.number(), s.number(), "BYTE"],
                                                [s.number(-200, 200), s.number(-200, 200), "BIT"])),
        lambda: Command("BITPOS", k(), s.number(0, 1), *s.one([], [s.number()], [s.number(), s.number()],
                                                              [s.number(), s.number(), "BYTE"],
                                                              [s.number(-90, 90), s.number(-90, 90), "BIT"])),
        lambda: Command("BITOP", s.one("AND", "OR", "XOR"), k(), *s.some_keys(5)),
        lambda: Command("BITOP", "NOT", k(), *s.some_keys(1)),
        lambda: Command("BITFIELD", k(), *one_field(), *s.one([], one_field()), *s.one([], one_field())),
        lambda: Command("BITFIELD_RO", k(), "GET", kind(), place(), *s.maybe("GET", kind(), place())),
    ]


def hyperloglog(s):
    k = s.key
    return [
        lambda: Command("PFADD", k(), *[f"e{s.rng.randrange(3000)}" for _ in range(s.rng.randint(0, 12))]),
        lambda: Command("PFADD", k(), s.member()), lambda: Command("PFADD", k(), s.member()),
        lambda: Command("PFCOUNT", *s.some_keys()), lambda: Command("PFMERGE", k(), *s.some_keys()),
        lambda: Command("PFMERGE", k()), lambda: Command("PFCOUNT", k()),
        lambda: Command("PFDEBUG", s.one("ENCODING", "DECODE", "TODENSE"), k()) if s.chance(0.1)
        else Command("STRLEN", k()),
        lambda: Command("GET", k()) if s.chance(0.2) else Command("PFCOUNT", k()),
        lambda: Command("DEL", k()) if s.chance(0.2) else Command("PFCOUNT", k()),
    ]


def lists(s):
    k, end = s.key, lambda: s.one("LEFT", "RIGHT")
    wait = lambda: s.one("0.001", "0.002", "-1", "word")

    def blocking():
        return s.as_it_is(*s.one(
            [s.one("BLPOP", "BRPOP"), *s.some_keys(), wait()], ["BRPOPLPUSH", k(), k(), wait()],
            ["BLMOVE", k(), k(), end(), end(), wait()],
            ["BLMPOP", wait(), *s.counted_keys(), end(), *s.maybe("COUNT", s.number(1, 4))]))

    return [
        lambda: Command("RPUSH", k(), *s.members()), lambda: Command("LPUSH", k(), *s.members()),
        lambda: Command("RPUSH", k(), *s.members(20)),
        lambda: Command("LPUSHX", k(), *s.members()), lambda: Command("RPUSHX", k(), *s.members()),
        lambda: Command("LPOP", k(), *s.maybe(s.number(-1, 5))),
        lambda: Command("RPOP", k(), *s.maybe(s.number(0, 5))),
        lambda: Command("LLEN", k()), lambda: Command("LINDEX", k(), s.number(-40, 40)),
        lambda: Command("LRANGE", k(), s.number(-40, 40), s.number(-40, 40)),
        lambda: Command("LSET", k(), s.number(-40, 40), s.member()),
        lambda: Command("LINSERT", k(), s.one("BEFORE", "AFTER"), s.member(), s.member()),
        lambda: Command("LREM", k(), s.number(-3, 3), s.member()),
        lambda: Command("LTRIM", k(), s.number(-3, 5), s.number(-60, 60)) if s.chance(0.5) else Command("LLEN", k()),
        lambda: Command("LPOS", k(), s.member(), *s.maybe("RANK", s.number(-3, 3)),
                        *s.maybe("COUNT", s.number(-1, 3)), *s.maybe("MAXLEN", s.number(-1, 20))),
        lambda: Command("LMOVE", k(), k(), end(), end()), lambda: Command("RPOPLPUSH", k(), k()),
        lambda: Command("LMPOP", *s.counted_keys(), end(), *s.maybe("COUNT", s.number(1, 9))),
        blocking,
    ]


def hashes(s):
    k = s.key
    in_pairs, listed = (same, same) if s.ordered else (pairs_in_any_order, any_order)
    drawn = lambda key, *count, **how: Draw(["HRANDFIELD", key, *count], ["HKEYS", key], **how)
    return [
        lambda: Command("HSET", k(), s.member(), s.member(), *[s.member() for _ in range(2 * s.rng.randint(0, 3))]),
        lambda: Command("HMSET", k(), s.member(), s.member()),
        lambda: Command("HSETNX", k(), s.member(), s.member()),
        lambda: Command("HGET", k(), s.member()), lambda: Command("HMGET", k(), *s.members()),
        lambda: Command("HDEL", k(), *s.members()), lambda: Command("HDEL", k(), *s.members(40)),
        lambda: Command("HLEN", k()),
        lambda: Command("HEXISTS", k(), s.member()), lambda: Command("HSTRLEN", k(), s.member()),
        lambda: Command("HGETALL", k(), normal=in_pairs),
        lambda: Command("HKEYS", k(), normal=listed), lambda: Command("HVALS", k(), normal=listed),
        lambda: Command("HINCRBY", k(), s.member(), s.number()),
        lambda: Command("HINCRBYFLOAT", k(), s.member(), s.real()),
        lambda: drawn(k()), lambda: drawn(k(), s.number(0, 9)), lambda: drawn(k(), s.number(-9, -1), repeats=True),
        lambda: (lambda key: Draw(["HRANDFIELD", key, s.number(0, 9), "WITHVALUES"], ["HGETALL", key], pairs=True))(k()),
        lambda: (lambda key: Draw(["HRANDFIELD", key, s.number(-9, -1), "WITHVALUES"], ["HGETALL", key],
                                  repeats=True, pairs=True))(k()),
        lambda: Scan(["HSCAN", k(), "0", *s.maybe("COUNT", "3"), *s.maybe("MATCH", s.one("m*", "*1*", "[0-3]?"))], 2, True),
    ]


def sets(s):
    k = s.key

    def pop():
        key = k()
        return Draw(["SPOP", key, *s.maybe(s.number(0, 4))], ["SMEMBERS", key], removal=["SREM", key])

    return [
        lambda: Command("SADD", k(), *s.members()),
        lambda: Command("SADD", k(), *[str(s.rng.randint(-40, 40)) for _ in range(6)]),
        lambda: Command("SREM", k(), *s.members()), lambda: Command("SREM", k(), *s.members(40)),
        lambda: Command("SCARD", k()),
        lambda: Command("SISMEMBER", k(), s.member()), lambda: Command("SMISMEMBER", k(), *s.members()),
        lambda: Command("SMEMBERS", k(), normal=any_order),
        lambda: Command("SMOVE", k(), k(), s.member()),
        lambda: Command(s.one("SINTER", "SUNION", "SDIFF"), *s.some_keys(), normal=any_order),
        lambda: Command(s.one("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), k(), *s.some_keys()),
        lambda: Command("SINTERCARD", *s.counted_keys(), *s.maybe("LIMIT", s.number(-1, 4))), pop,
        lambda: (lambda key: Draw(["SRANDMEMBER", key], ["SMEMBERS", key]))(k()),
        lambda: (lambda key: Draw(["SRANDMEMBER", key, s.number(0, 9)], ["SMEMBERS", key]))(k()),
        lambda: (lambda key: Draw(["SRANDMEMBER", key, s.number(-9, -1)], ["SMEMBERS", key], repeats=True))(k()),
        lambda: Scan(["SSCAN", k(), "0", *s.maybe("COUNT", "3"), *s.maybe("MATCH", s.one("m*", "*1*", "[0-3]?"))], 2, False),
    ]
