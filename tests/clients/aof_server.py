"""A server with an append-only file, which tests kill and start again in the same folder."""
import os
import shutil
import signal
import tempfile
import time

import server
import wire


class AofServer:
    """Larder or redis-server; the folder stays until remove()."""

    def __init__(self, binary, *options, folder=None):
        self.binary, self.options = binary, options
        self.folder = folder or tempfile.mkdtemp(prefix="aof-")
        self.process = self.port = None

    def start(self, *more, wait=True):
        options = ["--dir", self.folder, "--appendonly", "yes", "--enable-debug-command", "yes", *self.options, *more]
        self.process, self.port = server.launch(self.binary, options, self.log_path, wait)
        if self.port is None:
            raise SystemExit(f"the server did not start:\n{self.log()[-4000:]}")
        return self

    @property
    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def client(self):
        return wire.Client(self.port)

    def ask(self, *words):
        client = self.client()
        try:
            return client.ask(*words)
        finally:
            client.close()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=60)

    def stop(self):
        """Ends it in an orderly way; fails on a sanitizer's report."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        text = self.log()
        if code != 0 or "Sanitizer" in text or "runtime error" in text or "BUG REPORT" in text:
            raise SystemExit(f"the server ended with {code} or reported an error:\n{text[-8000:]}")

    def end_with_failure(self):
        """Its exit status, when the start must fail."""
        return self.process.wait(timeout=60)

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Files

    @property
    def aof_folder(self):
        return os.path.join(self.folder, "appendonlydir")

    def path(self, name):
        return os.path.join(self.aof_folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        os.makedirs(self.aof_folder, exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def last_increment(self):
        lines = self.read("appendonly.aof.manifest").decode().splitlines()
        return [line.split()[1] for line in lines if line.endswith("type i")][-1]

    def info(self, field):
        for line in self.ask("INFO", "persistence").decode().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        return None

    def wait_info(self, field, value, seconds=60):
        until = time.monotonic() + seconds
        while self.info(field) != value:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def rewrite(self):
        answer = self.ask("BGREWRITEAOF")
        ended = self.wait_info("aof_rewrite_in_progress", "0")
        return answer, ended and self.info("aof_last_bgrewrite_status")
