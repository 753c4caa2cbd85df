"""RDB files byte by byte: a generator of every encoding, old and new, and a reader for the plain encodings and those
of version 12. Written after the format, without Larder's code."""
import struct

STRING, LIST, SET, ZSET_TEXT, HASH, ZSET = 0, 1, 2, 3, 4, 5
ZIPMAP, LIST_ZIPLIST, INTSET, ZSET_ZIPLIST, HASH_ZIPLIST, QUICKLIST = 9, 10, 11, 12, 13, 14
STREAM_1, HASH_LISTPACK, ZSET_LISTPACK, QUICKLIST_2, STREAM_2, SET_LISTPACK, STREAM_3 = 15, 16, 17, 18, 19, 20, 21
HASH_DEADLINES, HASH_LISTPACK_DEADLINES = 24, 25
SLOT_SIZES, FUNCTION, AUX, SIZES, DEADLINE_MS, DATABASE, END = 244, 245, 250, 251, 252, 254, 255


def checksum_table():
    """CRC-64 of Jones: bits reflected, no inversion."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x95ac9329ac4bc9b5 if byte & 1 else 0)
        table.append(byte)
    return table


CHECKSUM = checksum_table()


def checksum(data):
    value = 0
    for byte in data:
        value = CHECKSUM[(value ^ byte) & 255] ^ value >> 8
    return value


def length(value):
    if value < 64:
        return bytes([value])
    if value < 1 << 14:
        return struct.pack(">H", 0x4000 | value)
    return b"\x80" + struct.pack(">I", value) if value < 1 << 32 else b"\x81" + struct.pack(">Q", value)


def text(value):
    value = value if isinstance(value, bytes) else str(value).encode()
    return length(len(value)) + value


def small_integer(value):
    """A text that is a number, as 1, 2 or 4 bytes."""
    for kind, form in enumerate("bhi"):
        if -1 << 8 * struct.calcsize(form) - 1 <= value < 1 << 8 * struct.calcsize(form) - 1:
            return bytes([0xc0 | kind]) + struct.pack("<" + form, value)
    raise ValueError(value)


def lzf_literal(value):
    """Compressed with LZF into literal runs, and a repetition of the last byte for an even end."""
    packed = b"".join(bytes([len(part) - 1]) + part for part in (value[at:at + 32] for at in range(0, len(value), 32)))
    repeated = value[-1:] * 5
    return b"\xc3" + length(len(packed) + 2) + length(len(value) + 5) + packed + bytes([3 << 5, 0]), value + repeated


def ziplist(items):
    """Texts and integers."""
    entries, before = [], 0
    for item in items:
        if isinstance(item, int):
            body = ziplist_integer(item)
        elif len(item) < 64:
            body = bytes([len(item)]) + item
        elif len(item) < 1 << 14:
            body = struct.pack(">H", 0x4000 | len(item)) + item
        else:
            body = b"\x80" + struct.pack(">I", len(item)) + item
        head = bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)
        entries.append(head + body)
        before = len(entries[-1])
    data = b"".join(entries)
    tail = 10 + len(data) - (before if entries else 0)
    return struct.pack("<IIH", 11 + len(data), tail, len(entries)) + data + b"\xff"


def ziplist_integer(value):
    if 0 <= value <= 12:
        return bytes([0xf1 + value])
    for head, size in ((0xfe, 1), (0xc0, 2), (0xf0, 3), (0xd0, 4), (0xe0, 8)):
        if -1 << 8 * size - 1 <= value < 1 << 8 * size - 1:
            return bytes([head]) + value.to_bytes(size, "little", signed=True)
    raise ValueError(value)


def listpack(items):
    data = b"".join(map(listpack_entry, items))
    return struct.pack("<IH", 7 + len(data), len(items)) + data + b"\xff"


def listpack_entry(item):
    if isinstance(item, int):
        body = listpack_integer(item)
    elif len(item) < 64:
        body = bytes([0x80 | len(item)]) + item
    elif len(item) < 1 << 12:
        body = struct.pack(">H", 0xe000 | len(item)) + item
    else:
        body = b"\xf0" + struct.pack("<I", len(item)) + item
    # Its length for walking backwards: 7 bits a byte, all but the first with the highest bit.
    rest, back = len(body), [len(body) & 127]
    while rest := rest >> 7:
        back[0] |= 128
        back.insert(0, rest & 127)
    return body + bytes(back)


def listpack_integer(value):
    if 0 <= value < 128:
        return bytes([value])
    if -4096 <= value < 4096:
        return struct.pack(">H", 0xc000 | value & 0x1fff)
    for head, size in ((0xf1, 2), (0xf2, 3), (0xf3, 4), (0xf4, 8)):
        if -1 << 8 * size - 1 <= value < 1 << 8 * size - 1:
            return bytes([head]) + value.to_bytes(size, "little", signed=True)
    raise ValueError(value)


def zipmap(pairs):
    """With free bytes behind each value, as after an overwrite by a shorter one."""
    def sized(part):
        return bytes([len(part)]) if len(part) < 254 else b"\xfe" + struct.pack("<I", len(part))
    data = b"".join(sized(name) + name + sized(value) + b"\x02" + value + b"??" for name, value in pairs)
    return bytes([len(pairs)]) + data + b"\xff"


def intset(values):
    size = next(size for size in (2, 4, 8) if all(-1 << 8 * size - 1 <= value < 1 << 8 * size - 1 for value in values))
    return struct.pack("<II", size, len(values)) + b"".join(
        value.to_bytes(size, "little", signed=True) for value in sorted(values))


def stream_node(first, entries):
    """`entries`: (ms, sequence, [name, value, ...]); those with the names of the first share them."""
    names = entries[0][2][0::2]
    items = [len(entries), 0, len(names), *names, 0]
    for ms, sequence, fields in entries:
        same = fields[0::2] == names
        items += [2 if same else 0, ms - first[0], sequence - first[1]]
        items += fields[1::2] if same else [len(fields) // 2, *fields]
        items.append(3 + len(names) if same else 4 + len(fields))
    return text(struct.pack(">QQ", *first)) + text(listpack(items))


def raw_id(ms, sequence):
    return struct.pack(">QQ", ms, sequence)


def stream(version, nodes, last, groups):
    """`groups`: (name, last id, entries read or None, pending: [(id, consumer, delivered at, deliveries)], {consumer: seen at})."""
    count = sum(len(node) for node in nodes)
    out = length(len(nodes)) + b"".join(stream_node(node[0][:2], node) for node in nodes)
    out += length(count) + length(last[0]) + length(last[1])
    if version >= 2:
        first = nodes[0][0]
        out += b"".join(map(length, (first[0], first[1], 0, 0, count)))
    out += length(len(groups))
    for name, group_last, entries_read, pending, consumers in groups:
        out += text(name) + length(group_last[0]) + length(group_last[1])
        out += length((1 << 64) - 1 if entries_read is None else entries_read) if version >= 2 else b""
        out += length(len(pending))
        for entry, _, delivered, deliveries in pending:
            out += raw_id(*entry) + struct.pack("<Q", delivered) + length(deliveries)
        out += length(len(consumers))
        for consumer, seen in consumers.items():
            out += text(consumer) + struct.pack("<Q", seen) + (struct.pack("<Q", seen - 7) if version >= 3 else b"")
            own = [entry for entry, owner, _, _ in pending if owner == consumer]
            out += length(len(own)) + b"".join(raw_id(*entry) for entry in own)
    return out


def key(kind, name, body, deadline_ms=None):
    head = b"" if deadline_ms is None else bytes([DEADLINE_MS]) + struct.pack("<Q", deadline_ms)
    return head + bytes([kind]) + text(name) + body


def file(version, keys, before=b""):
    """A file with these keys in database 0."""
    out = b"REDIS%04d" % version + bytes([AUX]) + text("redis-ver") + text("1.2.3") + bytes([AUX]) + text("strange") + \
        text("x") + before + bytes([DATABASE, 0]) + b"".join(keys) + bytes([END])
    return out + struct.pack("<Q", checksum(out)) if version >= 5 else out


class Reader:
    """Strings, and hashes with deadlines, of a file."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        part = self.data[self.at:self.at + size]
        if len(part) != size:
            raise EOFError(self.at)
        self.at += size
        return part

    def byte(self):
        return self.take(1)[0]

    def word(self):
        return struct.unpack("<Q", self.take(8))[0]

    def length(self, first=None):
        first = self.byte() if first is None else first
        if first < 0x40:
            return first
        if first < 0x80:
            return (first & 63) << 8 | self.byte()
        return int.from_bytes(self.take({0x80: 4, 0x81: 8}[first]), "big")

    def text(self):
        first = self.byte()
        if first < 0xc0:
            return self.take(self.length(first))
        if first == 0xc3:
            packed, plain = self.length(), self.length()
            return unpack_lzf(self.take(packed), plain)
        return str(int.from_bytes(self.take(1 << (first & 3)), "little", signed=True)).encode()

    def hash_with_deadlines(self):
        least, found = self.word(), {}
        for _ in range(self.length()):
            deadline = self.length()
            name = self.text()
            found[name] = (self.text(), deadline and least + deadline - 1)
        return found

    def items(self):
        """The version, and the database, key, deadline, type and value of each key. Checks the checksum."""
        if self.take(5) != b"REDIS":
            raise ValueError("no RDB file")
        version, db, deadline, found = int(self.take(4)), 0, None, []
        values = {STRING: self.text, HASH_DEADLINES: self.hash_with_deadlines}
        while (code := self.byte()) != END:
            if code == AUX:
                self.text(), self.text()
            elif code == DATABASE:
                db = self.length()
            elif code == SIZES:
                self.length(), self.length()
            elif code == DEADLINE_MS:
                deadline = self.word()
            else:
                found.append((db, self.text(), deadline, code, values[code]()))
                deadline = None
        if self.word() != checksum(self.data[:self.at - 8]) or self.at != len(self.data):
            raise ValueError("wrong checksum or bytes after the end")
        return version, found


def unpack_lzf(packed, size):
    out, at = bytearray(), 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at:at + control + 1]
            at += control + 1
            continue
        count = control >> 5
        if count == 7:
            count += packed[at]
            at += 1
        back = (control & 31) << 8 | packed[at]
        at += 1
        for _ in range(count + 2):
            out.append(out[-1 - back])
    if len(out) != size:
        raise ValueError("wrong size of a compressed text")
    return bytes(out)
