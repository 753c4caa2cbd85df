#!/usr/bin/env python3
"""The libraries of scripts (cjson, cmsgpack, struct, bit) with random documents, damaged ones and random arguments: the
same results and errors as in an installed redis-server.

Usage: script_libraries.py BINARY [--cases N] [--seed N]
"""
import json
import random
import struct
import sys

import random_cases
import wire

# Shows a value without the order of a table's keys.
SHOW = """
local function show(v, depth)
  if type(v) == 'number' then return string.format('%.17g', v) end
  if type(v) == 'string' then return string.format('%q', v) end
  if type(v) ~= 'table' then return v == cjson.null and 'null' or tostring(v) end
  if depth > 200 then return 'deep' end
  local out = {}
  for key, held in pairs(v) do out[#out + 1] = show(key, depth + 1) .. '=' .. show(held, depth + 1) end
  table.sort(out)
  return '{' .. table.concat(out, ',') .. '}'
end
local function result(ok, ...)
  local out = {tostring(ok)}
  for i = 1, select('#', ...) do out[#out + 1] = show((select(i, ...)), 0) end
  return out
end
"""
DECODE_JSON = SHOW + "return result(pcall(cjson.decode, ARGV[1]))"
# Only documents whose objects have one member at most have one encoding.
ENCODE_JSON = SHOW + "return result(pcall(function() return cjson.encode(cjson.decode(ARGV[1])) end))"
SETTINGS = SHOW + """
cjson.encode_sparse_array(ARGV[1] == '1', tonumber(ARGV[2]), tonumber(ARGV[3]))
cjson.encode_max_depth(tonumber(ARGV[4]))
cjson.encode_keep_buffer(ARGV[1] == '1')
local t = {}
for i = 6, #ARGV do t[tonumber(ARGV[i])] = i end
local nested = {}
for i = 1, tonumber(ARGV[5]) do nested = {nested} end
local out = {result(pcall(cjson.encode, t)), result(pcall(cjson.encode, nested))}
cjson.encode_sparse_array(false, 2, 10)
cjson.encode_max_depth(1000)
return out"""
DECODE_PACKED = SHOW + "return result(pcall(cmsgpack.unpack, ARGV[1]))"
DECODE_SOME = SHOW + """
return {result(pcall(cmsgpack.unpack_one, ARGV[1], tonumber(ARGV[2]))),
        result(pcall(cmsgpack.unpack_limit, ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[2])))}"""
PACK = SHOW + "return result(pcall(function() return cmsgpack.pack(cjson.decode(ARGV[1]), cjson.decode(ARGV[2])) end))"
PACK_NUMBER = SHOW + "return result(pcall(cmsgpack.pack, tonumber(ARGV[1])))"
STRUCT_PACK = SHOW + """
local values = {}
for i = 2, #ARGV do values[#values + 1] = tonumber(ARGV[i]) or ARGV[i] end
return {result(pcall(struct.pack, ARGV[1], unpack(values))), result(pcall(struct.size, ARGV[1]))}"""
STRUCT_UNPACK = SHOW + "return result(pcall(struct.unpack, ARGV[1], ARGV[2], tonumber(ARGV[3])))"
BIT = SHOW + """
local values = {}
for i = 2, #ARGV do values[#values + 1] = tonumber(ARGV[i]) end
return result(pcall(bit[ARGV[1]], unpack(values)))"""


class Source:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def number(self):
        rng = self.rng
        return rng.choice([0, 1, -1, 0.5, -0.0, 1e300, 1e-300, 2**53, -2**53 - 2, 2**63, 2**64, 127, 128, 255, 256, -32, -33, -128, -129,
                           65535, 65536, 2**31, 2**32, -2**31 - 1, 0.1, 1 / 3, rng.random(), rng.uniform(-1e6, 1e6),
                           rng.randrange(-10**9, 10**9), rng.getrandbits(60)])

    def text(self):
        rng = self.rng
        return rng.choice(["", "a", "é", "\0", "\n\t\"\\/", "\x7f", "😀", "x" * rng.choice([31, 32, 255, 256, 300]),
                           "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(1, 0xd800)])) for _ in range(rng.randrange(9)))])

    def document(self, depth=0, members=5):
        """`members`: the most that an object has."""
        rng = self.rng
        kind = rng.randrange(9 if depth < 5 else 5)
        if kind < 2:
            return self.number()
        if kind < 4:
            return self.text()
        if kind == 4:
            return rng.choice([None, True, False])
        if kind < 7:
            return [self.document(depth + 1, members) for _ in range(rng.randrange(rng.choice([4, 4, 4, 20])))]
        return {self.text(): self.document(depth + 1, members) for _ in range(rng.randrange(members + 1))}

    def json(self, members=5):
        return json.dumps(self.document(0, members), ensure_ascii=self.rng.random() < 0.5).encode("utf-8", "surrogatepass")

    def damaged(self, data):
        """Some bytes are removed, changed or added, from those that mean something in these formats."""
        rng, data = self.rng, bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data) + 1)
            part = rng.choice([b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u12", b"\\ud83d", b"e", b"-", b".", b"0x1f", b"NaN", b"-Infinity",
                               b"nul", b"\0", b"\xff", bytes([rng.randrange(256)]), bytes([rng.randrange(0xc0, 0xe0), 0, rng.randrange(256)])])
            data[at:at + rng.randrange(3)] = part
            if rng.random() < 0.2:
                del data[at:]
        return bytes(data)

    def packed(self, value):
        """As MessagePack; a size is sometimes written longer than it needs to be."""
        rng = self.rng
        if value is None or isinstance(value, bool):
            return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
        if isinstance(value, int):
            for code, form, least, most in ((None, "b", -32, 127), (0xcc, "B", 0, 255), (0xd0, "b", -128, 127), (0xcd, ">H", 0, 65535),
                                            (0xd1, ">h", -32768, 32767), (0xce, ">I", 0, 2**32 - 1), (0xd2, ">i", -2**31, 2**31 - 1),
                                            (0xcf, ">Q", 0, 2**64 - 1), (0xd3, ">q", -2**63, 2**63 - 1)):
                if least <= value <= most and rng.random() < 0.8:
                    return (b"" if code is None else bytes([code])) + struct.pack(form, value)
            value = float(value)
        if isinstance(value, float):
            return b"\xcb" + struct.pack(">d", value) if rng.random() < 0.7 or abs(value) > 1e38 else b"\xca" + struct.pack(">f", value)
        if isinstance(value, str):
            data = value.encode("utf-8", "surrogatepass")
            return self.size(len(data), 0xa0, 31, (0xd9, 0xda, 0xdb)) + data
        if isinstance(value, list):
            return self.size(len(value), 0x90, 15, (None, 0xdc, 0xdd)) + b"".join(map(self.packed, value))
        return self.size(len(value), 0x80, 15, (None, 0xde, 0xdf)) + b"".join(self.packed(k) + self.packed(v) for k, v in value.items())

    def size(self, count, short, most, codes):
        forms = [bytes([short + count])] if count <= most else []
        for code, form, limit in zip(codes, (">B", ">H", ">I"), (255, 65535, 2**32)):
            if code is not None and count <= limit:
                forms.append(bytes([code]) + struct.pack(form, count))
        return forms[0] if self.rng.random() < 0.8 else self.rng.choice(forms)

    def structure(self):
        rng = self.rng
        letters = ["b", "B", "h", "H", "l", "L", "T", "f", "d", "s", "x", "c0", "c3", "i1", "i2", "I3", "i4", "I7", "i8", "c", "i", "I"]
        marks = ["<", ">", "=", "!", "!2", "!4", "!8", " "]
        rare = ["i0", "i9", "I33", "c99999999999", "!3", "!99", "z", "\0"]
        return "".join(rng.choice(rare if rng.random() < 0.03 else marks if rng.random() < 0.25 else letters) for _ in range(rng.randrange(7)))

    def noise(self):
        return bytes(self.rng.choice([0, 1, 2, 127, 128, 255, self.rng.randrange(256)]) for _ in range(self.rng.randrange(40)))

    def case(self):
        """A script and its arguments."""
        rng = self.rng
        kind = rng.randrange(11)
        if kind == 0:
            return DECODE_JSON, [self.json()]
        if kind == 1:
            return DECODE_JSON, [self.damaged(self.json())]
        if kind == 2:
            return ENCODE_JSON, [self.json(1)]
        if kind == 3:
            indexes = [rng.choice([1, 2, 3, 5, 9, 20, 400, 0, -1, 1.5]) for _ in range(rng.randrange(1, 6))]
            return SETTINGS, [rng.randrange(2), rng.choice([0, 1, 2, 50]), rng.choice([0, 3, 10]), rng.choice([1, 5, 900]),
                              rng.choice([0, 4, 5, 6, 999, 1000, 1001]), *(indexes if rng.random() < 0.8 else sorted(set(indexes))[:1])]
        if kind == 4:
            return DECODE_PACKED, [b"".join(self.packed(self.document()) for _ in range(rng.choice([1, 1, 1, 0, 3])))]
        if kind == 5:
            return DECODE_PACKED, [self.damaged(self.packed(self.document()))]
        if kind == 6:
            data = b"".join(self.packed(self.document(3)) for _ in range(3))
            return DECODE_SOME, [data, rng.choice([0, 0, 1, 2, 5, -1, len(data), len(data) + 1]), rng.choice([1, 2, 3, 9, 0, -1])]
        if kind == 7:
            return (PACK, [self.json(1), self.json(1)]) if rng.random() < 0.7 else (PACK_NUMBER, [repr(self.number())])
        if kind == 8:
            values = [rng.choice([0, 1, -1, 3, 200, 65536, 2**31, 1.5, 2**52, "text", "abcd", "a\0b"]) for _ in range(rng.randrange(7))]
            return STRUCT_PACK, [self.structure(), *values]
        if kind == 9:
            return STRUCT_UNPACK, [self.structure(), self.noise(), rng.choice([1, 1, 1, 2, 5, 0, 41, 2**31])]
        name = rng.choice(["tobit", "tohex", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap"])
        numbers = [rng.choice([0, 1, -1, 5, 31, 32, 33, 255, 2**31, -2**31, 2**32, 2**40 + 3, 1.5, rng.getrandbits(32)])
                   for _ in range(rng.choice([1, 2, 2, 2, 3, 0]))]
        return BIT, [name, *numbers]


def differences(our_port, their_port, seed, count, step=100):
    ours, theirs = wire.Client(our_port), wire.Client(their_port)
    source = Source(seed)
    for _ in range(0, count, step):
        cases = [source.case() for _ in range(step)]
        requests = [["EVAL", script, "0", *words] for script, words in cases]
        for (script, words), got, expected in zip(cases, ours.burst(requests), theirs.burst(requests)):
            if repr(got) != repr(expected):
                yield f"{script.splitlines()[-1]} {words}\n  redis-server {expected}\n  Larder       {got}"


if __name__ == "__main__":
    sys.exit(random_cases.compare("cases", 10000, differences))
