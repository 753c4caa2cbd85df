"""The families of random commands, for differential.py."""
from differential_ordered import geo, sorted_sets, streams, without_times
from differential_source import Command, Scan, any_order, sign
from differential_values import FAR, bits, hashes, hyperloglog, lists, sets, strings


def sorting(s):
    """SORT over lists, sets and sorted sets of small numbers, with weights in strings and hashes."""
    k = s.key
    s.junk = [word for word in s.junk if word != "1e400"]  # after a number out of range Redis's SORT refuses all numbers
    small = lambda: s.number(0, 30)
    weight = lambda: s.one(f"{s.rng.randrange(1000)}", f"{s.rng.uniform(-5, 5):.3f}", "word" + small())
    limit = lambda: s.maybe("LIMIT", s.number(-2, 5), s.number(-2, 9))
    order = lambda: s.one([], ["ASC"], ["DESC"])
    gets = lambda: s.one([], [], ["GET", "#"], ["GET", "w_*", "GET", "#"], ["GET", "h_*->f"], ["GET", "h_*->", "GET", "none"])

    def by_weight():
        # ALPHA leaves members of equal weight in any order: all members are compared, in any order.
        alpha = s.chance(0.3)
        words = [s.one("SORT", "SORT_RO"), k(), "BY", s.one("w_*", "h_*->f", "h_*->none", "*"), *order()]
        return Command(*words, "ALPHA", normal=any_order) if alpha else Command(*words, *limit(), *gets())

    return [
        lambda: Command("RPUSH", k(), *[small() for _ in range(s.rng.randint(1, 9))]),
        lambda: Command("RPUSH", k(), s.member()) if s.chance(0.2) else Command("LLEN", k()),
        lambda: Command("SADD", k(), *[small() for _ in range(s.rng.randint(1, 9))]),
        lambda: Command("ZADD", k(), s.number(), small(), s.number(), small(), s.number(), small()),
        lambda: Command("SET", "w_" + small(), weight()), lambda: Command("HSET", "h_" + small(), s.one("f", "g"), weight()),
        lambda: Command("DEL", s.one("w_", "h_") + small()) if s.chance(0.1) else Command("DEL", k()),
        lambda: Command(s.one("SORT", "SORT_RO"), k(), *limit(), *gets(), *order(), *s.maybe("ALPHA", chance=0.7)),
        by_weight, by_weight,
        lambda: Command("SORT", k(), *s.maybe("BY", "w_*"), *limit(), *gets(), *order(), "STORE", k()),
    ]


def generic(s):
    """Generic commands on keys of all types."""
    k = s.key
    made = [makers(s) for makers in (strings, lists, hashes, sets, sorted_sets, streams)]
    any_command = lambda: s.one(*s.one(*made))()
    flags = lambda: s.maybe(s.one("NX", "XX", "GT", "LT"))
    return [any_command] * 20 + [
        lambda: Command("COPY", k(), k(), *s.maybe("REPLACE")), lambda: Command("COPY", k(), k(), "DB", "1", "REPLACE"),
        lambda: Command(s.one("RENAME", "RENAMENX"), k(), k()), lambda: Command("TYPE", k()),
        lambda: Command(s.one("DEL", "UNLINK"), *s.some_keys()), lambda: Command(s.one("EXISTS", "TOUCH"), *s.some_keys()),
        lambda: Command("EXPIRE", k(), s.one("100000", "0", "-7"), *s.maybe(s.one("NX", "XX"))),
        lambda: Command("PEXPIRE", k(), s.one("100000000", "0"), *s.maybe(s.one("NX", "XX"))),
        lambda: Command("EXPIREAT", k(), s.one(FAR, FAR + s.rng.randrange(9), 1), *flags()),
        lambda: Command("PEXPIREAT", k(), FAR * 1000 + s.rng.randrange(9000), *flags()),
        lambda: Command("PERSIST", k()), lambda: Command(s.one("TTL", "PTTL"), k(), normal=sign),
        lambda: Scan(["SCAN", "0", *s.maybe("MATCH", s.one("k*", "*[1-3]")), *s.maybe("COUNT", "2"),
                      *s.maybe("TYPE", s.one("string", "list", "set", "zset", "hash", "stream", "none"))], 1, False),
        lambda: Command("KEYS", s.one("*", "k[0-3]", "?1"), normal=any_order), lambda: Command("DBSIZE"),
        lambda: Command("MOVE", k(), "1"),
        lambda: Command("RESTORE", k(), "0", s.member(), *s.maybe("REPLACE")),
    ]


FAMILIES = {"strings": strings, "bits": bits, "hyperloglog": hyperloglog, "lists": lists, "hashes": hashes,
            "sets": sets, "sorted sets": sorted_sets, "streams": streams, "geo": geo, "sorting": sorting,
            "generic": generic}
