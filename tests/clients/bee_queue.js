// Runs the flows of Bee-Queue against a server. Usage: node bee_queue.js WHERE (see cases.js); NODE_PATH finds the
// packages.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");
const Queue = require("bee-queue");
const { host, port, sleep, until } = require("./cases.js");
const { kept, runFlows } = require("./queues.js");

const db = new Redis({ host, port });
const open = [];
const test = { db, open, ofTime: /:(stallBlock|stalling) / };
const flows = {};

// Another connection to a queue, closed with the case.
function connect(options = {}) {
  const queue = new Queue("q", { redis: { host, port }, delayedDebounce: 10, ...options });
  queue.on("error", (error) => console.log(`ERROR ${error.stack}`));
  open.push(queue);
  return queue;
}

const finished = (job) => new Promise((done, failed) => {
  job.on("succeeded", done);
  job.on("failed", failed);
});

flows["jobs are processed, and their events arrive"] = async () => {
  const queue = connect({ isWorker: false }), worker = connect();
  await queue.ready();
  const results = [];
  for (let n = 0; n < 20; ++n) {
    const job = queue.createJob({ n });
    results.push(finished(job));
    await job.save();
  }
  const seen = [];
  worker.process(async (job) => { seen.push(job.data.n); return job.data.n * 2; });
  assert.deepStrictEqual(await Promise.all(results), [...Array(20).keys()].map((n) => n * 2));
  assert.deepStrictEqual(seen, [...Array(20).keys()]);
  return queue.checkHealth();
};

flows["three workers share 90 jobs"] = async () => {
  const queue = connect({ isWorker: false }), seen = [];
  const errors = await queue.saveAll([...Array(90).keys()].map((n) => queue.createJob({ n })));
  assert.strictEqual(errors.size, 0);
  for (let i = 0; i < 3; ++i) connect().process(5, async (job) => seen.push(job.data.n));
  await until(async () => (await queue.checkHealth()).succeeded === 90);
  assert.deepStrictEqual(seen.sort((a, b) => a - b), [...Array(90).keys()]);
  return queue.checkHealth();
};

flows["delayed jobs"] = async () => {
  const queue = connect({ activateDelayedJobs: true }), seen = [];
  const start = Date.now();
  await queue.createJob({ name: "late" }).delayUntil(start + 200).save();
  await queue.createJob({ name: "soon" }).delayUntil(start + 100).save();
  await queue.createJob({ name: "never" }).delayUntil(start + 3_600_000).save();
  const before = await queue.checkHealth();
  queue.process(async (job) => seen.push([job.data.name, Date.now() - start]));
  await until(() => seen.length === 2);
  assert.deepStrictEqual(seen.map(([name]) => name), ["soon", "late"]);
  assert.ok(seen[0][1] >= 95 && seen[1][1] >= 195, `${seen}`);
  return before;
};

flows["failed jobs are tried again"] = async () => {
  const queue = connect({ activateDelayedJobs: true }), tried = [];
  queue.process(async (job) => {
    tried.push(job.data.name);
    if (job.data.name === "twice" && tried.filter((name) => name === "twice").length === 2) return "done";
    throw new Error(`${job.options.retries} left`);
  });
  const add = async (name, backoff) => {
    const job = queue.createJob({ name }).retries(2).backoff(...backoff);
    const result = finished(job);
    await job.save();
    return result;
  };
  await assert.rejects(add("at once", ["immediate"]), /0 left/);
  assert.strictEqual(await add("twice", ["immediate"]), "done");
  await assert.rejects(add("fixed", ["fixed", 20]), /0 left/);
  await assert.rejects(add("longer", ["exponential", 10]), /0 left/);
  const failed = await queue.getJobs("failed", { size: 10 });
  assert.deepStrictEqual(failed.map((job) => job.data.name).sort(), ["at once", "fixed", "longer"]);
  return [tried, await queue.checkHealth()];
};

flows["a timeout"] = async () => {
  const queue = connect();
  queue.process(() => new Promise(() => {}));
  const job = queue.createJob({}).timeout(20);
  const result = finished(job);
  await job.save();
  await assert.rejects(result, /timed out/);
};

flows["progress"] = async () => {
  const queue = connect({ isWorker: false }), worker = connect(), seen = [];
  await queue.ready();
  worker.process(async (job) => {
    job.reportProgress({ page: 1 });
    await until(() => seen.length === 1);
    job.reportProgress({ page: "é" });
    await until(() => seen.length === 2);
    return { deep: [{ a: null }] };
  });
  const job = queue.createJob({});
  job.on("progress", (progress) => seen.push(progress));
  const result = finished(job);
  await job.save();
  assert.deepStrictEqual(await result, { deep: [{ a: null }] });
  assert.deepStrictEqual(seen, [{ page: 1 }, { page: "é" }]);
};

flows["a stalled job is processed again"] = async () => {
  const queue = connect({ isWorker: false, stallInterval: 50 });
  const job = await queue.createJob({ n: 1 }).save();
  await queue.checkStalledJobs();
  // A worker took the job and ended.
  await db.brpoplpush("bq:q:waiting", "bq:q:active", 0);
  const stalled = [];
  queue.on("stalled", (id) => stalled.push(id));
  await until(async () => {
    await sleep(20);
    await queue.checkStalledJobs();
    return stalled.length === 1;
  });
  assert.deepStrictEqual(stalled, [job.id]);
  const seen = [];
  connect().process(async (one) => seen.push(one.id));
  await until(() => seen.length === 1);
  return seen;
};

flows["getters and own identifiers"] = async () => {
  const queue = connect({ isWorker: false });
  const mine = await queue.createJob({ n: 1 }).setId("mine").save();
  const again = await queue.createJob({ n: 2 }).setId("mine").save();
  assert.deepStrictEqual([mine.id, again.id], ["mine", null]);
  for (let n = 0; n < 5; ++n) await queue.createJob({ n }).save();
  assert.deepStrictEqual((await queue.getJob("mine")).data, { n: 1 });
  assert.strictEqual(await queue.getJob("nothing"), null);
  const waiting = (await queue.getJobs("waiting", { start: 0, end: 2 })).map((job) => job.id);
  await queue.removeJob("mine");
  await (await queue.getJob("2")).remove();
  return [waiting, await queue.checkHealth()];
};

flows["jobs are not kept, and a queue is destroyed"] = async () => {
  const queue = connect({ removeOnSuccess: true, removeOnFailure: true });
  let count = 0;
  queue.process(async (job) => { ++count; if (job.data.n % 2) throw new Error("odd"); });
  await queue.saveAll([...Array(10).keys()].map((n) => queue.createJob({ n })));
  await until(async () => count === 10 && (await queue.checkHealth()).active === 0);
  const before = await kept(test);
  await queue.destroy();
  assert.deepStrictEqual(await kept(test), []);
  return before;
};

runFlows(flows, test);
