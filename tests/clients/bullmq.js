// Runs the flows of BullMQ against a server, with its current version and with version 5. Usage: node bullmq.js
// WHERE (see cases.js); NODE_PATH finds the packages.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");
const { host, port, sleep, until } = require("./cases.js");
const { kept, runFlows } = require("./queues.js");

require("events").defaultMaxListeners = 50;
const connection = { host, port };
const db = new Redis({ host, port });
const open = [];
const test = { db, open, ofTime: /:(events|marker|stalled-check|limiter) / };

// A queue, worker or other object of BullMQ, closed with the case.
function make(Kind, ...words) {
  const options = typeof words[words.length - 1] === "object" ? words.pop() : {};
  const made = new Kind(...words, { connection, ...options });
  made.on("error", (error) => console.log(`ERROR ${error.stack}`));
  open.push(made);
  return made;
}

// The next `count` events of a name, as lists of their arguments.
function events(emitter, name, count) {
  return new Promise((done) => {
    const received = [];
    emitter.on(name, (...words) => {
      received.push(words);
      if (received.length === count) done(received);
    });
  });
}

function flows({ Queue, Worker, QueueEvents, FlowProducer, UnrecoverableError, DelayedError }) {
  const found = {};
  // A worker that stores the names of its jobs.
  const recorder = (seen, options = {}) => make(Worker, "q", async (job) => { seen.push(job.name); return job.data.n * 2; }, options);

  found["jobs are processed in order, and their events arrive"] = async () => {
    const queue = make(Queue, "q");
    const listener = make(QueueEvents, "q");
    await listener.waitUntilReady();
    const added = await queue.addBulk([...Array(20).keys()].map((n) => ({ name: `job${n}`, data: { n } })));
    assert.deepStrictEqual(added.map((job) => job.id), [...Array(20).keys()].map((n) => String(n + 1)));
    const seen = [];
    recorder(seen);
    const results = await Promise.all(added.map((job) => job.waitUntilFinished(listener)));
    assert.deepStrictEqual(results, [...Array(20).keys()].map((n) => n * 2));
    assert.deepStrictEqual(seen, added.map((job) => job.name));
    return queue.getJobCounts();
  };

  found["three workers share 150 jobs"] = async () => {
    const queue = make(Queue, "q");
    const seen = [];
    const workers = [1, 2, 3].map(() => recorder(seen, { concurrency: 10 }));
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    for (let i = 0; i < 150; i += 50) {
      await Promise.all([...Array(50).keys()].map((n) => queue.add(`job${i + n}`, { n })));
    }
    await until(async () => (await queue.getCompletedCount()) === 150);
    assert.strictEqual(new Set(seen).size, 150);
    assert.strictEqual(seen.length, 150);
    return queue.getJobCounts();
  };

  found["a job that is added last is taken first"] = async () => {
    const queue = make(Queue, "q");
    for (const name of ["a", "b"]) await queue.add(name, { n: 1 });
    for (const name of ["c", "d"]) await queue.add(name, { n: 1 }, { lifo: true });
    const seen = [];
    recorder(seen);
    await until(() => seen.length === 4);
    assert.deepStrictEqual(seen, ["d", "c", "a", "b"]);
  };

  found["delayed jobs wait for their time"] = async () => {
    const queue = make(Queue, "q");
    const start = Date.now();
    const late = await queue.add("late", { n: 1 }, { delay: 120 });
    await queue.add("soon", { n: 1 }, { delay: 60 });
    const never = await queue.add("never", { n: 1 }, { delay: 3_600_000 });
    const promoted = await queue.add("promoted", { n: 1 }, { delay: 3_600_000 });
    assert.strictEqual(await late.getState(), "delayed");
    assert.strictEqual(await queue.getDelayedCount(), 4);
    await promoted.promote();
    assert.strictEqual(await promoted.getState(), "waiting");
    const seen = [];
    recorder(seen);
    await until(() => seen.length === 3);
    assert.deepStrictEqual(seen, ["promoted", "soon", "late"]);
    assert.ok(Date.now() - start >= 115);
    await never.changeDelay(10);
    await until(() => seen.length === 4);
    return seen;
  };

  found["priorities"] = async () => {
    const queue = make(Queue, "q");
    for (const [name, priority] of [["c", 3], ["a", 1], ["b1", 2], ["b2", 2], ["z", 2_097_151], ["last", 9]]) {
      await queue.add(name, { n: 1 }, { priority });
    }
    await queue.add("none", { n: 1 });
    await queue.add("lastly", { n: 1 }, { priority: 5 }).then((job) => job.changePriority({ priority: 10 }));
    const counts = await queue.getCountsPerPriority([0, 1, 2, 3, 5, 10]);
    assert.deepStrictEqual(counts, { 0: 1, 1: 1, 2: 2, 3: 1, 5: 0, 10: 1 });
    assert.strictEqual(await queue.getPrioritizedCount(), 7);
    const seen = [];
    recorder(seen);
    await until(() => seen.length === 8);
    assert.deepStrictEqual(seen, ["none", "a", "b1", "b2", "c", "last", "lastly", "z"]);
    return counts;
  };

  found["a rate limit"] = async () => {
    const queue = make(Queue, "q");
    for (let n = 0; n < 6; ++n) await queue.add(`job${n}`, { n });
    const start = Date.now(), seen = [], at = [];
    const worker = recorder(seen, { limiter: { max: 2, duration: 150 } });
    worker.on("completed", () => at.push(Date.now() - start));
    await until(async () => (await queue.getRateLimitTtl(2)) > 0);
    await until(() => at.length === 6);
    assert.deepStrictEqual(seen, [0, 1, 2, 3, 4, 5].map((n) => `job${n}`));
    assert.ok(at[2] >= 145 && at[4] >= 290, `${at}`);
  };

  found["failed jobs are tried again after a delay"] = async () => {
    const queue = make(Queue, "q");
    const tried = [];
    const worker = make(Worker, "q", async (job) => {
      tried.push([job.name, job.attemptsMade]);
      if (job.name === "hopeless") throw new UnrecoverableError("no use");
      if (job.name === "twice" && job.attemptsMade === 1) return "done";
      throw new Error(`attempt ${job.attemptsMade}`);
    });
    const over = events(worker, "failed", 5);
    const start = Date.now();
    await queue.add("fixed", {}, { attempts: 3, backoff: { type: "fixed", delay: 30 } });
    await until(async () => (await queue.getFailedCount()) === 1);
    assert.ok(Date.now() - start >= 58);
    await queue.add("hopeless", {}, { attempts: 5 });
    await queue.add("twice", {}, { attempts: 2, backoff: { type: "exponential", delay: 10 } });
    await until(async () => (await queue.getFailedCount()) === 2 && (await queue.getCompletedCount()) === 1);
    await over;
    assert.deepStrictEqual(tried, [["fixed", 0], ["fixed", 1], ["fixed", 2], ["hopeless", 0], ["twice", 0], ["twice", 1]]);
    const failed = await queue.getFailed();
    assert.deepStrictEqual(failed.map((job) => [job.name, job.failedReason, job.stacktrace.length]),
                           [["hopeless", "no use", 1], ["fixed", "attempt 2", 3]]);
    await worker.close();
    await failed[1].retry("failed");
    assert.strictEqual(await failed[1].getState(), "waiting");
    await queue.retryJobs({ state: "failed" });
    assert.deepStrictEqual([await queue.getFailedCount(), await queue.getWaitingCount()], [0, 2]);
    return tried;
  };

  found["a scheduler adds jobs again and again"] = async () => {
    const queue = make(Queue, "q");
    await queue.upsertJobScheduler("often", { every: 40, limit: 3 }, { name: "tick", data: { n: 1 } });
    await queue.upsertJobScheduler("yearly", { pattern: "0 0 1 1 *", tz: "UTC" }, { name: "new year", data: { n: 2 } });
    const schedulers = await queue.getJobSchedulers(0, -1, true);
    assert.deepStrictEqual(schedulers.map((one) => [one.key, one.name, one.pattern || one.every]).map((words) => words.join()),
                           ["often,tick,40", "yearly,new year,0 0 1 1 *"]);
    assert.strictEqual(await queue.getDelayedCount() + await queue.getWaitingCount(), 2);
    const seen = [];
    recorder(seen);
    await until(() => seen.length === 3);
    await sleep(80);
    assert.deepStrictEqual(seen, ["tick", "tick", "tick"]);
    assert.strictEqual((await queue.getJobScheduler("yearly")).template.data.n, 2);
    assert.strictEqual(await queue.removeJobScheduler("yearly"), true);
    assert.strictEqual(await queue.removeJobScheduler("yearly"), false);
    return queue.getJobCounts();
  };

  found["a flow: a parent waits for its children"] = async () => {
    const producer = make(FlowProducer);
    const parents = make(Queue, "q");
    const children = ["left", "right"].map((name, n) => ({ name, queueName: "children", data: { n },
      children: [{ name: `below ${name}`, queueName: "children", data: { n: 10 } }] }));
    const tree = await producer.add({ name: "parent", queueName: "q", data: {}, children });
    assert.strictEqual(await tree.job.getState(), "waiting-children");
    const read = await producer.getFlow({ id: tree.job.id, queueName: "q" });
    assert.deepStrictEqual(read.children.map((node) => node.job.name).sort(), ["left", "right"]);
    assert.deepStrictEqual(await tree.job.getDependenciesCount(), { processed: 0, unprocessed: 2, ignored: 0, failed: 0 });
    make(Worker, "children", async (job) => Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, job.data.n));
    const seen = [];
    make(Worker, "q", async (job) => seen.push(Object.values(await job.getChildrenValues()).sort()));
    await until(async () => (await parents.getCompletedCount()) === 1);
    assert.deepStrictEqual(seen, [[10, 11]]);
    return [await tree.job.getDependenciesCount(), await make(Queue, "children").getJobCounts()];
  };

  found["a flow: children that fail"] = async () => {
    const producer = make(FlowProducer);
    const parents = make(Queue, "q");
    const child = (opts) => [{ name: "child", queueName: "children", data: {}, opts }];
    const fails = await producer.add({ name: "fails", queueName: "q", children: child({ failParentOnFailure: true }) });
    const goes = await producer.add({ name: "goes", queueName: "q", children: child({ ignoreDependencyOnFailure: true }) });
    const waits = await producer.add({ name: "waits", queueName: "q", children: child({ delay: 3_600_000 }) });
    make(Worker, "children", async () => { throw new Error("broken"); });
    make(Worker, "q", async () => "done");
    await until(async () => (await fails.job.getState()) === "failed" && (await goes.job.getState()) === "completed");
    assert.match((await parents.getJob(fails.job.id)).failedReason, /child .* failed/);
    assert.strictEqual(await waits.job.getState(), "waiting-children");
    await waits.job.remove();
    assert.strictEqual(await parents.getJob(waits.job.id), undefined);
    assert.strictEqual(await waits.children[0].job.getState(), "unknown");
    return Object.keys(await goes.job.getIgnoredChildrenFailures()).length;
  };

  found["pause and resume"] = async () => {
    const queue = make(Queue, "q");
    await queue.add("a", { n: 1 });
    await queue.pause();
    await queue.add("b", { n: 1 });
    const seen = [];
    const worker = recorder(seen);
    await worker.waitUntilReady();
    await sleep(60);
    assert.deepStrictEqual([await queue.isPaused(), seen], [true, []]);
    const paused = await queue.getJobCounts();
    await queue.resume();
    await until(() => seen.length === 2);
    await worker.pause();
    await queue.add("c", { n: 1 });
    await sleep(30);
    assert.strictEqual(seen.length, 2);
    worker.resume();
    await until(() => seen.length === 3);
    assert.deepStrictEqual(seen, ["a", "b", "c"]);
    return paused;
  };

  found["a stalled job is given to another worker, then fails"] = async () => {
    const queue = make(Queue, "q");
    const first = make(Worker, "q", null, { autorun: false, lockDuration: 50, skipLockRenewal: true, skipStalledCheck: true });
    const added = await queue.add("job", { n: 21 });
    const lost = await first.getNextJob("token");
    assert.deepStrictEqual([lost.id, await lost.getState()], [added.id, "active"]);
    await sleep(60);
    const seen = [];
    const second = recorder(seen, { stalledInterval: 40, maxStalledCount: 1 });
    const stalled = events(second, "stalled", 1);
    assert.strictEqual((await stalled)[0][0], added.id);
    await until(async () => (await added.getState()) === "completed");
    await assert.rejects(lost.moveToCompleted("late", "token", false), /lock|state|not in/i);
    await second.close();
    const unlucky = await queue.add("unlucky", { n: 1 });
    await first.getNextJob("token");
    await sleep(60);
    recorder(seen, { stalledInterval: 40, maxStalledCount: 0 });
    await until(async () => (await unlucky.getState()) === "failed");
    const reason = (await queue.getJob(unlucky.id)).failedReason;
    assert.match(reason, /stalled/);
    return [seen, reason];
  };

  found["a job is processed by hand, with its lock"] = async () => {
    const queue = make(Queue, "q");
    const worker = make(Worker, "q", null, { autorun: false });
    await queue.addBulk(["a", "b", "c"].map((name) => ({ name, data: {} })));
    const a = await worker.getNextJob("mine");
    assert.strictEqual(await a.extendLock("mine", 10_000), 1);
    await assert.rejects(a.moveToCompleted("x", "other", false), /[Ll]ock/);
    await a.moveToCompleted({ text: "é" }, "mine", false);
    const b = await worker.getNextJob("mine");
    await b.moveToFailed(new Error("wrong"), "mine", false);
    const c = await worker.getNextJob("mine");
    await c.moveToDelayed(Date.now() + 3_600_000, "mine");
    assert.strictEqual(await worker.getNextJob("mine", { block: false }), undefined);
    assert.deepStrictEqual((await queue.getJob(a.id)).returnvalue, { text: "é" });
    return Promise.all([a, b, c].map((job) => job.getState()));
  };

  found["a job that delays itself"] = async () => {
    const queue = make(Queue, "q");
    const tried = [];
    make(Worker, "q", async (job, token) => {
      tried.push(job.data.step);
      if (job.data.step === 1) return "end";
      await job.updateData({ step: 1 });
      await job.moveToDelayed(Date.now() + 30, token);
      throw new DelayedError();
    });
    const job = await queue.add("steps", { step: 0 });
    await until(async () => (await job.getState()) === "completed");
    assert.deepStrictEqual(tried, [0, 1]);
  };

  found["progress, logs and data of a job"] = async () => {
    const queue = make(Queue, "q");
    const listener = make(QueueEvents, "q");
    await listener.waitUntilReady();
    const progress = events(listener, "progress", 2);
    make(Worker, "q", async (job) => {
      for (const line of ["one", "two", "three"]) await job.log(line);
      await job.updateProgress(50);
      await job.updateProgress({ page: 2 });
      return { binary: "\0\xff", deep: [{ a: null }] };
    });
    const job = await queue.add("job", { n: 1 }, { keepLogs: 2 });
    assert.deepStrictEqual((await progress).map(([event]) => event.data), [50, { page: 2 }]);
    assert.deepStrictEqual(await job.waitUntilFinished(listener), { binary: "\0\xff", deep: [{ a: null }] });
    const logs = await queue.getJobLogs(job.id);
    assert.deepStrictEqual(logs, { logs: ["two", "three"], count: 2 });
    assert.deepStrictEqual((await queue.getJob(job.id)).progress, { page: 2 });
    return logs;
  };

  found["getters"] = async () => {
    const queue = make(Queue, "q");
    const worker = make(Worker, "q", async (job) => { await sleep(2); if (job.name === "bad") throw new Error("bad"); },
                        { metrics: { maxDataPoints: 10 }, autorun: false });
    for (const name of ["good", "bad", "fine"]) await queue.add(name, {});
    worker.run();
    await until(async () => (await queue.getCompletedCount()) === 2 && (await queue.getFailedCount()) === 1);
    await until(async () => (await queue.getWorkersCount()) === 1);
    await worker.close();
    for (const name of ["w1", "w2", "w3"]) await queue.add(name, {});
    await queue.add("later", {}, { delay: 3_600_000 });
    await queue.add("urgent", {}, { priority: 1 });
    const names = async (...words) => (await queue.getJobs(...words)).map((job) => job.name);
    assert.deepStrictEqual(await names(["waiting"], 0, -1, true), ["w1", "w2", "w3"]);
    assert.deepStrictEqual(await names(["waiting"], 0, 1), ["w3", "w2"]);
    assert.deepStrictEqual(await names(["completed"]), ["fine", "good"]);
    assert.deepStrictEqual(await names(["delayed", "failed", "prioritized"]), ["later", "bad", "urgent"]);
    assert.strictEqual(await queue.count(), 5);
    assert.deepStrictEqual((await queue.getMetrics("completed")).meta.count, 2);
    return [await queue.getJobCounts(), await queue.getRanges(["waiting", "delayed"], 0, 10)];
  };

  found["the same job is not added twice"] = async () => {
    const queue = make(Queue, "q");
    const own = await queue.add("own id", { n: 1 }, { jobId: "mine" });
    await queue.add("again", { n: 2 }, { jobId: "mine" });
    assert.strictEqual((await queue.getJob(own.id)).data.n, 1);
    const one = await queue.add("one", { n: 1 }, { deduplication: { id: "d" } });
    const two = await queue.add("two", { n: 2 }, { deduplication: { id: "d" } });
    assert.strictEqual(two.id, one.id);
    assert.strictEqual(await queue.getDeduplicationJobId("d"), one.id);
    const timed = await queue.add("timed", { n: 1 }, { deduplication: { id: "t", ttl: 30 } });
    await sleep(40);
    const later = await queue.add("timed", { n: 2 }, { deduplication: { id: "t", ttl: 30 } });
    assert.notStrictEqual(later.id, timed.id);
    // Its key is gone in both servers when the keys that are left are compared.
    await sleep(40);
    return queue.getJobCounts();
  };

  found["only the last completed jobs are kept"] = async () => {
    const queue = make(Queue, "q", { defaultJobOptions: { removeOnComplete: { count: 3 }, removeOnFail: true } });
    const seen = [];
    // Jobs that end in the same millisecond have no order.
    const worker = make(Worker, "q", async (job) => {
      await sleep(2);
      seen.push(job.name);
      if (job.data.n % 2) throw new Error("odd");
    });
    await queue.addBulk([...Array(12).keys()].map((n) => ({ name: `${n}`, data: { n } })));
    await until(async () => seen.length === 12 && (await queue.getActiveCount()) === 0);
    await worker.close();
    assert.deepStrictEqual((await queue.getCompleted()).map((job) => job.name), ["10", "8", "6"]);
    return queue.getJobCounts();
  };

  found["remove, drain, clean, obliterate"] = async () => {
    const queue = make(Queue, "q");
    const worker = recorder([]);
    for (let n = 0; n < 5; ++n) await queue.add("done", { n });
    await until(async () => (await queue.getCompletedCount()) === 5);
    await worker.close();
    assert.strictEqual((await queue.clean(0, 3, "completed")).length, 3);
    const jobs = await queue.addBulk([...Array(6).keys()].map((n) => ({ name: `${n}`, data: { n } })));
    await queue.add("later", {}, { delay: 3_600_000 });
    await jobs[0].remove();
    assert.strictEqual(await queue.remove(jobs[1].id), 1);
    await queue.drain();
    assert.deepStrictEqual([await queue.getWaitingCount(), await queue.getDelayedCount()], [0, 1]);
    await queue.drain(true);
    assert.strictEqual(await queue.getDelayedCount(), 0);
    const manual = make(Worker, "q", null, { autorun: false });
    await queue.add("active", {});
    await manual.getNextJob("token");
    await assert.rejects(queue.obliterate(), /active/);
    const before = await kept(test);
    await queue.obliterate({ force: true });
    assert.deepStrictEqual(await kept(test), []);
    return before;
  };

  found["limits of a whole queue"] = async () => {
    const queue = make(Queue, "q");
    await queue.setGlobalConcurrency(1);
    assert.strictEqual(await queue.getGlobalConcurrency(), 1);
    let active = 0, most = 0;
    for (let i = 0; i < 2; ++i) {
      make(Worker, "q", async () => { most = Math.max(most, ++active); await sleep(5); --active; }, { concurrency: 4 });
    }
    await queue.addBulk([...Array(8).keys()].map((n) => ({ name: `${n}`, data: {} })));
    await until(async () => (await queue.getCompletedCount()) === 8);
    assert.strictEqual(most, 1);
    return queue.getJobCounts();
  };
  return found;
}

const named = ["bullmq", "bullmq5"].flatMap((name) =>
  Object.entries(flows(require(name))).map(([title, body]) => [`${name}: ${title}`, body]));

runFlows(Object.fromEntries(named), test);
