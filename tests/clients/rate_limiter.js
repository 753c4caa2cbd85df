// Runs the rate limiters of rate-limiter-flexible against a server, over ioredis and over node's redis. Usage: node
// rate_limiter.js WHERE (see cases.js); NODE_PATH finds the packages.
"use strict";

const assert = require("assert");
const Redis = require("ioredis");
const redis = require("redis");
const { RateLimiterRedis, RateLimiterUnion, RateLimiterQueue, BurstyRateLimiter, RLWrapperBlackAndWhite } = require("rate-limiter-flexible");
const { host, port, until, run, holdings } = require("./cases.js");

const db = new Redis({ host, port });
const node = redis.createClient({ socket: { host, port } });
const cases = {};

// What a limiter says of a key, without times.
const shown = ({ consumedPoints, remainingPoints, isFirstInDuration }) => [consumedPoints, remainingPoints, isFirstInDuration];

async function refusal(promise) {
  try {
    await promise;
  } catch (refused) {
    if (refused instanceof Error) throw refused;
    return refused;
  }
  return assert.fail("the limiter did not refuse");
}

function flows(name, client, more) {
  const limiter = (options) => new RateLimiterRedis({ storeClient: client, ...more, ...options });

  cases[`${name}: points are consumed until none is left`] = async () => {
    const limits = limiter({ points: 3, duration: 60, keyPrefix: "limit" });
    const seen = [];
    for (let n = 0; n < 3; ++n) seen.push(shown(await limits.consume("user")));
    assert.deepStrictEqual(seen, [[1, 2, true], [2, 1, false], [3, 0, false]]);
    const refused = await refusal(limits.consume("user"));
    assert.deepStrictEqual(shown(refused), [4, 0, false]);
    assert.ok(refused.msBeforeNext > 55_000 && refused.msBeforeNext <= 60_000);
    assert.deepStrictEqual(shown(await limits.consume("other", 2)), [2, 1, true]);
    assert.deepStrictEqual(shown(await limits.get("user")), [4, 0, false]);
    return holdings(db);
  };

  cases[`${name}: the points come back`] = async () => {
    const limits = limiter({ points: 1, duration: 1 });
    await limits.consume("user");
    const refused = await refusal(limits.consume("user"));
    assert.ok(refused.msBeforeNext > 0 && refused.msBeforeNext <= 1000);
    await until(async () => (await limits.get("user")) === null);
    return shown(await limits.consume("user"));
  };

  cases[`${name}: penalty, reward, set, delete`] = async () => {
    const limits = limiter({ points: 5, duration: 60 });
    const seen = [];
    for (const change of [limits.penalty("user", 2), limits.reward("user"), limits.set("user", 4, 30), limits.get("user")]) {
      seen.push(shown(await change));
    }
    assert.ok((await db.pttl("rlflx:user")) <= 30_000);
    assert.strictEqual(await limits.delete("user"), true);
    assert.strictEqual(await limits.delete("user"), false);
    assert.strictEqual(await limits.get("user"), null);
    return seen;
  };

  cases[`${name}: who asks for too much is blocked`] = async () => {
    const limits = limiter({ points: 2, duration: 1, blockDuration: 100 });
    await limits.consume("user", 2);
    assert.ok((await refusal(limits.consume("user"))).msBeforeNext > 90_000);
    await limits.block("other", 50);
    assert.ok((await refusal(limits.consume("other"))).msBeforeNext > 40_000);
    return holdings(db);
  };

  cases[`${name}: 200 requests at once get exactly the points`] = async () => {
    const limits = limiter({ points: 50, duration: 60 });
    const results = await Promise.allSettled([...Array(200).keys()].map(() => limits.consume("user")));
    const given = results.filter((one) => one.status === "fulfilled").map((one) => one.value.consumedPoints);
    assert.deepStrictEqual(given.sort((a, b) => a - b), [...Array(50).keys()].map((n) => n + 1));
    return db.get("rlflx:user");
  };

  cases[`${name}: without an end`] = async () => {
    const limits = limiter({ points: 2, duration: 0 });
    await limits.consume("user");
    assert.strictEqual(await db.pttl("rlflx:user"), -1);
    return shown(await limits.consume("user"));
  };

  cases[`${name}: limiters together`] = async () => {
    const both = new RateLimiterUnion(limiter({ keyPrefix: "a", points: 2, duration: 60 }), limiter({ keyPrefix: "b", points: 1, duration: 60 }));
    await both.consume("user");
    assert.deepStrictEqual(Object.keys(await refusal(both.consume("user"))), ["b"]);
    const bursty = new BurstyRateLimiter(limiter({ points: 1, duration: 60 }), limiter({ keyPrefix: "burst", points: 1, duration: 90 }));
    await bursty.consume("user");
    await bursty.consume("user");
    await refusal(bursty.consume("user"));
    const listed = new RLWrapperBlackAndWhite({ limiter: limiter({ points: 0, duration: 60 }), whiteList: ["friend"], blackList: ["enemy"] });
    await listed.consume("friend");
    await refusal(listed.consume("enemy"));
    return holdings(db);
  };

  cases[`${name}: a queue of requests`] = async () => {
    const queue = new RateLimiterQueue(limiter({ points: 2, duration: 1 }), { maxQueueSize: 3 });
    const start = Date.now();
    const left = await Promise.all([1, 2, 3].map(() => queue.removeTokens(1, "user")));
    assert.ok(Date.now() - start >= 500, `${Date.now() - start}`);
    return left;
  };
}

flows("ioredis", db, {});
flows("redis", node, { useRedisPackage: true });

async function before() {
  if (!node.isOpen) await node.connect();
  await db.flushall();
}

run(cases, before);
