// Checks ioredis and redis with TLS. Usage: node tls.js PORT FOLDER, which contains ca.crt, client.crt and
// client.key; NODE_PATH finds the packages.
"use strict";

const assert = require("assert");
const fs = require("fs");
const path = require("path");
const Redis = require("ioredis");
const { createClient } = require("redis");

const port = Number(process.argv[2]);
const file = (name) => fs.readFileSync(path.join(process.argv[3], name));
const tls = { ca: file("ca.crt"), cert: file("client.crt"), key: file("client.key"), servername: "localhost" };
const large = "x".repeat(200000);

async function ioredis() {
  const db = new Redis({ host: "127.0.0.1", port, tls });
  assert.strictEqual(await db.set("k", large), "OK");
  assert.strictEqual(await db.get("k"), large);
  const pipe = db.pipeline();
  for (let i = 0; i < 2000; ++i) pipe.set(`k${i}`, i).get(`k${i}`);
  const replies = await pipe.exec();
  for (let i = 0; i < 2000; ++i) assert.deepStrictEqual(replies[2 * i + 1], [null, String(i)]);
  const listener = new Redis({ host: "127.0.0.1", port, tls });
  const received = new Promise((resolve) => listener.on("message", (channel, text) => resolve([channel, text])));
  await listener.subscribe("ch");
  assert.strictEqual(await db.publish("ch", "news"), 1);
  assert.deepStrictEqual(await received, ["ch", "news"]);
  listener.disconnect();
  db.disconnect();
}

async function redis() {
  const db = createClient({ socket: { host: "127.0.0.1", port, tls: true, ...tls } });
  await db.connect();
  assert.strictEqual(await db.set("k", large), "OK");
  assert.strictEqual(await db.get("k"), large);
  const both = await Promise.all([db.incr("n"), db.incr("n")]);
  assert.deepStrictEqual(both.map((n) => n - both[0]), [0, 1]);
  assert.deepStrictEqual(await db.multi().set("a", "1").get("a").exec(), ["OK", "1"]);
  await db.quit();
}

async function rejectedWithoutCertificate() {
  const { ca, servername } = tls;
  const db = new Redis({ host: "127.0.0.1", port, tls: { ca, servername }, retryStrategy: null, maxRetriesPerRequest: 0 });
  db.on("error", () => {});
  await assert.rejects(db.get("k"));
  db.disconnect();
}

(async () => {
  await ioredis();
  await redis();
  await rejectedWithoutCertificate();
})().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
