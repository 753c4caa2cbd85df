"""A server for a client test: started on a free port, stopped after the test."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_up(port):
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(b"PING\r\n")
            return link.recv(64) == b"+PONG\r\n"
    return False


@contextlib.contextmanager
def running(binary, *options):
    """Yields the port. Fails if the server printed a sanitizer report or exited during the test."""
    folder = tempfile.mkdtemp(prefix="clients-")
    port = free_port()
    log_path = os.path.join(folder, "log")
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
             "--enable-debug-command", "yes", *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(500):
            if is_up(port) or process.poll() is not None:
                break
            time.sleep(0.02)
        yield port
        ended = process.poll()
        process.terminate()
        process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()
        with open(log_path, errors="replace") as file:
            text = file.read()
        shutil.rmtree(folder, ignore_errors=True)
    if ended is not None or "Sanitizer" in text or "runtime error" in text or "BUG REPORT" in text:
        raise SystemExit(f"the server ended with {ended} or reported an error:\n{text[-8000:]}")
