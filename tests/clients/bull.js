// Runs the flows of Bull against a server. Usage: node bull.js WHERE (see cases.js); NODE_PATH finds the packages.
"use strict";

const assert = require("assert");
const Bull = require("bull");
const Redis = require("ioredis");
const { host, port, sleep, until } = require("./cases.js");
const { kept, runFlows } = require("./queues.js");

require("events").defaultMaxListeners = 100;
const db = new Redis({ host, port });
const open = [];
const test = { db, open, ofTime: /:(stalled-check|limiter) / };
const flows = {};

// Another connection to a queue, closed with the case.
function connect(options = {}) {
  const queue = new Bull("q", { redis: { host, port }, ...options });
  queue.on("error", (error) => console.log(`ERROR ${error.stack}`));
  open.push(queue);
  return queue;
}

// Processes jobs and stores their names.
function record(queue, seen, concurrency = 1) {
  queue.process("*", concurrency, async (job) => { seen.push(job.name); return job.data.n * 2; });
}

flows["jobs are processed in order"] = async () => {
  const queue = connect();
  const jobs = await queue.addBulk([...Array(20).keys()].map((n) => ({ name: `job${n}`, data: { n } })));
  const seen = [];
  record(connect(), seen);
  const results = await Promise.all(jobs.map((job) => job.finished()));
  assert.deepStrictEqual(results, [...Array(20).keys()].map((n) => n * 2));
  assert.deepStrictEqual(seen, jobs.map((job) => job.name));
  return queue.getJobCounts();
};

flows["three workers share 90 jobs"] = async () => {
  const queue = connect();
  const seen = [];
  for (let i = 0; i < 3; ++i) record(connect(), seen, 5);
  await Promise.all([...Array(90).keys()].map((n) => queue.add(`job${n}`, { n })));
  await until(async () => (await queue.getCompletedCount()) === 90);
  assert.strictEqual(new Set(seen).size, 90);
  assert.strictEqual(seen.length, 90);
  return queue.getJobCounts();
};

flows["priorities, the last first, and delays"] = async () => {
  const queue = connect();
  await queue.add("c", { n: 1 }, { priority: 3 });
  await queue.add("a", { n: 1 }, { priority: 1 });
  await queue.add("b", { n: 1 }, { priority: 2 });
  await queue.add("last", { n: 1 }, { lifo: true });
  await queue.add("soon", { n: 1 }, { delay: 80 });
  const promoted = await queue.add("promoted", { n: 1 }, { delay: 3_600_000 });
  await promoted.promote();
  const counts = await queue.getJobCounts();
  const waiting = (await queue.getWaiting()).map((job) => job.name);
  const seen = [];
  record(queue, seen);
  await until(() => seen.length === 6);
  assert.strictEqual(seen[5], "soon");
  assert.deepStrictEqual(seen.filter((name) => name.length === 1), ["a", "b", "c"]);
  return [counts, waiting, seen];
};

flows["a rate limit"] = async () => {
  const queue = connect({ limiter: { max: 2, duration: 150 } });
  for (let n = 0; n < 5; ++n) await queue.add(`job${n}`, { n });
  const start = Date.now(), at = [];
  queue.process("*", async (job) => at.push([job.name, Date.now() - start]));
  await until(() => at.length === 5);
  assert.ok(at[2][1] >= 145 && at[4][1] >= 290, `${at}`);
  assert.deepStrictEqual(at.map(([name]) => name), [0, 1, 2, 3, 4].map((n) => `job${n}`));
};

flows["failed jobs are tried again after a delay"] = async () => {
  const queue = connect();
  const tried = [];
  queue.process("*", async (job) => {
    tried.push([job.name, job.attemptsMade]);
    if (job.name === "twice" && job.attemptsMade === 1) return "done";
    throw new Error(`attempt ${job.attemptsMade}`);
  });
  const start = Date.now();
  const fixed = await queue.add("fixed", {}, { attempts: 3, backoff: 30 });
  await assert.rejects(fixed.finished(), /attempt 2/);
  assert.ok(Date.now() - start >= 58);
  assert.strictEqual(await (await queue.add("twice", {}, { attempts: 2, backoff: { type: "exponential", delay: 10 } })).finished(), "done");
  const [failed] = await queue.getFailed();
  assert.deepStrictEqual([failed.failedReason, failed.stacktrace.length, failed.attemptsMade], ["attempt 2", 3, 3]);
  await queue.pause(true);
  await failed.retry();
  assert.deepStrictEqual([await failed.getState(), await queue.getFailedCount()], ["waiting", 0]);
  return tried;
};

flows["repeated jobs"] = async () => {
  const queue = connect();
  await queue.add("tick", { n: 1 }, { repeat: { every: 40, limit: 3 } });
  await queue.add("yearly", { n: 2 }, { repeat: { cron: "0 0 1 1 *", tz: "UTC" } });
  const repeated = (await queue.getRepeatableJobs()).map((job) => [job.name, job.every || job.cron].join()).sort();
  assert.deepStrictEqual(repeated, ["tick,40", "yearly,0 0 1 1 *"]);
  const seen = [];
  record(queue, seen);
  await until(() => seen.length === 3);
  await sleep(60);
  assert.deepStrictEqual(seen, ["tick", "tick", "tick"]);
  await queue.removeRepeatable("yearly", { cron: "0 0 1 1 *", tz: "UTC" });
  assert.ok(!(await queue.getRepeatableJobs()).some((job) => job.name === "yearly"));
  return queue.getJobCounts();
};

flows["pause and resume, for all and for one"] = async () => {
  const queue = connect(), worker = connect(), seen = [];
  record(worker, seen);
  await queue.pause();
  await queue.add("a", { n: 1 });
  await queue.add("b", { n: 1 });
  await sleep(50);
  assert.deepStrictEqual([await queue.isPaused(), await queue.getPausedCount(), seen], [true, 2, []]);
  await queue.resume();
  await until(() => seen.length === 2);
  await worker.pause(true);
  await queue.add("c", { n: 1 });
  await sleep(30);
  assert.strictEqual(seen.length, 2);
  await worker.resume(true);
  await until(() => seen.length === 3);
  assert.deepStrictEqual(seen, ["a", "b", "c"]);
};

flows["a stalled job is processed again"] = async () => {
  const settings = { lockDuration: 60, lockRenewTime: 3_600_000, stalledInterval: 0 };
  const queue = connect({ settings });
  const job = await queue.add("job", { n: 21 });
  const lost = await queue.getNextJob();
  assert.deepStrictEqual([lost.id, await lost.getState()], [job.id, "active"]);
  await sleep(70);
  const worker = connect({ settings: { stalledInterval: 40 } }), seen = [];
  const stalled = new Promise((done) => worker.on("stalled", done));
  record(worker, seen);
  assert.strictEqual((await stalled).id, job.id);
  assert.strictEqual(await job.finished(), 42);
  await assert.rejects(lost.moveToCompleted("late", true));
  return seen;
};

flows["a job is processed by hand, with its lock"] = async () => {
  const queue = connect();
  for (const name of ["a", "b", "c"]) await queue.add(name, {});
  const a = await queue.getNextJob();
  assert.strictEqual(await db.get(`bull:q:${a.id}:lock`), queue.token);
  await a.moveToCompleted("é", true, true);
  const b = await queue.getNextJob();
  await b.moveToFailed(new Error("wrong"), true);
  const c = await queue.getNextJob();
  assert.deepStrictEqual([c.name, await c.getState()], ["c", "active"]);
  await assert.rejects((await connect().getJob(c.id)).releaseLock(), /not release/);
  await c.releaseLock();
  await c.remove();
  return [await queue.getJobCounts(), (await queue.getJob(a.id)).returnvalue];
};

flows["progress, logs and data of a job"] = async () => {
  const queue = connect(), listener = connect();
  await listener.isReady();
  const progress = [];
  listener.on("global:progress", (id, value) => progress.push([id, value]));
  connect().process(async (job) => {
    await job.log("one");
    await job.log("two");
    await job.progress(50);
    await job.update({ n: 2 });
    return { binary: "\0\xff", deep: [{ a: null }] };
  });
  await listener.whenCurrentJobsFinished();
  const job = await queue.add({ n: 1 });
  assert.deepStrictEqual(await job.finished(), { binary: "\0\xff", deep: [{ a: null }] });
  await until(() => progress.length === 1);
  const stored = await queue.getJob(job.id);
  assert.deepStrictEqual([stored.data, await stored.progress()], [{ n: 2 }, 50]);
  return [progress, await queue.getJobLogs(job.id)];
};

flows["getters, own identifiers and kept jobs"] = async () => {
  const queue = connect({ defaultJobOptions: { removeOnComplete: 3, removeOnFail: true } });
  const worker = connect(), seen = [];
  // Jobs that end in the same millisecond have no order.
  worker.process("*", async (job) => {
    await sleep(2);
    seen.push(job.name);
    if (job.data.n % 2) throw new Error("odd");
  });
  await queue.addBulk([...Array(12).keys()].map((n) => ({ name: `${n}`, data: { n } })));
  await until(async () => seen.length === 12 && (await queue.getActiveCount()) === 0);
  await worker.close();
  await queue.add("first", { n: 1 }, { jobId: "mine" });
  await queue.add("second", { n: 2 }, { jobId: "mine" });
  assert.strictEqual((await queue.getJob("mine")).name, "first");
  const names = async (...types) => (await queue.getJobs(types, 0, 10, true)).map((job) => job.name);
  return [await names("completed"), await names("waiting"), await queue.getJobCounts(), await queue.count()];
};

flows["remove, clean, empty, obliterate"] = async () => {
  const queue = connect(), worker = connect();
  record(worker, []);
  for (let n = 0; n < 5; ++n) await queue.add("done", { n });
  await until(async () => (await queue.getCompletedCount()) === 5);
  await worker.close();
  await sleep(2);
  assert.strictEqual((await queue.clean(0, "completed", 3)).length, 3);
  const jobs = await queue.addBulk([...Array(4).keys()].map((n) => ({ name: `${n}`, data: { n } })));
  await queue.add("later", {}, { delay: 3_600_000 });
  await jobs[0].remove();
  const before = [await queue.getJobCounts(), await kept(test)];
  await queue.removeJobs("7");
  await queue.empty();
  assert.strictEqual(await queue.count(), 0);
  await queue.add("active", {});
  await queue.getNextJob();
  await assert.rejects(queue.obliterate(), /active/);
  await queue.obliterate({ force: true });
  return before;
};

runFlows(flows, test);
