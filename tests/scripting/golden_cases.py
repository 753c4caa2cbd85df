"""Random values, texts and bytes for the libraries of scripts, as texts of scripts."""


def quoted(data):
    """Bytes as a string of Lua."""
    out = []
    for byte in data:
        out.append(chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else "\\%03d" % byte)
    return "'" + "".join(out) + "'"


class Patterns:
    """Random patterns of Lua, texts in which they may be found, and replacements."""

    def __init__(self, rng):
        self.rng = rng

    def text(self):
        rng = self.rng
        letters = rng.choice([b"ab", b"abc(){}[]", b"aA1 _%.-", b"a\x00b\xff", b"aaaab"])
        return quoted(bytes(rng.choice(letters) for _ in range(rng.choice([0, 1, 3, 8, 14]))))

    def char(self):
        return self.rng.choice(["a", "b", "c", ".", "%a", "%d", "%w", "%s", "%A", "%p", "%z", "%x", "%u", "%%", "%.", "%(",
                                "-", "]", "\x00", "\xff", "^", "$", "%"])

    def single(self):
        rng = self.rng
        if rng.random() < 0.7:
            return self.char()
        inside = "".join(rng.choice(["a", "b", "a-c", "%d", "%w", "%a-z", "-", "^", "]", "%]", "0-9", "%-", "z-a"])
                         for _ in range(rng.randrange(0, 4)))
        return "[" + rng.choice(["", "", "^"]) + inside + rng.choice(["]", "]", "]", ""])

    def item(self, depth):
        rng = self.rng
        kind = rng.randrange(12)
        if kind < 6:
            return self.single() + rng.choice(["", "", "*", "+", "-", "?"])
        if kind < 9 and depth < 3:
            return "(" + self.sequence(depth + 1) + rng.choice([")", ")", ")", ")", ""])
        return rng.choice(["()", "%b()", "%bab", "%b{}", "%f[%w]", "%f[^a]", "%f[a]", "%1", "%2", "$", "%b", "%f", ")",
                           "(", "%0"])

    def sequence(self, depth=0):
        return "".join(self.item(depth) for _ in range(self.rng.randrange(0, 4)))

    def pattern(self):
        rng = self.rng
        begin = "^" if rng.random() < 0.2 else ""
        return quoted((begin + self.sequence() + ("$" if rng.random() < 0.15 else "")).encode("latin-1"))

    def replacement(self):
        rng = self.rng
        return rng.choice(["'<%0>'", "'%1'", "'%2-%1'", "''", "'x'", "'%%'", "'%'", "'%a%9'", "7", "nil", "true",
                           "{a = 'A', b = false, [1] = 'one'}", "{a = {}}", "function(...) return ... end",
                           "function(a, b) return b end", "function() return {} end",
                           "function(a) return #tostring(a) end", "string.upper", "function() error('e') end"])

    def place(self):
        return self.rng.choice(["", "", "", ", 1", ", 2", ", -1", ", -3", ", 0", ", 100", ", -100", ", '2'", ", nil",
                                ", 1.7", ", {}"])


class Values:
    """Random expressions of Lua."""

    def __init__(self, rng):
        self.rng = rng

    def number(self):
        rng = self.rng
        kind = rng.randrange(10)
        if kind < 3:
            return str(rng.randrange(-40, 300))
        if kind == 3:
            return repr(rng.choice([-1, 1]) * rng.getrandbits(rng.randrange(1, 66)))
        if kind == 4:
            return repr((1 << rng.randrange(0, 66)) * rng.choice([-1, 1]) + rng.randrange(-2, 3))
        if kind == 5:
            return repr(rng.uniform(-1000, 1000))
        if kind == 6:
            return "%.*f" % (rng.randrange(0, 6), rng.uniform(-10000, 10000))
        if kind == 7:
            return repr(rng.uniform(-1, 1) * 10.0 ** rng.randrange(-320, 309))
        if kind == 8:
            return rng.choice(["0", "-0", "0.5", "1e14", "99999999999999", "100000000000000", "1e15", "1e21",
                               "123456789012345", "0.1", "1/3", "2^53", "2^63", "-2^63", "2^64", "1e-5", "0.0001",
                               "math.pi", "3.4028234663852886e38", "16777217"])
        return rng.choice(["0/0", "1/0", "-1/0"]) if rng.random() < 0.3 else "%d.25" % rng.randrange(100)

    def text(self, longest=40):
        rng = self.rng
        kind = rng.randrange(6)
        length = rng.randrange(0, rng.choice([3, 12, longest]))
        if kind < 3:
            data = bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyzABC0123456789 _-") for _ in range(length))
        elif kind == 3:
            data = bytes(rng.randrange(256) for _ in range(length))
        elif kind == 4:
            data = bytes(rng.choice(b'"\\/\b\t\n\f\r\x00\x1f\x7f{}[]:,') for _ in range(length))
        else:
            data = "".join(chr(rng.choice([65, 233, 0x4e2d, 0x1f600])) for _ in range(length // 4)).encode()
        return quoted(data)

    def key(self):
        """Short texts: the hash of long ones differs, and so does the order of their tables."""
        rng = self.rng
        return quoted(bytes(rng.choice(b"abcdefgh_/\"") for _ in range(rng.randrange(0, 10))))

    def scalar(self):
        kind = self.rng.randrange(12)
        if kind < 5:
            return self.number()
        if kind < 9:
            return self.text()
        return self.rng.choice(["true", "false", "nil", "cjson.null", "type", "false"])

    def value(self, depth=0):
        rng = self.rng
        if depth > 3 or rng.random() < 0.35 + 0.15 * depth:
            return self.scalar()
        count = rng.choice([0, 1, 2, 3, 4, 6, 9, 17])
        kind = rng.randrange(6)
        if kind < 2:
            return "{" + ",".join(self.value(depth + 1) for _ in range(count)) + "}"
        if kind < 4:
            return "{" + ",".join("[%s]=%s" % (self.key(), self.value(depth + 1)) for _ in range(count)) + "}"
        if kind == 4:
            keys = [rng.choice([str(rng.randrange(-1, 20)), "%d.5" % rng.randrange(3), self.key(), "true",
                                str(2 ** 31 + rng.randrange(2))]) for _ in range(min(count, 4))]
        else:
            keys = [str(rng.randrange(1, rng.choice([4, 12, 40]))) for _ in range(count)]
        return "{" + ",".join("[%s]=%s" % (key, self.value(depth + 1)) for key in keys) + "}"

    def nested(self, levels):
        kind = self.rng.randrange(2)
        return ("{" if kind else "{a=") * levels + self.scalar() + "}" * levels


class Json:
    """Random texts of JSON, some of them with faults."""

    def __init__(self, rng):
        self.rng = rng

    def space(self):
        return self.rng.choice(["", "", "", "", " ", "\t", "\r\n", "  "])

    def number(self):
        rng = self.rng
        kind = rng.randrange(8)
        if kind < 2:
            return str(rng.randrange(-100, 1000))
        if kind == 2:
            return "%s%d" % (rng.choice(["", "-"]), rng.getrandbits(rng.randrange(1, 200)))
        if kind == 3:
            return repr(rng.uniform(-1, 1) * 10.0 ** rng.randrange(-330, 309))
        if kind == 4:
            return "%d.%s" % (rng.randrange(100), "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 25))))
        if kind == 5:
            return "%d%s%s%d" % (rng.randrange(100), rng.choice("eE"), rng.choice(["", "+", "-"]), rng.randrange(400))
        if kind == 6:
            return rng.choice(["-0", "0", "1e999", "-1e999", "1e-999", "5e-324", "0x10", "-0x1.8p3", "007", "1.", "-.5",
                               "1e", "1e+", "0x", "0xg", "00", "-", "--1", "+1", "+", "1.e2", "9007199254740993"])
        return rng.choice(["inf", "-inf", "Infinity", "nan", "-nan", "NaN", "nan(1)", "INF", "+inf", "infinit", "in", "na"])

    def text(self):
        rng = self.rng
        parts = []
        for _ in range(rng.choice([0, 1, 3, 8, 20])):
            kind = rng.randrange(9)
            if kind < 5:
                parts.append("".join(rng.choice("abcdefghij klmn01234") for _ in range(rng.randrange(1, 6))))
            elif kind == 5:
                parts.append("\\" + rng.choice('"\\/bfnrt'))
            elif kind == 6:
                parts.append("\\u%04x" % rng.choice([0, 65, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0xABCD]))
            elif kind == 7:
                parts.append("\\uD83D\\ude00")
            else:
                parts.append(rng.choice(["\x01", "\x7f", "é", "\\ud800", "\\udc00", "\\x", "\\u12", "\\uD800\\u0041"])
                             if rng.random() < 0.2 else "/")
        return '"' + "".join(parts) + '"'

    def value(self, depth=0):
        rng = self.rng
        if depth > 4 or rng.random() < 0.3 + 0.1 * depth:
            kind = rng.randrange(8)
            if kind < 3:
                return self.number()
            return self.text() if kind < 6 else rng.choice(["true", "false", "null"])
        count = rng.choice([0, 1, 2, 3, 5, 9, 17])
        if rng.random() < 0.5:
            parts = [self.value(depth + 1) for _ in range(count)]
            return "[" + self.space() + ",".join(self.space() + part + self.space() for part in parts) + "]"
        parts = ['"%s"%s:%s%s' % (rng.choice("abcdefgh") * rng.randrange(0, 5), self.space(), self.space(),
                                  self.value(depth + 1)) for _ in range(count)]
        return "{" + ("," + self.space()).join(parts) + self.space() + "}"

    def document(self):
        return mutated(self.rng, (self.space() + self.value() + self.space()).encode(), b'{}[]:,"\\ntfu0-+.e \x00\xff')


def mutated(rng, data, alphabet):
    """Half of the time with one to three faults."""
    data = bytearray(data)
    if rng.random() < 0.5:
        return bytes(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            data[at:at + 1] = b""
        elif kind == 1:
            data[at:at] = bytes([rng.choice(alphabet)])
        elif kind == 2:
            data[at:at + 1] = bytes([rng.choice(alphabet)])
        else:
            del data[at:]
    return bytes(data)


class MessagePack:
    """Random bytes of MessagePack, in all forms of each value."""

    def __init__(self, rng):
        self.rng = rng

    def sized(self, marks, count, largest_small, small):
        """The head of something that has `count` parts, in any form that can say so."""
        forms = []
        if small is not None and count <= largest_small:
            forms.append(bytes([small | count]))
        for mark, width in marks:
            if count < 1 << (8 * width):
                forms.append(bytes([mark]) + count.to_bytes(width, "big"))
        return self.rng.choice(forms)

    def scalar(self):
        rng = self.rng
        kind = rng.randrange(9)
        if kind == 0:
            return bytes([rng.randrange(128)])
        if kind == 1:
            return bytes([rng.randrange(0xe0, 256)])
        if kind < 5:
            mark, width = rng.choice([(0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8), (0xd0, 1), (0xd1, 2), (0xd2, 4),
                                      (0xd3, 8), (0xca, 4), (0xcb, 8)])
            first = rng.choice([0, 0x7f, 0x80, 0xff, rng.randrange(256)])
            return bytes([mark, first]) + bytes(rng.randrange(256) for _ in range(width - 1))
        if kind == 5:
            return bytes([rng.choice([0xc0, 0xc2, 0xc3])])
        text = bytes(rng.choice(b"abcdef\x00\xff") for _ in range(rng.choice([0, 1, 5, 31, 40])))
        return self.sized([(0xd9, 1), (0xda, 2), (0xdb, 4)], len(text), 31, 0xa0) + text

    def key(self):
        rng = self.rng
        if rng.random() < 0.7:
            text = bytes(rng.choice(b"abcdefgh") for _ in range(rng.randrange(0, 6)))
            return bytes([0xa0 | len(text)]) + text
        return rng.choice([bytes([rng.randrange(20)]), b"\xc3", self.scalar() if rng.random() < 0.2 else b"\xa1k"])

    def value(self, depth=0):
        rng = self.rng
        if depth > 4 or rng.random() < 0.4 + 0.1 * depth:
            return self.scalar()
        count = rng.choice([0, 1, 2, 3, 5, 9, 17])
        if rng.random() < 0.5:
            head = self.sized([(0xdc, 2), (0xdd, 4)], count, 15, 0x90)
            return head + b"".join(self.value(depth + 1) for _ in range(count))
        head = self.sized([(0xde, 2), (0xdf, 4)], count, 15, 0x80)
        return head + b"".join(self.key() + self.value(depth + 1) for _ in range(count))

    def stream(self):
        data = b"".join(self.value() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 3])))
        return mutated(self.rng, data, bytes(range(256)))


class Formats:
    """Random formats of the library struct."""

    def __init__(self, rng):
        self.rng = rng

    def option(self):
        rng = self.rng
        kind = rng.randrange(20)
        if kind < 8:
            return rng.choice("bBhHlLTfdx")
        if kind < 12:
            return rng.choice("iI") + rng.choice(["", "1", "2", "3", "4", "5", "7", "8", "9", "12", "16", "31", "32", "0"])
        if kind < 14:
            return "c" + rng.choice(["", "0", "1", "2", "5", "12"])
        if kind == 14:
            return "s"
        if kind < 18:
            return rng.choice(["<", ">", "!", "!1", "!2", "!4", "!8", "!16", " "])
        if kind == 18:
            return "Bc0"
        if rng.random() < 0.7:
            return "s"
        return rng.choice(["!3", "!0", "i33", "I4294967299", "z", "\xe9", "%", "5", "c99999999999", "!2147483648", "c4000000"])

    def format(self):
        return "".join(self.option() for _ in range(self.rng.choice([0, 1, 2, 3, 5, 8])))
