"""A server for a client test: started on a free port, stopped after the test."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS = 120
# For sockets that set no timeout: no test waits for ever.
socket.setdefaulttimeout(120)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, pid):
    """Whether the server with this pid has its data and serves this port. Another server may have taken the port."""
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(b"INFO everything\r\nQUIT\r\n")
            with link.makefile("rb") as stream:
                text = stream.read()
        return b"\r\nprocess_id:%d\r\n" % pid in text and b"\r\nloading:0\r\n" in text
    return False


def wait_for(process, port, seconds=START_SECONDS):
    """Until it serves the port; false if it ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        if answers(port, process.pid):
            return True
        time.sleep(0.01)
    raise SystemExit(f"the server was not ready after {seconds} seconds")


def lost_its_port(log_path):
    """Whether the last start failed because another program had taken the port."""
    with open(log_path, errors="replace") as file:
        return any("Failed listening on port" in line for line in file.read().splitlines()[-5:])


def launch(binary, options, log_path, wait=True):
    """Starts a server on a free port; returns the process, and the port or None if it ended."""
    while True:
        port = free_port()
        with open(log_path, "ab") as log:
            process = subprocess.Popen([binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if not wait or wait_for(process, port):
            return process, port
        if not lost_its_port(log_path):
            return process, None


@contextlib.contextmanager
def running(binary, *options):
    """Yields the port. Fails if the server printed a sanitizer report or exited during the test."""
    folder = tempfile.mkdtemp(prefix="clients-")
    log_path = os.path.join(folder, "log")
    process, port = launch(binary, ["--dir", folder, "--enable-debug-command", "yes", *options], log_path)
    ended = None
    try:
        if port is not None:
            yield port
        ended = process.poll()
        process.terminate()
        process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
        with open(log_path, errors="replace") as file:
            text = file.read()
        shutil.rmtree(folder, ignore_errors=True)
    if ended is not None or "Sanitizer" in text or "runtime error" in text or "BUG REPORT" in text:
        raise SystemExit(f"the server ended with {ended} or reported an error:\n{text[-8000:]}")
