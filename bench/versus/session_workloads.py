"""Measurements of sessions for scripts/versus: transactions, messages to subscribers, and how long other clients wait
while a message is sent to many subscribers.

An operation is a whole transaction, or a message together with all its deliveries. The publisher waits for its own
reply, or, if the row says so, until all subscribers have received the message.
"""
import contextlib
import statistics
import subprocess

from measuring import DRIVER, MILLION, Table, drive, load, longest_wait, medians, servers

# name, requests sent in turn, operations among them, options of the driver, redis-server's CPU over Larder's to reach
TEN_SETS = "MULTI ; " + "SET key:{} value{} ; " * 10 + "EXEC"
TEN_GETS = "MULTI ; " + "GET key:{} ; " * 10 + "EXEC"
MESSAGE = "PUBLISH ch abcdefghijklmnopqrstuvwxyz012345"
WORKLOADS = [
    ("MULTI, 10 SETs, EXEC", TEN_SETS, 12, ["--pipeline", 12], 1.2),
    ("MULTI, 10 GETs, EXEC", TEN_GETS, 12, ["--pipeline", 12], 1.2),
    ("PUBLISH to 1 subscriber", MESSAGE, 1, ["--subscribers", 1], 1.2),
    ("PUBLISH to 1, pipeline 16", MESSAGE, 1, ["--subscribers", 1, "--pipeline", 16], 1.2),
    ("PUBLISH to 100 subscribers", MESSAGE, 1, ["--subscribers", 100], 1.2),
    ("PUBLISH to 1,000 subscribers", MESSAGE, 1, ["--subscribers", 1000], 1.2),
    ("one client publishes to 1", MESSAGE, 1, ["--clients", 1, "--subscribers", 1], None),
    ("one client publishes to 100", MESSAGE, 1, ["--clients", 1, "--subscribers", 100], None),
    ("one client publishes to 1,000", MESSAGE, 1, ["--clients", 1, "--subscribers", 1000], None),
    ("to 100, each message awaited", MESSAGE, 1, ["--clients", 1, "--subscribers", 100, "--awaited", 1], None),
    ("to 1,000, each message awaited", MESSAGE, 1, ["--clients", 1, "--subscribers", 1000, "--awaited", 1], None),
]
LISTENERS = 10_000


def measure(server, workload, seconds):
    """Operations a second, and CPU microseconds an operation."""
    _, request, replies, options, _ = workload
    done, took, cpu = drive(server.port, server.process.pid, "--op", "request", "--request", request, "--keys", MILLION,
                            "--seconds", seconds, *options)
    return done / replies / took, cpu / done * replies * 1e6


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("sessions: " + w[0])]
    if wanted:
        compare_speed(arguments, wanted)
    if is_wanted("wait: PUBLISH"):
        compare_waits(arguments)


def compare_speed(arguments, wanted):
    table = Table("Transactions and messages", ["workload", "redis-server op/s", "Larder op/s", "redis-server µs CPU",
                                                "Larder µs CPU", "CPU ratio", "to reach"], arguments.markdown)
    with servers(arguments) as (redis, larder):
        for server in (redis, larder):
            load(server, MILLION)
        for workload in wanted:
            report(table, arguments, workload, redis, larder)


def report(table, arguments, workload, redis, larder):
    redis_rate, redis_cpu, rate, cpu, ratio = medians(arguments, lambda s: measure(s, workload, arguments.seconds), redis,
                                                      larder)
    table.row(workload[0], f"{redis_rate:,.0f}", f"{rate:,.0f}", f"{redis_cpu:.3f}", f"{cpu:.3f}", f"{ratio:.2f}",
              f"{workload[4]:.2f}" if workload[4] else "")


@contextlib.contextmanager
def listeners(server):
    """Connections that are subscribed to the channel and do not read."""
    holder = subprocess.Popen([DRIVER, "--port", str(server.port), "--idle", str(LISTENERS), "--request",
                               "SUBSCRIBE ch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        holder.stdout.readline()
        yield
    finally:
        holder.stdin.close()
        holder.wait()


def compare_waits(arguments):
    table = Table(f"Longest wait of another client while messages go to {LISTENERS:,} subscribers, µs",
                  ["what", "redis-server, idle", "redis-server", "its CPU", "Larder, idle", "Larder", "its CPU"],
                  arguments.markdown)
    with servers(arguments) as pair:
        cells = []
        for server in pair:
            with listeners(server):
                calm = [longest_wait(server, [])[0] for _ in range(min(3, arguments.rounds))]
                busy = [longest_wait(server, [MESSAGE.split()] * 5) for _ in range(min(3, arguments.rounds))]
            cells += [f"{statistics.median(figures):,.0f}"
                      for figures in (calm, [b[0] for b in busy], [b[1] for b in busy])]
        table.row("5 times PUBLISH", *cells)
