#!/usr/bin/env python3
"""Scripts that run for long, over sockets: while they run, BINARY must reply to other clients as an installed
redis-server does, end them when it is told to, and end itself on SHUTDOWN NOSAVE. Meanwhile replies that wait for a sync
are sent when it is done, and the metrics port is served.

Usage: busy_scripts.py BINARY
"""
import contextlib
import os
import shutil
import sys
import tempfile
import time
import urllib.request

import server
import wire
from aof_server import AofServer
from faults import can_trace, fault

THRESHOLD = ["--busy-reply-threshold", "100"]
LOOP = "local n = 0\nwhile true do n = n + 1 end"
LIBRARY = """#!lua name=loops
redis.register_function('loop', function()
  while true do end
end)
redis.register_function('write', function(keys)
  redis.call('SET', keys[1], '1')
  for i = 1, 200000000 do end
  return 'written'
end)
"""
# What other clients send, one connection for each line.
REQUESTS = [
    [["PING"], ["GET", "k"], ["SET", "k", "v"], ["NOSUCH"], ["GET"], ["CLIENT", "ID"], ["SELECT", "1"], ["INFO"]],
    [["MULTI"], ["SET", "k", "v"], ["EXEC"]],
    [["MULTI"], ["EXEC"]],
    [["MULTI"], ["SCRIPT", "KILL"], ["DISCARD"]],
    [["WATCH", "k"], ["UNWATCH"], ["DISCARD"], ["MULTI"], ["MULTI"], ["DISCARD"]],
    [["RESET"], ["AUTH", "x"], ["SUBSCRIBE", "news"], ["PUBLISH", "news", "a"], ["QUIT"]],
    [["SHUTDOWN"], ["SHUTDOWN", "SAVE"], ["SHUTDOWN", "ABORT"], ["SHUTDOWN", "NOSUCH"]],
    [["EVAL", "return 1", "0"], ["EVALSHA", "0" * 40, "0"], ["SCRIPT", "LOAD", "return 1"], ["SCRIPT", "EXISTS", "a"]],
]
# Each is killed; its error names the line.
KILLED = [
    LOOP,
    "local function f()\n while true do end\nend\nf()",
    "while true do\n redis.pcall('GET', 'k')\nend",
    "return setmetatable({}, {__index = function()\n while true do end end}).x",
    "local t = {1, 2}\n table.sort(t, function()\n while true do end end)",
]
# A text with which one instruction takes as long as a million others.
HUGE = "local s = ('x'):rep(40000000)"
# Calls of library functions, and instructions, that take very long.
LONG_CALLS = [
    "return string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40) .. 'b')",
    "return string.match(('a'):rep(1000000), '.-.-.-b')",
    "return string.gsub(('a'):rep(1000000), '.-b', '')",
    "for w in string.gmatch(('a'):rep(1000000), '.-b') do end",
    "return string.find(('('):rep(1000000), '%b()')",
    "while true do local s = ('x'):rep(10000000) end",
    "local t = {} for i = 1, 100000 do t[i] = i end while true do table.concat(t, ',') end",
    "local t = {} for i = 1, 100000 do t[i] = i % 1000 end while true do table.sort(t) end",
    "local t = {} for i = 1, 100000 do t[i] = i end while true do cjson.encode(t) end",
    "local t = {} for i = 1, 100000 do t[i] = i end while true do cmsgpack.pack(t) end",
    f"{HUGE} local t = {{}} for i = 1, 4000 do t[i] = s end table.sort(t)",
    f"{HUGE} while true do local x = s .. 'y' end",
    f"{HUGE} while true do local x = s:upper() end",
    f"{HUGE} while true do redis.sha1hex(s) end",
    f"{HUGE} while true do redis.call('ECHO', s) end",
    f"{HUGE} coroutine.wrap(function() while true do local x = s .. 'y' end end)()",
    f"{HUGE} local f = function() error('ended') end coroutine.resume(coroutine.create(f)) pcall(coroutine.wrap(f)) "
    "while true do local x = s .. 'y' end",
    f"{HUGE} local c = coroutine.create(function() while true do coroutine.yield(s .. 'y') end end) "
    "while true do coroutine.resume(c) end",
]


def eventually(condition, what, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"after {seconds} seconds: {what}")
        time.sleep(0.002)


@contextlib.contextmanager
def clients(port, count):
    opened = [wire.Client(port) for _ in range(count)]
    try:
        yield opened
    finally:
        for client in opened:
            client.close()


def begin(client, probe, script):
    """Sends a script, and returns when it is busy."""
    begin_command(client, probe, ["EVAL", script, "0"])


def begin_command(client, probe, words):
    client.link.sendall(wire.encode(words))
    eventually(lambda: str(probe.ask("GET", "k")).startswith("BUSY"), f"not busy: {words}")


def kill(client, probe):
    """The replies to SCRIPT KILL and of the script, and the seconds between the two."""
    reply = probe.ask("SCRIPT", "KILL")
    began = time.monotonic()
    return reply, client.read(), time.monotonic() - began


def replies(port):
    """Everything that clients get, with a name for each."""
    found = []
    with clients(port, 2) as (runner, probe):
        begin(runner, probe, LOOP)
        for words in REQUESTS:
            with clients(port, 1) as (other,):
                found += [(request, repr(other.ask(*request))) for request in words]
        with clients(port, 1) as (leaver,):
            leaver.link.sendall(wire.encode(["GET", "k"]))
        found.append((LOOP, repr(kill(runner, probe)[:2])))
        for script in KILLED:
            begin(runner, probe, script)
            found.append((script, repr(kill(runner, probe)[:2])))
            found.append(("afterwards", repr(probe.ask("SCRIPT", "KILL"))))
        begin(runner, probe, "redis.call('SET', 'w', '1') for i = 1, 200000000 do end return redis.call('GET', 'w')")
        found.append(("after a write", repr((probe.ask("SCRIPT", "KILL"), runner.read()))))
        found += functions(runner, probe)
        runner.ask("MULTI")
        runner.ask("EVAL", LOOP, "0")
        runner.ask("SET", "k", "v")
        runner.link.sendall(wire.encode(["EXEC"]))
        eventually(lambda: str(probe.ask("GET", "k")).startswith("BUSY"), "EXEC is not busy")
        found.append(("in EXEC", repr(kill(runner, probe)[:2])))
        found.append(("after EXEC", repr(probe.ask("GET", "k"))))
        begin(runner, probe, LOOP)
        runner.link.close()
        found.append(("without its client", repr(probe.ask("SCRIPT", "KILL"))))
        eventually(lambda: probe.ask("PING") == b"PONG", "the script goes on")
    return found


def functions(runner, probe):
    """A function is ended by FUNCTION KILL, and not by SCRIPT KILL."""
    runner.ask("FUNCTION", "LOAD", LIBRARY)
    begin_command(runner, probe, ["FCALL", "loop", "0"])
    found = [(f"{words} during a function", repr(probe.ask(*words)))
             for words in (["GET", "k"], ["SCRIPT", "KILL"], ["FUNCTION", "KILL"])]
    found.append(("a killed function", repr(runner.read())))
    begin_command(runner, probe, ["FCALL", "write", "1", "w"])
    found.append(("a function after a write", repr((probe.ask("FUNCTION", "KILL"), runner.read()))))
    begin(runner, probe, LOOP)
    found.append(("FUNCTION KILL during a script", repr(probe.ask("FUNCTION", "KILL"))))
    kill(runner, probe)
    return found


def compare(ours, theirs):
    return [f"{what}:\n  redis-server {expected}\n  Larder       {got}"
            for (what, got), (_, expected) in zip(replies(ours), replies(theirs)) if got != expected]


def long_calls(port):
    """Each of them is ended; returns the complaints, and the longest time that took."""
    found, longest = [], 0
    with clients(port, 2) as (runner, probe):
        for script in LONG_CALLS:
            begin(runner, probe, script)
            _, reply, seconds = kill(runner, probe)
            longest = max(longest, seconds)
            if "Script killed by user" not in str(reply):
                found.append(f"{script}: {reply!r}")
    return found, longest


def shutdown(binary):
    """SHUTDOWN NOSAVE while a script runs: the process ends, and the append-only file has nothing of the script."""
    folder = tempfile.mkdtemp(prefix="busy-")
    options = ["--dir", folder, "--appendonly", "yes", *THRESHOLD]
    try:
        process, port = server.launch(binary, options, os.path.join(folder, "log"))
        with clients(port, 2) as (runner, probe):
            probe.ask("SET", "before", "1")
            begin(runner, probe, "redis.call('SET', 'a', '1') redis.call('SET', 'b', '1') while true do end")
            probe.link.sendall(wire.encode(["SHUTDOWN", "NOSAVE"]))
            status = process.wait(timeout=60)
        found = [] if status == 0 else [f"SHUTDOWN NOSAVE: exit status {status}"]
        process, port = server.launch(binary, options, os.path.join(folder, "log"))
        with clients(port, 1) as (probe,):
            kept = probe.ask("MGET", "before", "a", "b")
        process.terminate()
        process.wait(timeout=60)
        with open(os.path.join(folder, "log"), errors="replace") as file:
            log = file.read()
        if kept != [b"1", None, None] or "Sanitizer" in log:
            found.append(f"after SHUTDOWN NOSAVE: {kept!r}\n{log[-4000:]}")
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def held_replies(binary):
    """With appendfsync always, a reply that waits for its sync is sent while a script runs."""
    if not can_trace():
        print("syscalls cannot be traced here: no sync is delayed")
        return []
    aof = AofServer(binary, "--appendfsync", "always", *THRESHOLD).start()
    try:
        with clients(aof.port, 3) as (writer, runner, probe):
            # It waits for the sync as well, which must not be done when the script begins.
            with fault(aof.process.pid, "fdatasync,fsync", "delay_enter=1500000"):
                writer.link.sendall(wire.encode(["SET", "k", "v"]))
                eventually(lambda: probe.ask("EXISTS", "none") == 0, "no reply to a reader of another key")
                writer.link.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    return [f"a reply before its sync: {writer.link.recv(100)!r}"]
                begin(runner, probe, LOOP)
                writer.link.settimeout(30)
                got = writer.link.recv(100)
            found = [] if got == b"+OK\r\n" else [f"the reply that waited for its sync: {got!r}"]
            if not str(probe.ask("GET", "k")).startswith("BUSY"):
                found.append("the script was over before the sync")
            kill(runner, probe)
        aof.stop()
        return found
    except TimeoutError:
        return ["a reply waited for the end of the script, although its sync was done"]
    finally:
        aof.remove()


def metrics(binary):
    """The metrics port is served while a script runs, however many connections come and go."""
    place = server.free_port()
    found = []
    with server.running(binary, *THRESHOLD, "--metrics-port", str(place)) as port:
        with clients(port, 2) as (runner, probe):
            begin(runner, probe, LOOP)
            for path, expected in (("health", b"ok\n"), ("metrics", b"\nlarder_connected_clients ")) * 100:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{place}/{path}", timeout=30) as answer:
                        text = answer.read()
                except TimeoutError:
                    return [f"no reply for /{path} during a script"]
                if expected not in text:
                    found.append(f"/{path} during a script: {text[:500]!r}")
            reply, _, _ = kill(runner, probe)
            if reply != b"OK":
                found.append(f"the script was over before SCRIPT KILL: {reply!r}")
            audit = probe.ask("MEMORY", "AUDIT")
            if b"\nbalanced" not in audit:
                found.append(audit.decode())
    return found[:10]


def main():
    with server.running(sys.argv[1], *THRESHOLD) as ours:
        found, longest = long_calls(ours)
        reference = shutil.which("redis-server")
        if reference is None:
            print("redis-server is not installed: nothing to compare with")
        else:
            with server.running(reference, *THRESHOLD) as theirs:
                found += compare(ours, theirs)
        with contextlib.closing(wire.Client(ours)) as control:
            audit = control.ask("MEMORY", "AUDIT")
            if b"\nbalanced" not in audit:
                found.append(audit.decode())
    for part in (shutdown, held_replies, metrics):
        found += part(sys.argv[1])
    print("\n".join(found) or f"every busy script was ended; a long call at most {longest * 1000:.1f} ms after the reply")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
