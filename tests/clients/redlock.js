// Runs the locks of redlock against a server. Usage: node redlock.js WHERE (see cases.js); NODE_PATH finds the
// packages.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");
const Redlock = require("redlock");
const { host, port, sleep, run, holdings } = require("./cases.js");

const db = new Redis({ host, port });
const others = [1, 2, 3].map((number) => new Redis({ host, port, db: number }));
const cases = {};

const refused = (promise) => assert.rejects(promise, { name: "LockError" });
const once = { retryCount: 0 };

cases["a lock excludes others until it is released"] = async () => {
  const locks = new Redlock([db], once);
  const lock = await locks.lock("resource", 10_000);
  await refused(locks.lock("resource", 10_000));
  assert.strictEqual(await db.get("resource"), lock.value);
  const left = await db.pttl("resource");
  assert.ok(left > 9000 && left <= 10_000);
  await lock.unlock();
  assert.strictEqual(await db.exists("resource"), 0);
  await (await locks.lock("resource", 10_000)).unlock();
};

cases["a lock that is over is not released or extended"] = async () => {
  const locks = new Redlock([db], once);
  const lock = await locks.lock("resource", 100);
  await sleep(110);
  const next = await locks.lock("resource", 10_000);
  await refused(lock.extend(1000));
  await refused(lock.unlock());
  assert.strictEqual(await db.get("resource"), next.value);
};

cases["a lock is extended"] = async () => {
  const locks = new Redlock([db], once);
  const lock = await locks.lock("resource", 2_000);
  const longer = await lock.extend(60_000);
  assert.strictEqual(longer.value, lock.value);
  assert.ok((await db.pttl("resource")) > 50_000);
  await db.set("resource", "another");
  await refused(longer.extend(1000));
  return db.get("resource");
};

cases["several resources are locked together or not at all"] = async () => {
  const locks = new Redlock([db], once);
  const lock = await locks.lock(["a", "b", "c"], 10_000);
  assert.deepStrictEqual(await db.mget("a", "b", "c"), [lock.value, lock.value, lock.value]);
  await refused(locks.lock(["c", "d"], 10_000));
  assert.strictEqual(await db.exists("d"), 0);
  await lock.extend(20_000);
  const held = await holdings(db);
  await lock.unlock();
  return [held, await db.dbsize()];
};

cases["a majority of servers is enough"] = async () => {
  const locks = new Redlock(others, once);
  await others[0].set("resource", "taken");
  const lock = await locks.lock("resource", 10_000);
  assert.strictEqual(await others[2].get("resource"), lock.value);
  await others[1].set("resource", "taken");
  await refused(lock.extend(1000));
  await refused(locks.lock("resource", 10_000));
  return Promise.all(others.map((other) => other.exists("resource")));
};

cases["waiting for a lock"] = async () => {
  const locks = new Redlock([db], { retryCount: 200, retryDelay: 5, retryJitter: 5 });
  const seen = [];
  await Promise.all([...Array(10).keys()].map(async (n) => {
    const lock = await locks.lock("resource", 10_000);
    const before = Number(await db.get("counter"));
    await sleep(2);
    await db.set("counter", before + 1);
    seen.push(n);
    await lock.unlock();
  }));
  assert.strictEqual(seen.length, 10);
  assert.strictEqual(await db.get("counter"), "10");
};

cases["the scripts are loaded again after SCRIPT FLUSH"] = async () => {
  const locks = new Redlock([db], once);
  const lock = await locks.lock("resource", 10_000);
  await db.script("FLUSH");
  await lock.unlock();
  await refused(lock.unlock());
};

run(cases, () => db.flushall());
