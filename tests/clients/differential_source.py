"""Arguments of the random commands of differential.py, and wrappers that define how the replies of
two servers are compared."""
import random
import re


class Command:
    """The words to send, and a function that makes the two replies comparable."""

    def __init__(self, *words, normal=None):
        self.words = words
        self.normal = normal or same


class Draw:
    """A command that returns random members: each must be in the reply of `members`, and all must be
    distinct unless `repeats`. With `removal` the reference removes the same members."""

    def __init__(self, words, members, repeats=False, removal=None, pairs=False):
        self.words, self.members, self.repeats = words, members, repeats
        self.removal, self.pairs = removal, pairs


class Scan:
    """A complete scan, from cursor 0 to 0."""

    def __init__(self, words, at, pairs):
        self.words, self.at, self.pairs = words, at, pairs


def same(reply):
    return reply


def any_order(reply):
    return type(reply)(sorted(reply, key=repr)) if isinstance(reply, list) else reply


def pairs_in_any_order(reply):
    if not isinstance(reply, list):
        return reply
    return type(reply)(sorted(zip(reply[0::2], reply[1::2])))


REAL = re.compile(rb"[-+]?\d+(\.\d+)?(e[-+]\d+)?")


def shortest(reply):
    """Scores as numbers: 7.0 prints 17 digits, 7.2 the shortest form."""
    if isinstance(reply, list):
        return type(reply)(map(shortest, reply))
    if type(reply) is bytes and (len(reply) > 16 or b"." in reply or b"e" in reply) and REAL.fullmatch(reply):
        return repr(float(reply)).encode()
    return reply


def without(*fields):
    """Removes fields of flat maps, at any depth, that depend on the time or on internals."""
    hidden = {f.encode() for f in fields}

    def strip(reply):
        if not isinstance(reply, list):
            return reply
        out, skip = [], False
        for item in reply:
            if skip:
                skip = False
            elif type(item) is bytes and item in hidden:
                skip = True
            else:
                out.append(strip(item))
        return type(reply)(out)
    return strip


def sign(reply):
    """A remaining time, reduced to its sign."""
    return reply if not isinstance(reply, int) or reply < 0 else "some"


JUNK = ["", "0", "-1", "1.5", "word", "nan", "inf", "-inf", "(", "[", "*", "COUNT", "LIMIT", "WITHSCORES", "STREAMS",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "0x10", " 1", "k0", "k1", "string"]


class Source:
    """Draws the arguments; the same seed draws the same ones. `ordered` means that compact values keep
    the order of insertion, so that it is compared too."""

    def __init__(self, seed, keys=6, ordered=False):
        self.rng = random.Random(seed)
        self.keys, self.ordered = keys, ordered
        self.clock = 0
        self.junk = JUNK

    def chance(self, part):
        return self.rng.random() < part

    def key(self):
        if self.chance(0.02):
            return self.rng.choice(["string", "other", "nowhere"])
        return f"k{self.rng.randrange(self.keys)}"

    def some_keys(self, most=3):
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def counted_keys(self):
        keys = self.some_keys()
        return [str(len(keys)), *keys]

    def number(self, low=-20, high=20):
        return str(self.rng.randint(low, high))

    def member(self):
        kind = self.rng.random()
        if kind < 0.4:
            return str(self.rng.randint(-30, 300))
        if kind < 0.5:
            return str(self.rng.choice([127, 128, 4095, -4096, 4096, 32767, -32768, 32768, 8388607,
                                        8388608, 2147483647, 2147483648, 2**63 - 1, -2**63, 2**63]))
        if kind < 0.9:
            return "m" + str(self.rng.randrange(200))
        if kind < 0.95:
            return "long" * 20 + str(self.rng.randrange(10))
        if kind < 0.96:
            return "big" * self.rng.choice([340, 1400, 3000]) + str(self.rng.randrange(4))
        return self.rng.choice(["", "007", "-0", "+1", " 1", "1.0", b"\x00\xff", b"\xc3(\r\n", "x" * 63, "x" * 64, "y" * 65])

    def members(self, most=4):
        return [self.member() for _ in range(self.rng.randint(1, most))]

    def real(self):
        return self.one("0.5", "-1.1", "2", "1e2", "3.0e-5", "100000.125", "0.1", "-0", "word", "inf")

    def score(self):
        kind = self.rng.random()
        if kind < 0.6:
            return str(self.rng.randint(-10, 10))
        if kind < 0.95:
            return repr(self.rng.choice([0.5, 0.1, -1.25, 3.0e20, 1.0 / 3, 12345.678, 2.0**53, 1e-7, 5e-324, 1e15]))
        return self.rng.choice(["inf", "-inf", "+inf", "1e5", "nan", "word"])

    def score_bound(self):
        return self.one("", "", "(") + self.one(self.number(), self.number(), "-inf", "+inf", "0.5", "word")

    def lex_bound(self):
        member = self.member()
        return self.one("-", "+", *[sign + member if isinstance(member, str) else sign.encode() + member for sign in "[("])

    def one(self, *choices):
        return self.rng.choice(choices)

    def maybe(self, *words, chance=0.3):
        return list(words) if self.rng.random() < chance else []

    @staticmethod
    def as_it_is(*words, normal=None):
        """A command that must not get wrong words, since it could then block for ever."""
        return [Command(*words, normal=normal)]

    def broken(self, command):
        """The same command with one word too many or too few, or with a wrong one."""
        words = list(command.words)
        if words[0] in ("BITCOUNT", "BITPOS"):
            return command  # 7.2 parses its numbers before it looks up the key, 7.0 after
        if words[0] == "ZADD" and words[1] == "equal":
            return command  # its scores stay equal
        if words[0] in ("ZRANK", "ZREVRANK"):
            return command  # 7.2 has WITHSCORE
        if words[0] == "ZADD" and "-0" in words or "WEIGHTS" in words:
            return command  # no score is -0: listpacks lose its sign, and 7.2 needs one less often on the way to large
        first = words.index("equal") + 1 if "equal" in words else 1
        kind = self.rng.random()
        if kind < 0.2:
            words = words[:-1] if len(words) > first else words
        elif kind < 0.4:
            words.append(self.one(*self.junk))
        elif kind < 0.5 and len(words) > first + 1:
            del words[self.rng.randrange(first, len(words))]
        elif len(words) > first:
            words[self.rng.randrange(first, len(words))] = self.one(*self.junk)
        return command if self.cannot_compare(words) else Command(*words, normal=command.normal)

    @staticmethod
    def cannot_compare(words):
        if words[0][0] == "X":  # Redis accepts white space before the number of an ID; and IDs depend on the clock
            return bool({" 1", "*"} & set(words))
        # Elements that are not sorted are in any order.
        return "BY" in words[:-1] and words[0] in ("SORT", "SORT_RO") and "*" not in words[words.index("BY") + 1]
