"""Measurements of scripts as job queues use them, for scripts/versus: they run as many commands of the same kinds as
BullMQ and Sidekiq do for a job.

An operation is a request. The requests of a workload are sent in turn, so that the numbers of waiting, active and finished
jobs stay the same.
"""
import hashlib
import os

from family_workloads import Link
from measuring import MILLION, Table, drive, medians, servers
from script_workloads import report

# The names of keys are made from a prefix, and the arguments are packed.
ADD = """
local at, name, data = KEYS[1], unpack(cmsgpack.unpack(ARGV[1]))
local options = cmsgpack.unpack(ARGV[2])
local id = redis.call('INCR', at .. 'id')
local most = redis.call('HGET', at .. 'meta', 'events') or 10000
local job = at .. id
redis.call('HSET', job, 'name', name, 'data', data, 'opts', cjson.encode(options), 'timestamp', ARGV[3],
           'delay', options.delay or 0, 'priority', options.priority or 0)
redis.call('XADD', at .. 'events', '*', 'event', 'added', 'id', id, 'name', name)
local paused = redis.call('HMGET', at .. 'meta', 'paused', 'most', 'max', 'duration')
if not paused[1] then
  redis.call('LPUSH', at .. 'wait', id)
  redis.call('ZADD', at .. 'marker', 0, '0')
end
redis.call('XADD', at .. 'events', 'MAXLEN', '~', most, '*', 'event', 'waiting', 'id', id)
return id .. ''"""

# Takes the next job, if there is one. ARGV: a token, the time.
TAKE = """
local function take(at, token, now)
  redis.call('HMGET', at .. 'meta', 'paused', 'most', 'max', 'duration')
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', at .. 'delayed', 0, now, 'LIMIT', 0, 1000)) do
    redis.call('LPUSH', at .. 'wait', id)
  end
  local id = redis.call('RPOPLPUSH', at .. 'wait', at .. 'active')
  if not id then
    if #redis.call('ZPOPMIN', at .. 'prioritized') == 0 then redis.call('DEL', at .. 'counter') end
    return redis.call('ZRANGE', at .. 'delayed', 0, 0, 'WITHSCORES')
  end
  local job = at .. id
  redis.call('SET', job .. ':lock', token, 'PX', 30000)
  redis.call('XADD', at .. 'events', '*', 'event', 'active', 'id', id, 'prev', 'waiting')
  redis.call('HSET', job, 'processedOn', now)
  redis.call('HINCRBY', job, 'started', 1)
  redis.call('ZADD', at .. 'marker', 0, '0')
  return {redis.call('HGETALL', job), id, 0, 0}
end
"""
TAKE_NEXT = TAKE + "return take(KEYS[1], ARGV[1], ARGV[2])"
# Finishes the job that was taken first (a worker would name it), removes the oldest finished one, and takes the next.
FINISH = TAKE + """
local at, token = KEYS[1], ARGV[1]
local id = redis.call('LINDEX', at .. 'active', -1)
if not id then return -1 end
local job = at .. id
if redis.call('EXISTS', job) == 0 then return -2 end
if redis.call('SCARD', job .. ':children') ~= 0 or redis.call('ZCARD', job .. ':unsuccessful') ~= 0 then return -3 end
if redis.call('GET', job .. ':lock') ~= token then return -4 end
redis.call('DEL', job .. ':lock')
redis.call('SREM', at .. 'stalled', id)
redis.call('HMGET', job, 'parentKey', 'parent', 'once')
if redis.call('LREM', at .. 'active', -1, id) < 1 then return -5 end
local most = redis.call('HGET', at .. 'meta', 'events') or 10000
redis.call('XTRIM', at .. 'events', 'MAXLEN', '~', most)
redis.call('HINCRBY', job, 'made', 1)
redis.call('ZADD', at .. 'completed', id, id)
redis.call('HSET', job, 'returnvalue', ARGV[3], 'finishedOn', ARGV[2])
for _, old in ipairs(redis.call('ZREVRANGE', at .. 'completed', 1000, -1)) do
  local key = at .. old
  redis.call('HMGET', key, 'parentKey', 'once')
  redis.call('DEL', key, key .. ':logs', key .. ':children', key .. ':processed', key .. ':failed', key .. ':unsuccessful')
end
redis.call('ZREMRANGEBYRANK', at .. 'completed', 0, -1001)
redis.call('XADD', at .. 'events', '*', 'event', 'completed', 'id', id, 'returnvalue', ARGV[3], 'prev', 'active')
return take(at, token, ARGV[2])"""

# A poller moves a job that is due to its queue.
ENQUEUE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)
if not due[1] then return false end
redis.call('ZREM', KEYS[1], due[1])
redis.call('LPUSH', KEYS[2], due[1])
return due[1]"""

WAITING = 1000


def packed(value):
    """As MessagePack, for short values."""
    if isinstance(value, dict):
        pairs = b"".join(packed(name) + packed(held) for name, held in value.items())
        return bytes([0x80 + len(value)]) + pairs
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    if isinstance(value, int):
        return bytes([value])
    return bytes([0xa0 + len(value)]) + value.encode()


def words_of(value):
    """What the command line of the driver can hold."""
    return packed(value).decode("utf-8", "surrogateescape")


DATA = """{"image":7,"size":"small"}"""
ADD_ONE = f"EVALSHA <add> 1 q: {words_of(['resize', DATA])} {words_of({'attempts': 3, 'keep': 7})} 1700000000000"
FINISH_ONE = "EVALSHA <finish> 1 q: token 1700000000000 null"
TAKE_ONE = "EVALSHA <take> 1 {} token 1700000000000"

# name, requests, pipeline, redis-server's CPU over Larder's to reach
WORKLOADS = [
    ("a job is added, one finished, the next taken, pipeline 16", f"{ADD_ONE} ; {FINISH_ONE}", 16, 1.43),
    ("a job is added, one finished, the next taken, pipeline 2", f"{ADD_ONE} ; {FINISH_ONE}", 2, 1.43),
    ("no job is waiting, pipeline 16", TAKE_ONE.format("none:"), 16, 1.43),
    ("a scheduler: ZADD, a script, RPOP, pipeline 15",
     "ZADD schedule {} job:{} ; EVALSHA <enqueue> 2 schedule queue 9999999999 ; RPOP queue", 15, 1.43),
    ("a scheduler: no job is due, pipeline 16", "EVALSHA <enqueue> 2 later queue 0", 16, 1.43),
]


SCRIPTS = {"add": ADD, "take": TAKE_NEXT, "finish": FINISH, "enqueue": ENQUEUE}


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("scripts: " + w[0])]
    if not wanted:
        return
    table = Table("Scripts of job queues", ["workload", "redis-server op/s", "Larder op/s", "redis-server µs CPU",
                                            "Larder µs CPU", "CPU ratio", "to reach"], arguments.markdown)
    with servers(arguments) as pair:
        for server in pair:
            prepare(server)
        for workload in wanted:
            figures = medians(arguments, lambda s: measure(s, workload, arguments.seconds), *pair)
            report(table, workload[0], figures, workload[3])


def prepare(server):
    """Loads the scripts, adds jobs and takes one of them."""
    link = Link(server)
    for script in SCRIPTS.values():
        link.ask("SCRIPT", "LOAD", script)
    for number in range(WAITING):
        link.ask(*(os.fsencode(word) for word in with_names(ADD_ONE).split()))
        link.ask("ZADD", "schedule", number, f"job:{number:010}")
        link.ask("ZADD", "later", 1, f"job:{number:010}")
    link.ask(*with_names(TAKE_ONE.format("q:")).split())


def with_names(requests):
    """EVALSHA with the names of the scripts."""
    for what, script in SCRIPTS.items():
        requests = requests.replace(f"<{what}>", hashlib.sha1(script.encode()).hexdigest())
    return requests


def measure(server, workload, seconds):
    """Requests a second, and CPU microseconds of each."""
    _, requests, pipeline, _ = workload
    done, took, cpu = drive(server.port, server.process.pid, "--op", "request", "--request", with_names(requests),
                            "--keys", MILLION, "--seconds", seconds, "--pipeline", pipeline)
    return done / took, cpu / done * 1e6
