#!/usr/bin/env python3
"""The debugger of scripts: the same sessions with BINARY and an installed redis-server must bring the same bytes, over a
socket and through redis-cli --ldb. BINARY must also survive clients that leave, send garbage or never end.

Usage: script_debugger.py BINARY
"""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import server
import wire

OPTIONS = ["--busy-reply-threshold", "200"]
LONG = """local a = 1
local t = {1, 2, {x = 'y'}, "q\\n"}
local r = redis.call('SET', KEYS[1], ARGV[1])
redis.debug('hi', a, t, nil, true)
local e = redis.pcall('LPUSH', KEYS[1], 'x')
local function double(z)
  local y = z * 2
  redis.breakpoint()
  return y
end
local b = double(3)
for i = 1, 3 do
  b = b + i
end
return {b, r, a}
"""
# Mode, script, its arguments, and the commands of the client.
SESSIONS = [
    ("YES", LONG, ["1", "foo", "bar"], [
        "help", "s", "n", "p", "p t", "p KEYS", "print ARGV", "p nope", "p a b", "l", "l 3", "l 3 1", "l 0 2", "list 99", "w",
        "whole", "b", "b 13", "b 99 x -4 -13", "b 13 13", "break", "t", "step", "s", "e a + 1", "e x y", "e nope.x",
        "e error('a')", "eval redis.call('GET','foo')", "e", "e ;", "e local x = 4", "e {1,nil,3}", "r GET foo",
        "r LPUSH foo 1", "r NOPE", "r EVAL x 0", "r", "redis MGET foo none", "m", "m 10", "m 0", "m -3", "m 61", "m x",
        "m 61 2", "e string.rep('x',100)", "zz", "HELP", "c", "t", "p", "p z", "p b", "next", "c", "b 0", "c"]),
    ("SYNC", LONG, ["1", "foo", "bar"], ["s"] * 30),
    ("SYNC", "return 1", ["0"], ["a"]),
    ("YES", "return 1", ["0"], ["abort"]),
    ("SYNC", "local x = 1\nreturn nosuch", ["0"], ["s", "s"]),
    ("SYNC", "return return", ["0"], []),
    ("YES", "return return", ["0"], []),
    ("SYNC", "return 1", ["x"], []),
    ("SYNC", "#!lua flags=nosuch\nreturn 1", ["0"], []),
    ("YES", "#!lua flags=no-writes\nlocal a = 1\nreturn redis.call('SET', 'a', 'b')\n\n\r\n", ["0"], ["w", "s", "s"]),
    ("SYNC", "local a = pcall(function() redis.call('SET', 'a', 'b') end)\nreturn 3", ["0"], ["s", "a"]),
    ("SYNC", "local a = {}\na[1] = a\nreturn redis.call('GET', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)", ["0"],
     ["s", "s", "p a", "s"]),
    ("SYNC", "local f = 1.5\nlocal g = {['a b'] = 1, [3] = false}\nlocal h = {}\nredis.setresp(3)\n"
     "redis.call('HSET', 'h', 'f', 'v')\nredis.call('SADD', 's', 'm')\nredis.call('ZADD', 'z', 1.5, 'm')\n"
     "redis.call('SMEMBERS', 's')\nredis.call('ZSCORE', 'z', 'm')\nredis.call('GET', 'none')\n"
     "return redis.call('HGETALL', 'h')", ["0"], ["s", "s", "s", "p"] + ["s"] * 8),
    ("SYNC", "local n = 0\nwhile true do n = n + 1 end", ["0"], ["c", "t", "a"]),
    ("SYNC", "local co = coroutine.create(function()\n local z = 4\n return z\nend)\n"
     "local ok, v = coroutine.resume(co)\nreturn v", ["0"], ["s", "s", "p", "t", "s", "s", "p", "s", "s", "s", "s"]),
    ("SYNC", "return loadstring('return 1\\n+2')()", ["0"], ["s"]),
    ("SYNC", "redis.log(redis.LOG_WARNING, 'x')\nreturn redis.breakpoint()", ["0"], ["s", "s"]),
    ("SYNC", "return {err='x'}", ["0"], ["e redis.error_reply('My')", "e function() end", "r SET x 1", "r PING a", "s"]),
    ("SYNC", "local x = redis.error_reply('My')\nreturn x", ["0"], ["s", "s"]),
    ("SYNC", "local s = string.rep('x', 300)\nredis.call('SET', 'k', s)\nlocal t = {s, s}\nreturn redis.call('GET', 'k')",
     ["0"], ["s", "s", "p s", "p t", "s", "m 0", "p t", "s"]),
    ("SYNC", "\n".join(f"local v{i} = {i}" for i in range(1, 80)), ["0"],
     [f"b {' '.join(str(i) for i in range(1, 64))}", "b 64", "b 65 66", "c", "c", "b -3", "t", "b 0", "c"]),
]
# What is sent as it is, instead of commands.
GARBAGE = [b"hello\r\n", b"*1\r\n$0\r\n\r\n", b"*0x\r\n", b"*2\r\n$1\r\nb\r\n:1\r\n", b"*1\r\n$-5\r\n"]
# Words and requests that are too long: redis-server may close the connection before its error arrives.
TOO_LONG = [b"*1\r\n$2000\r\n" + b"a" * 2000 + b"\r\n", b"*1\r\n$1025\r\n", wire.encode(["e"] * 1025)]
FOR_CLI = "w\ns\nr get foo\np a\nrestart\ns\np\nc\n"


class Session:
    def __init__(self, port, mode, script, arguments=("0",)):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = self.link.makefile("rb")
        self.link.sendall(wire.encode(["SCRIPT", "DEBUG", mode]))
        reply = self.stream.readline()
        if reply != b"+OK\r\n":
            raise SystemExit(f"SCRIPT DEBUG {mode}: {reply!r}")
        self.link.sendall(wire.encode(["EVAL", script, *arguments]))
        self.ended = False

    def read(self):
        """The lines of one reply, and all that comes until the end of the connection if they are the last."""
        head = self.stream.readline()
        text = head + b"".join(self.stream.readline() for _ in range(int(head[1:])))
        self.ended = text.endswith(b"+<endsession>\r\n")
        if self.ended:
            with contextlib.suppress(ConnectionResetError):
                text += self.stream.read()
        return re.sub(rb"@0x[0-9a-f]+", b"@0x0", text)

    def send(self, words):
        self.link.sendall(wire.encode(words))
        return self.read()

    def close(self):
        self.stream.close()
        self.link.close()


def replies(port, mode, script, arguments, commands):
    session = Session(port, mode, script, arguments)
    found = [("EVAL", session.read())]
    for command in commands:
        if session.ended:
            break
        found.append((command, session.send(command.split(" "))))
    session.close()
    return found


def garbage(port, texts):
    found = []
    for text in texts:
        session = Session(port, "SYNC", "local a = 1\nreturn a")
        session.read()
        with contextlib.suppress(ConnectionError):
            session.link.sendall(text)
            found.append((text, session.read()))
        session.close()
    return found


def through_cli(port, folder, *mode):
    path = os.path.join(folder, "script.lua")
    with open(path, "w", encoding="ascii") as file:
        file.write("local a = KEYS[1]\nredis.call('SET', a, ARGV[1])\nreturn a\n")
    done = subprocess.run(["redis-cli", "-p", str(port), *mode, "--eval", path, "foo", ",", "bar"], input=FOR_CLI,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def edges(port):
    """SCRIPT DEBUG and EVALSHA outside of a session."""
    with contextlib.closing(wire.Client(port)) as client:
        client.link.sendall(wire.encode(["PING"]) + wire.encode(["SCRIPT", "DEBUG", "YES"]))
        found = [client.read(), client.read()]
        for words in (["SCRIPT", "DEBUG"], ["SCRIPT", "DEBUG", "x"], ["SCRIPT", "DEBUG", "sync"], ["EVALSHA", "0" * 40, "0"],
                      ["EVALSHA", "0", "0"], ["SCRIPT", "DEBUG", "no"], ["EVAL", "return 1", "0"],
                      ["EVAL", "return {redis.breakpoint(), redis.debug(1)}", "0"]):
            found.append(client.ask(*words))
    return [repr(each) for each in found]


def compare(ours, theirs):
    found = []
    for session in SESSIONS:
        for (what, got), (_, expected) in zip(replies(ours, *session), replies(theirs, *session), strict=True):
            if got != expected:
                found.append(f"{session[1]!r}, {what}:\n  redis-server {expected}\n  Larder       {got}")
    for (what, got), (_, expected) in zip(garbage(ours, GARBAGE), garbage(theirs, GARBAGE), strict=True):
        if got != expected:
            found.append(f"garbage {what}:\n  redis-server {expected}\n  Larder       {got}")
    if edges(ours) != edges(theirs):
        found.append(f"SCRIPT DEBUG:\n  redis-server {edges(theirs)}\n  Larder       {edges(ours)}")
    with tempfile.TemporaryDirectory() as folder:
        for mode in (["--ldb"], ["--ldb-sync-mode"]):
            got, expected = through_cli(ours, folder, *mode), through_cli(theirs, folder, *mode)
            if got != expected or "<value> a = " not in got[1]:
                found.append(f"redis-cli {mode}:\n  redis-server {expected}\n  Larder       {got}")
    return found


def check(found, condition, what):
    if not condition:
        found.append(what)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


def wait_until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def effects(port, control, found):
    """Of YES nothing stays, and other clients are served meanwhile; of SYNC everything stays."""
    control.ask("SET", "k", "before")
    session = Session(port, "YES", "redis.call('SET', 'k', 'after')\nreturn redis.call('GET', 'k')")
    session.read()
    session.send(["s"])
    check(found, control.ask("GET", "k") == b"before", "YES: others see the change")
    check(found, control.ask("SET", "k", "meanwhile") == b"OK", "YES: others are not served")
    check(found, session.send(["c"]).endswith(b"$5\r\nafter\r\n"), "YES: the script does not see its own change")
    session.close()
    check(found, control.ask("GET", "k") == b"meanwhile", "YES: the change stayed")
    session = Session(port, "SYNC", "redis.call('SET', 'k', 'after')\nreturn 1")
    session.read()
    control.link.sendall(wire.encode(["GET", "k"]))
    session.send(["s"])
    session.send(["a"])
    session.close()
    check(found, control.read() == b"after", "SYNC: the change is lost, or others were served")


def leaving(port, control, found):
    """Clients that leave, at once or within a request, also while their script never ends."""
    for mode in ("YES", "SYNC"):
        for script in ("local a = 1\nreturn a", "while true do\n local a = 1\nend"):
            for last in (b"", b"*1\r\n$1", wire.encode(["c"]), wire.encode(["e", "redis.debug(1)"])):
                session = Session(port, mode, script)
                session.read()
                session.link.sendall(last)
                session.close()
                check(found, control.ask("PING") == b"PONG", f"{mode}: {script!r} after {last}")


def caught(port, control, found):
    """Scripts that catch the end of their session, and go on and on, are ended."""
    for script in ("while true do pcall(function()\n redis.breakpoint()\n local a = 1\n end) end",
                   "while true do\n redis.breakpoint()\n local a = 1\n end"):
        for last in (b"hello\r\n", b"*1\r\n$1\r\nc\r\n"):
            session = Session(port, "SYNC", script)
            session.read()
            session.send(["b", "2", "3"])
            session.link.sendall(last)
            session.close()
            check(found, control.ask("PING") == b"PONG", f"{script!r} after {last}")


def too_long(port, control, found):
    for text, reply in garbage(port, TOO_LONG):
        check(found, b"\r\n-ERR protocol error script: " in reply, f"{text[:40]}: {reply[:200]}")
    check(found, control.ask("PING") == b"PONG", "the server has ended")


def endless(port, control, found):
    """Code of eval that never ends, and reports and values without a bound."""
    session = Session(port, "SYNC", "local t = {}\nfor i = 1, 20000 do t[i] = string.rep('x', 100) end\n"
                      "t = table.concat(t)\nfor i = 1, 100 do redis.debug(t) end\nreturn 1")
    session.read()
    reply = session.send(["e", "while true do pcall(function() while true do end end) end"])
    check(found, b"+<error> " in reply and b"took too long" in reply, f"eval: {reply[:200]}")
    session.send(["b", "3"])
    session.send(["c"])
    session.send(["m", "0"])
    shown = session.send(["p", "t"])
    check(found, 1 << 20 <= len(shown) < (1 << 20) + 200, f"print: {len(shown)} bytes")
    session.send(["b", "0"])
    text = session.send(["c"])
    check(found, 3 << 20 <= len(text) < 5 << 20 and b"+<hint> What followed is not shown" in text, f"debug: {len(text)} bytes")
    session.close()
    check(found, control.ask("PING") == b"PONG", "the server has ended")


def processes(port, control, found):
    """The processes of YES are bounded, keep no connection of others, and leave nothing behind."""
    pid = int(re.search(rb"process_id:(\d+)", control.ask("INFO", "server")).group(1))
    check(found, wait_until(lambda: control.ask("PING") and not children(pid)), "processes of earlier sessions")
    other = wire.Client(port)
    number = other.ask("CLIENT", "ID")
    sessions = [Session(port, "YES", "return 1") for _ in range(16)]
    for session in sessions:
        session.read()
    check(found, len(children(pid)) == 16, f"children: {children(pid)}")
    with contextlib.closing(wire.Client(port)) as late:
        late.ask("SCRIPT", "DEBUG", "YES")
        reply = late.ask("EVAL", "return 1", "0")
        check(found, reply == "ERR too many scripts are debugged", f"one too many: {reply!r}")
    control.ask("CLIENT", "KILL", "ID", number)
    other.link.settimeout(10)
    try:
        check(found, other.link.recv(1) == b"", "a killed client got a byte")
    except TimeoutError:
        found.append("a process of the debugger keeps the connection of another client")
    other.close()
    for session in sessions:
        session.close()
    check(found, wait_until(lambda: control.ask("PING") and not children(pid)), f"processes stay: {children(pid)}")


def is_asleep(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def stopped(binary, way):
    """What is seen of a server that is told to end during a session of SYNC: the reply to its client, whether another client
    was served meanwhile, the exit status, and whether the script ran to its end."""
    folder = tempfile.mkdtemp(prefix="debugger-")
    options = ["--dir", folder, "--shutdown-on-sigterm", "save", *OPTIONS]
    try:
        process, port = server.launch(binary, options, os.path.join(folder, "log"))
        other = wire.Client(port)
        session = Session(port, "SYNC", "redis.call('SET', 'k', '1')\nredis.call('SET', 'k', '2')\nreturn 3")
        session.read()
        session.send(["s"])
        if way == "SIGTERM":
            # redis-server misses a signal that comes before it waits for the client.
            if os.path.basename(binary) == "redis-server":
                wait_until(lambda: is_asleep(process.pid))
            process.terminate()
            found = [session.read()]
        else:
            other.link.sendall(wire.encode(["SHUTDOWN", "SAVE"]))
            other.link.settimeout(0.3)
            try:
                found = [other.link.recv(1)]
            except TimeoutError:
                found = ["not served"]
            found.append(session.send(["c"]))
        session.close()
        found.append(process.wait(timeout=60))
        other.close()
        process, port = server.launch(binary, options, os.path.join(folder, "log"))
        with contextlib.closing(wire.Client(port)) as control:
            found.append(control.ask("GET", "k"))
        process.terminate()
        process.wait(timeout=60)
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def endings(ours, theirs):
    """A signal ends the session, and its script goes on to its end without a client; SHUTDOWN waits for that."""
    found = []
    for way in ("SIGTERM", "SHUTDOWN"):
        got, expected = stopped(ours, way), stopped(theirs, way)
        if got != expected:
            found.append(f"{way}:\n  redis-server {expected}\n  Larder       {got}")
    return found


def journal(binary):
    """What a forked session does is not in the append-only file; what a synchronous one does is."""
    folder = tempfile.mkdtemp(prefix="debugger-")
    options = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "always"]
    try:
        for time_of_start in ("first", "second"):
            process, port = server.launch(binary, options, os.path.join(folder, "log"))
            with contextlib.closing(wire.Client(port)) as control:
                if time_of_start == "first":
                    for mode in ("YES", "SYNC"):
                        session = Session(port, mode, f"redis.call('SET', '{mode}', '1')\nreturn 1")
                        session.read()
                        session.send(["c"])
                        session.close()
                kept = control.ask("MGET", "YES", "SYNC")
            process.terminate()
            process.wait(timeout=60)
        return [] if kept == [None, b"1"] else [f"after a restart: {kept}"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    found = []
    with server.running(sys.argv[1], *OPTIONS) as ours:
        reference = shutil.which("redis-server")
        if reference is None:
            print("redis-server is not installed: nothing to compare with")
        else:
            with server.running(reference, *OPTIONS) as theirs:
                found += compare(ours, theirs)
            found += endings(sys.argv[1], reference)
        with contextlib.closing(wire.Client(ours)) as control:
            for part in (effects, leaving, caught, too_long, endless, processes):
                part(ours, control, found)
            audit = control.ask("MEMORY", "AUDIT")
            if b"\nbalanced" not in audit:
                found.append(audit.decode())
    found += journal(sys.argv[1])
    print("\n".join(found) or f"{len(SESSIONS)} sessions are as those of redis-server")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
