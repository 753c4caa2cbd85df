"""Lets system calls of a running process fail, by strace."""
import contextlib
import shutil
import subprocess

STRACE = shutil.which("strace")
SECONDS = 60


@contextlib.contextmanager
def fault(pid, calls, what):
    """Within it strace does this to these calls of the process and of its children."""
    tracer = subprocess.Popen([STRACE, "-f", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                               f"inject={calls}:{what}"], stderr=subprocess.PIPE, text=True)
    try:
        said = tracer.stderr.readline()
        if "attached" not in said:
            raise OSError(f"strace cannot attach: {said}")
        yield
    finally:
        tracer.terminate()
        # It does not end while it delays a call.
        with contextlib.suppress(subprocess.TimeoutExpired):
            tracer.wait(timeout=SECONDS if "delay" not in what else 1)
        tracer.kill()
        tracer.communicate()


def can_trace():
    if STRACE is None:
        return False
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with fault(sleeper.pid, "fsync", "error=EIO"):
            return True
    except OSError:
        return False
    finally:
        sleeper.kill()
        sleeper.wait()
