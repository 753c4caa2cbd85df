// Checks node's redis against a server, in RESP3 and RESP2. Usage: node node_redis.js WHERE (see
// cases.js); NODE_PATH finds redis.
"use strict";

const assert = require("assert");
const { createClient, createClientPool, WatchError } = require("redis");
const { host, port, tls, until, run } = require("./cases.js");

const open = [];
const cases = {};

async function connect(options = {}) {
  const socket = { host, port, reconnectStrategy: false, ...(tls ? { tls: true, ...tls } : {}) };
  const db = createClient({ socket, RESP: 3, ...options });
  db.on("error", () => {});
  await db.connect();
  open.push(db);
  return db;
}

cases["text and binary values"] = async (db) => {
  assert.strictEqual(await db.set("k", "v", { expiration: { type: "EX", value: 100 } }), "OK");
  assert.strictEqual(await db.get("k"), "v");
  assert.strictEqual(await db.get("nothing"), null);
  assert.deepStrictEqual({ ...(await db.hGetAll("nothing")) }, {});
  await db.hSet("h", { a: "1", b: "2" });
  assert.deepStrictEqual({ ...(await db.hGetAll("h")) }, { a: "1", b: "2" });
  await db.zAdd("z", [{ score: 1.5, value: "x" }, { score: 2, value: "y" }]);
  assert.strictEqual(await db.zScore("z", "x"), 1.5);
};

cases["commands sent together keep their order"] = async (db) => {
  const sent = [];
  for (let i = 0; i < 1000; ++i) sent.push(db.incr("n"));
  assert.deepStrictEqual(await Promise.all(sent), [...Array(1000).keys()].map((i) => i + 1));
};

cases["a transaction"] = async (db) => {
  assert.deepStrictEqual(await db.multi().set("k", "1").incr("k").get("k").exec(), ["OK", 2, "2"]);
};

cases["an error within a transaction"] = async (db) => {
  const error = await db.multi().set("k", "text").incr("k").exec().catch((e) => e);
  assert.deepStrictEqual(error.errorIndexes, [1]);
  assert.strictEqual(await db.get("k"), "text");
};

cases["a queueing error makes EXEC fail"] = async (db) => {
  await assert.rejects(db.multi().set("k", "1").addCommand(["NOSUCH"]).exec(), /unknown command/);
  assert.strictEqual(await db.exists("k"), 0);
};

cases["a changed watched key makes EXEC fail"] = async (db) => {
  const other = await connect();
  await db.watch("k");
  await other.set("k", "theirs");
  await assert.rejects(db.multi().set("k", "mine").exec(), WatchError);
  assert.strictEqual(await db.get("k"), "theirs");
};

for (const RESP of [2, 3]) {
  cases[`messages, RESP${RESP}`] = async (db) => {
    const listener = await connect({ RESP });
    const received = [];
    await listener.subscribe(["news", "sports"], (text, channel) => received.push([channel, text]));
    await listener.pSubscribe("n*", (text, channel) => received.push(["n*", channel, text]));
    await listener.sSubscribe("orders", (text, channel) => received.push(["shard", channel, text]));
    assert.strictEqual(await db.publish("news", "hello"), 2);
    assert.strictEqual(await db.publish("sports", "goal"), 1);
    assert.strictEqual(await db.sPublish("orders", "one"), 1);
    await until(() => received.length === 4);
    assert.deepStrictEqual(received, [
      ["news", "hello"], ["n*", "news", "hello"], ["sports", "goal"], ["shard", "orders", "one"],
    ]);
    const counts = await db.pubSubNumSub(["news", "x"]);
    assert.deepStrictEqual([Number(counts.news), Number(counts.x)], [1, 0]);
    assert.deepStrictEqual((await db.pubSubChannels()).sort(), ["news", "sports"]);
    assert.deepStrictEqual(await db.pubSubShardChannels(), ["orders"]);
    await listener.sUnsubscribe("orders");
    await listener.pUnsubscribe("n*");
    await listener.unsubscribe(["news", "sports"]);
    assert.strictEqual(await db.publish("news", "nobody"), 0);
    assert.strictEqual(await listener.get("k"), null);
  };
}

cases["RESP3: commands while subscribed"] = async (db) => {
  const received = [];
  await db.subscribe("ch", (text) => received.push(text));
  assert.strictEqual(await db.set("k", "v"), "OK");
  assert.strictEqual(await db.publish("ch", "to myself"), 1);
  assert.deepStrictEqual(await db.multi().get("k").publish("ch", "again").exec(), ["v", 1]);
  await until(() => received.length === 2);
  assert.deepStrictEqual(received, ["to myself", "again"]);
};

cases["client-side caching"] = async (db) => {
  const reader = await connect({ clientSideCache: { ttl: 0, maxEntries: 0 } });
  const hits = () => reader.clientSideCache.stats().hitCount;
  const misses = () => reader.clientSideCache.stats().missCount;
  await db.set("k", "1");
  assert.strictEqual(await reader.get("k"), "1");
  assert.strictEqual(await reader.get("k"), "1");
  assert.deepStrictEqual([hits(), misses()], [1, 1]);
  await db.set("k", "2");
  await until(async () => (await reader.get("k")) === "2");
  assert.strictEqual(misses(), 2);
  assert.match(await db.info("clients"), /tracking_clients:1/);
  await db.flushAll();
  await until(async () => (await reader.get("k")) === null);
  assert.strictEqual(misses(), 3);
  await db.set("k", "3", { expiration: { type: "PX", value: 20 } });
  await until(async () => (await reader.get("k")) === "3");
  await until(async () => (await reader.get("k")) === null);
};

cases["client-side caching of a pool"] = async (db) => {
  const pool = createClientPool({ socket: { host, port, ...(tls ? { tls: true, ...tls } : {}) }, RESP: 3 },
    { minimum: 2, maximum: 4, clientSideCache: { ttl: 0, maxEntries: 0 } });
  await pool.connect();
  try {
    await db.set("k", "1");
    assert.strictEqual(await pool.get("k"), "1");
    assert.strictEqual(await pool.get("k"), "1");
    assert.strictEqual(pool.clientSideCache.stats().hitCount, 1);
    await db.set("k", "2");
    await until(async () => (await pool.get("k")) === "2");
  } finally {
    pool.destroy();
  }
};

cases["users"] = async (db) => {
  await db.aclSetUser("ann", ["on", ">secret", "~cache:*", "&news", "+@read", "+set", "+subscribe", "+client|setinfo"]);
  const ann = await connect({ username: "ann", password: "secret" });
  assert.strictEqual(await ann.set("cache:1", "v"), "OK");
  await assert.rejects(ann.set("other", "v"), /NOPERM/);
  await assert.rejects(ann.del("cache:1"), /NOPERM/);
  await ann.subscribe("news", () => {});
  await db.aclSetUser("ann", "resetchannels");
  await until(() => !ann.isReady);
  await assert.rejects(connect({ username: "ann", password: "wrong" }), /WRONGPASS/);
  assert.strictEqual((await db.aclGetUser("ann")).channels, "");
  assert.strictEqual(await db.aclDelUser("ann"), 1);
};

async function before() {
  for (const db of open.splice(0)) if (db.isOpen) db.destroy();
  const db = await connect();
  await db.flushAll();
  return db;
}

run(cases, before);
