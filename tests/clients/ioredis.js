// What ioredis does with a server, checked. Usage: node ioredis.js PORT; NODE_PATH finds ioredis.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");

const port = Number(process.argv[2]);
const cases = {};

cases["strings come back, binary ones too"] = async (db) => {
  assert.strictEqual(await db.set("k", "v"), "OK");
  assert.strictEqual(await db.get("k"), "v");
  assert.strictEqual(await db.get("nothing"), null);
  const bytes = Buffer.from([0, 13, 10, 255]);
  await db.set("b", bytes);
  assert.deepStrictEqual(await db.getBuffer("b"), bytes);
};

cases["options of SET"] = async (db) => {
  assert.strictEqual(await db.set("k", "v", "EX", 100, "NX"), "OK");
  assert.strictEqual(await db.set("k", "w", "NX"), null);
  assert.strictEqual(await db.ttl("k"), 100);
  assert.strictEqual(await db.getex("k", "PERSIST"), "v");
  assert.strictEqual(await db.ttl("k"), -1);
};

cases["counters and several keys at once"] = async (db) => {
  assert.strictEqual(await db.incr("n"), 1);
  assert.strictEqual(await db.incrby("n", 9), 10);
  assert.strictEqual(await db.incrbyfloat("n", 0.5), "10.5");
  await db.mset(new Map([["a", "1"], ["b", "2"]]));
  assert.deepStrictEqual(await db.mget("a", "b", "c"), ["1", "2", null]);
};

cases["keys expire"] = async (db) => {
  await db.set("k", "v", "PX", 30);
  assert.ok((await db.pttl("k")) > 0);
  await new Promise((done) => setTimeout(done, 60));
  assert.strictEqual(await db.get("k"), null);
  assert.strictEqual(await db.exists("k"), 0);
};

cases["a pipeline keeps its order"] = async (db) => {
  const pipe = db.pipeline();
  for (let i = 0; i < 1000; ++i) pipe.set(`k${i}`, i).get(`k${i}`);
  const replies = await pipe.exec();
  assert.strictEqual(replies.length, 2000);
  for (let i = 0; i < 1000; ++i) assert.deepStrictEqual(replies[2 * i + 1], [null, String(i)]);
};

cases["an error in a pipeline stays in its place"] = async (db) => {
  const replies = await db.pipeline().set("k", "text").incr("k").get("k").exec();
  assert.match(replies[1][0].message, /not an integer or out of range/);
  assert.strictEqual(replies[2][1], "text");
};

cases["a scan finds every key"] = async (db) => {
  const pipe = db.pipeline();
  for (let i = 0; i < 500; ++i) pipe.set(`s:${i}`, "v");
  await pipe.exec();
  const found = new Set();
  for await (const keys of db.scanStream({ match: "s:*", count: 50 })) keys.forEach((k) => found.add(k));
  assert.strictEqual(found.size, 500);
};

cases["configuration, information and clients"] = async (db) => {
  await db.config("SET", "maxmemory-samples", "8");
  assert.deepStrictEqual(await db.config("GET", "maxmemory-samples"), ["maxmemory-samples", "8"]);
  await db.config("SET", "maxmemory-samples", "5");
  assert.match(await db.info("memory"), /used_memory:\d+\r\n/);
  await db.client("SETNAME", "tester");
  assert.strictEqual(await db.client("GETNAME"), "tester");
  assert.match(await db.client("LIST"), /name=tester/);
};

cases["errors carry the server's words"] = async (db) => {
  await assert.rejects(db.call("NOSUCH", "a"), /unknown command 'NOSUCH'/);
  await assert.rejects(db.call("GET"), /wrong number of arguments for 'get' command/);
  await assert.rejects(db.set("k", "v", "EX", 0), /invalid expire time in 'set' command/);
};

cases["another database and a connection name at connect"] = async () => {
  const other = new Redis({ port, db: 5, connectionName: "fifth" });
  await other.set("k", "five");
  assert.strictEqual(await other.get("k"), "five");
  assert.strictEqual(await other.client("GETNAME"), "fifth");
  await other.flushdb();
  await other.quit();
};

async function main() {
  const db = new Redis({ port, lazyConnect: true, retryStrategy: null });
  await db.connect();
  let failed = 0;
  for (const [title, run] of Object.entries(cases)) {
    await db.flushall();
    try {
      await run(db);
    } catch (error) {
      ++failed;
      console.log(`FAILED ${title}\n${error.stack}`);
    }
  }
  console.log(`${Object.keys(cases).length} cases, ${failed} failed`);
  await db.quit();
  return failed === 0 ? 0 : 1;
}

main().then(
  (status) => process.exit(status),
  (error) => {
    console.log(error);
    process.exit(1);
  }
);
