"""A proxy between a replica and its primary, for tests: it counts the bytes of each connection, and does at one byte what
networks do, or more."""
import contextlib
import dataclasses
import socket
import threading
import time

DOWN, UP = "down", "up"  # to the replica, to the primary
SLOW_BYTES = 1500


@dataclasses.dataclass
class Fault:
    """What happens to the bytes of one direction when so many of them have passed."""
    kind: str  # cut, half_close, stall, duplicate; and for the first bytes: single, delay
    way: str = DOWN
    at: int = 0
    size: int = 1  # of what is duplicated


class Connection:
    def __init__(self, proxy, replica, fault):
        self.fault, self.proxy = fault, proxy
        self.happened = threading.Event()
        self.ended = threading.Event()
        self.passed = {DOWN: 0, UP: 0}
        self.last = b""  # bytes that have passed down
        self.replica = replica
        self.primary = socket.create_connection(("127.0.0.1", proxy.target), timeout=120)
        for link in (self.replica, self.primary):
            link.settimeout(None)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for way, source, target in ((DOWN, self.primary, self.replica), (UP, self.replica, self.primary)):
            threading.Thread(target=self.pump, args=(way, source, target), daemon=True).start()

    def pump(self, way, source, target):
        try:
            while data := source.recv(1 << 16):
                if not self.forward(way, data, target):
                    return
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            if not (self.happened.is_set() and self.fault.kind == "half_close" and self.fault.way == way):
                self.close()

    def forward(self, way, data, target):
        fault, passed = self.fault, self.passed[way]
        self.passed[way] += len(data)
        if fault is None or fault.way != way or self.happened.is_set():
            target.sendall(data)
            return True
        if fault.kind in ("single", "delay"):
            return self.crawl(data, target, passed)
        if passed + len(data) < fault.at:
            self.last = (self.last + data)[-4096:]
            target.sendall(data)
            return True
        before, rest = data[:fault.at - passed], data[fault.at - passed:]
        target.sendall(before)
        self.last += before
        return self.act(target, rest)

    def crawl(self, data, target, passed):
        step = 1 if self.fault.kind == "single" else 32
        for at in range(0, len(data), step):
            if passed + at > SLOW_BYTES:
                self.happened.set()
                target.sendall(data[at:])
                break
            time.sleep(0.01 if step > 1 else 0)
            target.sendall(data[at:at + step])
        return True

    def act(self, target, rest):
        kind = self.fault.kind
        self.happened.set()
        if kind == "cut":
            return False
        if kind == "half_close":
            target.shutdown(socket.SHUT_WR)
            return False
        if kind == "stall":
            self.proxy.released.wait()
            target.sendall(rest)
        if kind == "duplicate":
            target.sendall(self.last[-self.fault.size:] + rest)
        return True

    def close(self):
        for link in (self.replica, self.primary):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self.ended.set()


class Proxy:
    """Listens on a port of its own. The next connection gets the fault; those behind it none."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.fault = None
        self.made = []
        self.arrived = threading.Condition()
        self.released = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                replica, _ = self.listener.accept()
            except OSError:
                return
            fault, self.fault = self.fault, None
            try:
                connection = Connection(self, replica, fault)
            except OSError:
                replica.close()
                self.fault = fault
                continue
            with self.arrived:
                self.made.append(connection)
                self.arrived.notify_all()

    def prepare(self, fault):
        """Returns the number of the connection that will have the fault."""
        self.released.clear()
        self.fault = fault
        return len(self.made)

    def connection(self, number, seconds=60):
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.made) > number, seconds):
                raise SystemExit("no connection came to the proxy")
        return self.made[number]

    def cut(self):
        """All connections that there are."""
        for connection in list(self.made):
            if not connection.ended.is_set():
                connection.close()

    def reconnect(self, fault):
        """Cuts the connection; the next one, which the replica makes by itself, has the fault."""
        while True:
            number = self.prepare(fault)
            self.cut()
            connection = self.connection(number)
            # One that was on its way has none.
            if connection.fault is fault:
                return connection

    def close(self):
        self.released.set()
        self.listener.close()
        self.cut()


@contextlib.contextmanager
def between(primary):
    proxy = Proxy(primary.port)
    try:
        yield proxy
    finally:
        proxy.close()
