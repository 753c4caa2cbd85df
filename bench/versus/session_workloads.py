"""What scripts/versus measures of sessions: transactions, and messages to subscribers.

An operation is a whole transaction, or a message together with all its deliveries.
"""
from measuring import MILLION, Table, drive, load, medians, servers

# name, requests sent in turn, operations among them, options of the driver, redis-server's CPU over Larder's to reach
TEN_SETS = "MULTI ; " + "SET key:{} value{} ; " * 10 + "EXEC"
TEN_GETS = "MULTI ; " + "GET key:{} ; " * 10 + "EXEC"
MESSAGE = "PUBLISH ch abcdefghijklmnopqrstuvwxyz012345"
WORKLOADS = [
    ("MULTI, 10 SETs, EXEC", TEN_SETS, 12, ["--pipeline", 12], 1.2),
    ("MULTI, 10 GETs, EXEC", TEN_GETS, 12, ["--pipeline", 12], 1.2),
    ("PUBLISH to 1 subscriber", MESSAGE, 1, ["--clients", 1, "--subscribers", 1], 1.2),
    ("PUBLISH to 1, pipeline 16", MESSAGE, 1, ["--clients", 1, "--subscribers", 1, "--pipeline", 16], 1.2),
    ("PUBLISH to 100 subscribers", MESSAGE, 1, ["--clients", 1, "--subscribers", 100], 1.2),
    ("PUBLISH to 1,000 subscribers", MESSAGE, 1, ["--clients", 1, "--subscribers", 1000], 1.2),
]


def measure(server, workload, seconds):
    """Operations a second, and CPU microseconds an operation."""
    _, request, replies, options, _ = workload
    done, took, cpu = drive(server.port, server.process.pid, "--op", "request", "--request", request, "--keys", MILLION,
                            "--seconds", seconds, *options)
    return done / replies / took, cpu / done * replies * 1e6


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("sessions: " + w[0])]
    if not wanted:
        return
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
              f"{workload[4]:.2f}")
