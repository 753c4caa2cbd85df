// Lets a package from npm do a fixed number of jobs. Usage: node packages.js PACKAGE PORT JOBS; NODE_PATH finds the
// packages. At most 100 jobs are added at once, and 50 are processed at once.
"use strict";

const [name, port, jobs] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const where = { host: "127.0.0.1", port };
const data = { image: 7, size: "small" };
const kept = { defaultJobOptions: { removeOnComplete: 1000 } };

// Calls `add` for every job, 100 at a time.
async function addAll(add) {
  for (let i = 0; i < jobs; i += 100) await Promise.all([...Array(100).keys()].map(add));
}

function bullmq(done) {
  const { Queue, Worker } = require("bullmq");
  new Worker("q", async () => done(), { connection: where, concurrency: 50 });
  const queue = new Queue("q", { connection: where, ...kept });
  return addAll(() => queue.add("resize", data, { attempts: 3 }));
}

function bull(done) {
  const Bull = require("bull");
  const queue = new Bull("q", { redis: where, ...kept });
  queue.process("*", 50, async () => done());
  return addAll(() => queue.add("resize", data, { attempts: 3 }));
}

function beeQueue(done) {
  const Queue = require("bee-queue");
  const queue = new Queue("q", { redis: where, removeOnSuccess: true });
  queue.process(50, async () => done());
  return addAll(() => queue.createJob(data).save());
}

function limiter(done) {
  const Redis = require("ioredis");
  const { RateLimiterRedis } = require("rate-limiter-flexible");
  const limits = new RateLimiterRedis({ storeClient: new Redis(where), points: 1_000_000, duration: 60 });
  return addAll(async (n) => { await limits.consume(`user${n}`); done(); });
}

let left = jobs;
const done = () => { if (--left === 0) process.exit(0); };
({ bullmq, bull, "bee-queue": beeQueue, "rate-limiter-flexible": limiter })[name](done);
