// Runs the cases of a client library, one after the other. The argument of the program is the
// address of the server in JSON: {"host", "port"}, and {"tls": {"ca", "cert", "key"}}, files, where the port
// speaks TLS. With {"outcomes": true} a line in JSON shows what each case resolved to.
"use strict";

const fs = require("fs");

const where = JSON.parse(process.argv[2]);
const tls = where.tls && Object.fromEntries(Object.entries(where.tls).map(([name, file]) => [name, fs.readFileSync(file)]));

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits until `holds` returns a true value, and returns that value.
async function until(holds) {
  for (let i = 0; i < 500; ++i) {
    const found = await holds();
    if (found) return found;
    await sleep(10);
  }
  throw new Error(`not within 5 s: ${holds}`);
}

// `before` runs before each case; the case gets the value to which it resolves.
async function run(cases, before) {
  let failed = 0;
  for (const [title, body] of Object.entries(cases)) {
    try {
      const outcome = await body(await before());
      if (where.outcomes) console.log(JSON.stringify({ title, outcome }));
    } catch (error) {
      ++failed;
      console.log(`FAILED ${title}\n${error.stack}`);
    }
  }
  console.log(`${Object.keys(cases).length} cases, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

const SIZES = { list: "LLEN", set: "SCARD", hash: "HLEN", zset: "ZCARD", stream: "XLEN" };

// All keys of an ioredis connection with their types and sizes. Names are shown without random identifiers and times.
async function holdings(db) {
  const found = await Promise.all((await db.keys("*")).map(async (name) => {
    const type = await db.type(name);
    const plain = name.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID").replace(/\d{13}/g, "TIME");
    return type === "string" ? `${plain} ${type}` : `${plain} ${type} ${await db.call(SIZES[type], name)}`;
  }));
  return found.sort();
}

module.exports = { host: where.host, port: where.port, tls, sleep, until, run, holdings };
