// Checks ioredis against a server. Usage: node ioredis.js WHERE (see cases.js); NODE_PATH finds
// ioredis.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");
const { host, port, tls, until, run } = require("./cases.js");

const open = [];
const cases = {};

// Another connection, closed with the case.
function connect(options = {}) {
  const db = new Redis({ host, port, tls, retryStrategy: null, ...options });
  open.push(db);
  return db;
}

// The next `count` events of a name, as lists of their arguments.
function events(db, name, count) {
  return new Promise((done) => {
    const received = [];
    db.on(name, (...words) => {
      received.push(words);
      if (received.length === count) done(received);
    });
  });
}

cases["text and binary values"] = async (db) => {
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
  await db.set("k", "v", "PX", 200);
  assert.ok((await db.pttl("k")) > 0);
  await until(async () => (await db.get("k")) === null);
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

cases["SCAN returns every key"] = async (db) => {
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

cases["error texts of the server"] = async (db) => {
  await assert.rejects(db.call("NOSUCH", "a"), /unknown command 'NOSUCH'/);
  await assert.rejects(db.call("GET"), /wrong number of arguments for 'get' command/);
  await assert.rejects(db.set("k", "v", "EX", 0), /invalid expire time in 'set' command/);
};

cases["another database and a connection name at connect"] = async () => {
  const other = connect({ db: 5, connectionName: "fifth" });
  await other.set("k", "five");
  assert.strictEqual(await other.get("k"), "five");
  assert.strictEqual(await other.client("GETNAME"), "fifth");
  await other.flushdb();
};

cases["a transaction"] = async (db) => {
  const replies = await db.multi().set("k", "1").incr("k").lpush("k", "x").get("k").exec();
  assert.deepStrictEqual([replies[0], replies[1], replies[3]], [[null, "OK"], [null, 2], [null, "2"]]);
  assert.match(replies[2][0].message, /WRONGTYPE/);
};

cases["a queueing error makes EXEC fail"] = async (db) => {
  await assert.rejects(db.multi().set("k", "1").call("NOSUCH").exec(), /EXECABORT/);
  assert.strictEqual(await db.exists("k"), 0);
};

cases["a transaction sent step by step, and DISCARD"] = async (db) => {
  await db.multi({ pipeline: false });
  assert.strictEqual(await db.set("k", "1"), "QUEUED");
  assert.deepStrictEqual(await db.exec(), [[null, "OK"]]);
  await db.multi({ pipeline: false });
  await db.set("k", "2");
  assert.strictEqual(await db.discard(), "OK");
  assert.strictEqual(await db.get("k"), "1");
};

cases["a changed watched key makes EXEC fail"] = async (db) => {
  const other = connect();
  await db.watch("k");
  await other.set("k", "theirs");
  assert.strictEqual(await db.multi().set("k", "mine").exec(), null);
  assert.strictEqual(await db.get("k"), "theirs");
  await db.watch("k");
  await db.unwatch();
  await other.set("k", "again");
  assert.deepStrictEqual(await db.multi().get("k").exec(), [[null, "again"]]);
};

cases["messages of channels and patterns"] = async (db) => {
  const listener = connect();
  assert.strictEqual(await listener.subscribe("news", "sports"), 2);
  assert.strictEqual(await listener.psubscribe("n*"), 3);
  const messages = events(listener, "message", 2);
  const matched = events(listener, "pmessage", 1);
  assert.strictEqual(await db.publish("news", "hello"), 2);
  assert.strictEqual(await db.publish("sports", "goal"), 1);
  assert.deepStrictEqual(await messages, [["news", "hello"], ["sports", "goal"]]);
  assert.deepStrictEqual(await matched, [["n*", "news", "hello"]]);
  assert.deepStrictEqual(await db.pubsub("NUMSUB", "news", "x"), ["news", 1, "x", 0]);
  await assert.rejects(listener.get("k"), /subscriber mode/);
  assert.strictEqual(await listener.unsubscribe("news", "sports"), 1);
  assert.strictEqual(await listener.punsubscribe("n*"), 0);
  assert.strictEqual(await listener.get("k"), null);
};

cases["messages of shard channels"] = async (db) => {
  const listener = connect();
  assert.strictEqual(await listener.ssubscribe("orders"), 1);
  const messages = events(listener, "smessage", 1);
  assert.strictEqual(await db.spublish("orders", "one"), 1);
  assert.deepStrictEqual(await messages, [["orders", "one"]]);
  assert.strictEqual(await listener.sunsubscribe("orders"), 0);
};

cases["binary messages"] = async (db) => {
  const listener = connect();
  await listener.subscribe("bytes");
  const messages = events(listener, "messageBuffer", 1);
  const bytes = Buffer.from([0, 13, 10, 255]);
  await db.publish("bytes", bytes);
  assert.deepStrictEqual((await messages)[0][1], bytes);
};

cases["a thousand messages in order"] = async (db) => {
  const listener = connect();
  await listener.subscribe("ch");
  const messages = events(listener, "message", 1000);
  const pipe = db.pipeline();
  for (let i = 0; i < 1000; ++i) pipe.publish("ch", i);
  await pipe.exec();
  assert.deepStrictEqual((await messages).map(([, text]) => Number(text)), [...Array(1000).keys()]);
};

cases["keyspace notifications"] = async (db) => {
  const listener = connect();
  await db.config("SET", "notify-keyspace-events", "KEA");
  await listener.psubscribe("__keyevent@0__:*");
  const messages = events(listener, "pmessage", 3);
  await db.set("k", "v", "PX", 20);
  assert.deepStrictEqual((await messages).map(([, channel]) => channel.split(":")[1]), ["set", "expire", "expired"]);
  await db.config("SET", "notify-keyspace-events", "");
};

cases["MONITOR"] = async (db) => {
  const monitor = await connect().monitor();
  open.push(monitor);
  const seen = events(monitor, "monitor", 1);
  await db.set("k", "a b");
  assert.deepStrictEqual((await seen)[0][1], ["set", "k", "a b"]);
};

// ioredis supports RESP2 only: another connection gets the invalidations. ioredis joins a list of keys to
// one text.
cases["client-side caching by redirection"] = async (db) => {
  const listener = connect();
  const id = await listener.client("ID");
  await listener.subscribe("__redis__:invalidate");
  const received = [];
  listener.on("message", (channel, keys) => received.push([channel, keys]));
  const reader = connect();
  assert.strictEqual(await reader.client("TRACKING", "ON", "REDIRECT", id), "OK");
  assert.strictEqual(await reader.client("GETREDIR"), id);
  await reader.mget("a", "b");
  await db.set("a", "1");
  await db.set("other", "1");
  await db.set("b", "1");
  await until(() => received.length === 2);
  assert.deepStrictEqual(received, [["__redis__:invalidate", "a"], ["__redis__:invalidate", "b"]]);
  await db.flushall();
  await until(() => received.length === 3);
  assert.deepStrictEqual(received[2], ["__redis__:invalidate", ""]);
  assert.match(await db.info("stats"), /tracking_total_keys:0/);
  assert.match(await db.info("clients"), /tracking_clients:1/);
};

cases["client-side caching by prefixes"] = async (db) => {
  const listener = connect();
  const id = await listener.client("ID");
  await listener.subscribe("__redis__:invalidate");
  const received = [];
  listener.on("message", (channel, keys) => received.push(keys));
  await connect().client("TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", "user:");
  await db.mset("user:2", "x", "order:1", "y", "user:1", "z");
  await until(() => received.length === 1);
  assert.deepStrictEqual(received, ["user:1,user:2"]);
};

cases["users"] = async (db) => {
  await db.acl("SETUSER", "ann", "on", ">secret", "~cache:*", "&news", "+@read", "+set", "+subscribe");
  const ann = connect({ username: "ann", password: "secret" });
  assert.strictEqual(await ann.set("cache:1", "v"), "OK");
  await assert.rejects(ann.set("other", "v"), /NOPERM/);
  await assert.rejects(ann.del("cache:1"), /NOPERM/);
  await assert.rejects(ann.subscribe("sports"), /NOPERM/);
  const listener = connect({ username: "ann", password: "secret" });
  await listener.subscribe("news");
  const ended = events(listener, "close", 1);
  await db.acl("SETUSER", "ann", "resetchannels");
  await ended;
  const unauthenticated = connect({ username: "ann", password: "wrong", lazyConnect: true });
  unauthenticated.on("error", () => {});
  await assert.rejects(unauthenticated.connect().then(() => unauthenticated.get("cache:1")));
  assert.strictEqual(await db.acl("DELUSER", "ann"), 1);
};

async function before() {
  for (const db of open.splice(0)) db.disconnect();
  const db = connect();
  await db.flushall();
  return db;
}

run(cases, before);
