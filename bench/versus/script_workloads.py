"""Measurements of scripts for scripts/versus: EVALSHA of scripts with few and many commands, and of one that computes.

An operation is one run of a script. The difference between a script with 101 GETs and one with a single GET shows the
cost of each further command.
"""
from family_workloads import Link
from measuring import MILLION, Table, drive, load, medians, servers

ONE_GET = "return redis.call('GET', KEYS[1])"
MANY_GETS = "local v for i = 1, 101 do v = redis.call('GET', KEYS[1]) end return v"
ONE_SET = "return redis.call('SET', KEYS[1], ARGV[1])"
NOTHING = "return 1"
COMPUTES = "local n = 0 for i = 1, 1000 do n = n + i % 7 end return n"
ARRAY = "return {1, 2, 'three', {4, 5}}"
RATE_LIMIT = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1"""
LOCK = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', 30000)
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0"""

# name, script, arguments, pipeline, redis-server's CPU over Larder's to reach
WORKLOADS = [
    ("nothing, pipeline 16", NOTHING, "0", 16, None),
    ("one GET", ONE_GET, "1 key:{}", 1, None),
    ("one GET, pipeline 16", ONE_GET, "1 key:{}", 16, 1.67),
    ("101 GETs of one key", MANY_GETS, "1 key:{}", 16, None),
    ("one SET, pipeline 16", ONE_SET, "1 key:{} value{}", 16, None),
    ("an array, pipeline 16", ARRAY, "0", 16, None),
    ("1,000 additions", COMPUTES, "0", 16, None),
    ("a rate limiter, pipeline 16", RATE_LIMIT, "1 limit:{} 1000000 60000", 16, 1.43),
    ("a lock and its release, pipeline 16", LOCK, "1 lock:{} token", 16, 1.43),
]
GETS_MORE = 100
DIFFERENT = 10_000


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("scripts: " + w[0])]
    if wanted:
        compare_speed(arguments, wanted)
    if is_wanted("scripts: memory of different EVALs"):
        compare_memory(arguments)


def compare_speed(arguments, wanted):
    table = Table("Scripts", ["workload", "redis-server op/s", "Larder op/s", "redis-server µs CPU", "Larder µs CPU",
                              "CPU ratio", "to reach"], arguments.markdown)
    used = {}
    with servers(arguments) as (redis, larder):
        for server in (redis, larder):
            load(server, MILLION)
        for workload in wanted:
            figures = medians(arguments, lambda s: measure(s, workload, arguments.seconds), redis, larder)
            used[workload[0]] = (figures[1], figures[3])
            report(table, workload[0], figures, workload[4])
    report_one_more(arguments, used)


def compare_memory(arguments):
    """What servers hold after many different scripts of EVAL."""
    table = Table(f"{DIFFERENT:,} different EVALs", ["server", "MB of used_memory", "to reach"], arguments.markdown)
    with servers(arguments) as pair:
        for server in pair:
            before, link = server.used_memory(), Link(server)
            for number in range(DIFFERENT):
                link.ask("EVAL", f"return redis.call('GET', 'key:' .. {number})", "0")
            table.row(server.name, f"{(server.used_memory() - before) / 1e6:.1f}", "16")


def measure(server, workload, seconds):
    """Runs a second, and CPU microseconds of each."""
    _, script, words, pipeline, _ = workload
    name = server.ask("SCRIPT", "LOAD", script)[:40]
    done, took, cpu = drive(server.port, server.process.pid, "--op", "request", "--request", f"EVALSHA {name} {words}",
                            "--keys", MILLION, "--seconds", seconds, "--pipeline", pipeline)
    return done / took, cpu / done * 1e6


def report(table, name, figures, goal):
    redis_rate, redis_cpu, rate, cpu, ratio = figures
    table.row(name, f"{redis_rate:,.0f}", f"{rate:,.0f}", f"{redis_cpu:.3f}", f"{cpu:.3f}", f"{ratio:.2f}",
              f"{goal:.2f}" if goal else "")


def report_one_more(arguments, used):
    one, many = used.get("one GET, pipeline 16"), used.get("101 GETs of one key")
    if one is None or many is None:
        return
    table = Table("Each further GET in a script, ns", ["redis-server", "Larder", "to reach"], arguments.markdown)
    table.row(*(f"{(many[i] - one[i]) / GETS_MORE * 1000:.0f}" for i in (0, 1)), "150")
