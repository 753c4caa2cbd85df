"""Measurements of TLS for scripts/versus: requests on open connections, handshakes, and memory of an idle connection.

Both servers present the same certificate and choose the same cipher. The driver does not check certificates.
"""
import contextlib
import shutil
import subprocess
import tempfile
import time

from measuring import DRIVER, MILLION, Table, drive, load, medians, servers

# name, options of the driver, key of the certificate, redis-server's CPU over Larder's to reach
WORKLOADS = [
    ("GET", ["--op", "get", "--pipeline", 1], "rsa:2048", 1.0),
    ("SET", ["--op", "set", "--pipeline", 1], "rsa:2048", 1.0),
    ("GET, pipeline 16", ["--op", "get", "--pipeline", 16], "rsa:2048", 1.0),
    ("SET, pipeline 16", ["--op", "set", "--pipeline", 16], "rsa:2048", 1.0),
    ("GET of 16 KB, pipeline 16", ["--op", "get", "--prefix", "big:", "--keys", 1000, "--pipeline", 16], "rsa:2048", 1.0),
    ("connecting, RSA 2048", ["--handshakes", 1], "rsa:2048", 1.0),
    ("connecting, ECDSA P-256", ["--handshakes", 1], "ec", 1.0),
]
IDLE = "bytes of an idle connection"
CONNECTIONS = 2000


@contextlib.contextmanager
def certificates(key):
    folder = tempfile.mkdtemp(prefix="versus-tls-")
    curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", key, *curve, "-nodes", "-days", "2", "-subj", "/CN=versus",
                    "-keyout", "server.key", "-out", "server.crt"], cwd=folder, check=True, capture_output=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(server, options, seconds):
    """Operations a second, and CPU microseconds an operation."""
    done, took, cpu = drive(server.tls_port, server.process.pid, "--tls", 1, "--keys", MILLION, "--seconds", seconds,
                            *options)
    return done / took, cpu / done * 1e6


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("tls: " + w[0])]
    if wanted:
        table = Table("TLS", ["workload", "redis-server op/s", "Larder op/s", "redis-server µs CPU", "Larder µs CPU",
                              "CPU ratio", "to reach"], arguments.markdown)
        for key in ("rsa:2048", "ec"):
            compare_with(table, arguments, key, [w for w in wanted if w[2] == key])
    if is_wanted("tls: " + IDLE):
        compare_idle(arguments)


def compare_with(table, arguments, key, wanted):
    if not wanted:
        return
    with certificates(key) as folder, servers(arguments, folder) as (redis, larder):
        for server in (redis, larder):
            load(server, MILLION)
            load(server, 1000, "--prefix", "big:", "--value-bytes", 16_000)
        for name, options, _, goal in wanted:
            redis_rate, redis_cpu, rate, cpu, ratio = medians(
                arguments, lambda s: measure(s, options, arguments.seconds), redis, larder)
            table.row(name, f"{redis_rate:,.0f}", f"{rate:,.0f}", f"{redis_cpu:.3f}", f"{cpu:.3f}", f"{ratio:.2f}",
                      f"{goal:.2f}")


def compare_idle(arguments):
    """RSS, because redis-server does not count what OpenSSL holds."""
    table = Table(f"{CONNECTIONS:,} idle connections by TLS", ["server", "bytes of RSS each", "bytes of used_memory each"],
                  arguments.markdown)
    with certificates("ec") as folder, servers(arguments, folder) as pair:
        for server in pair:
            drive(server.tls_port, 0, "--tls", 1, "--op", "get", "--seconds", 0.2)
            resident, used = server.resident(), server.used_memory()
            holder = subprocess.Popen([DRIVER, "--port", str(server.tls_port), "--tls", "1", "--idle", str(CONNECTIONS)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            holder.stdout.readline()
            time.sleep(2)
            table.row(server.name, f"{(server.resident() - resident) / CONNECTIONS:,.0f}",
                      f"{(server.used_memory() - used) / CONNECTIONS:,.0f}")
            holder.stdin.close()
            holder.wait()
