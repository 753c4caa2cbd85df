"""A small client for RESP2 and RESP3, which keeps the type of each reply."""
import socket


class Failure(str):
    def __repr__(self):
        return f"-{str(self)}"


class Simple(bytes):
    def __repr__(self):
        return f"+{bytes(self)!r}"


class Map(list):
    """Keys and values in turn."""

    def __repr__(self):
        return f"%{list.__repr__(self)}"


class Set(list):
    def __repr__(self):
        return f"~{list.__repr__(self)}"


class Push(list):
    def __repr__(self):
        return f">{list.__repr__(self)}"


class NullArray:
    """RESP2 has two nulls."""

    def __repr__(self):
        return "*-1"


def encode(words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        text = word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape")
        out.append(b"$%d\r\n%s\r\n" % (len(text), text))
    return b"".join(out)


class Client:
    def __init__(self, port, protocol=2, timeout=60):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        # Where nobody listens, the system may connect a port of clients to itself.
        if self.link.getsockname() == self.link.getpeername():
            self.link.close()
            raise ConnectionRefusedError("nobody listens")
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.link.makefile("rb", buffering=1 << 16)
        if protocol != 2:
            self.ask("HELLO", protocol)

    def close(self):
        self.stream.close()
        self.link.close()

    def ask(self, *words):
        self.link.sendall(encode(words))
        return self.read()

    def burst(self, commands):
        self.link.sendall(b"".join(map(encode, commands)))
        return [self.read() for _ in commands]

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.stream.read(int(rest) + 2)[:-2]
        if kind == b":":
            return int(rest)
        if kind == b"*":
            return NullArray() if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return self.read_rare(kind, rest)

    def read_rare(self, kind, rest):
        if kind == b"+":
            return Simple(rest)
        if kind == b"-":
            return Failure(rest.decode("utf-8", "surrogateescape"))
        if kind == b"_":
            return None
        if kind == b",":
            return float(rest)
        if kind == b"#":
            return rest == b"t"
        if kind == b"%":
            return Map(self.read() for _ in range(2 * int(rest)))
        if kind == b"~":
            return Set(self.read() for _ in range(int(rest)))
        if kind == b">":
            return Push(self.read() for _ in range(int(rest)))
        if kind in b"=(!":
            return kind + (rest if kind == b"(" else self.stream.read(int(rest) + 2)[:-2])
        raise ValueError(f"no reply begins with {kind + rest!r}")
