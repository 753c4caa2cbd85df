// Runs the cases of a client library, one after the other. The argument of the program is the
// address of the server in JSON: {"host", "port"}, and {"tls": {"ca", "cert", "key"}}, files, where the port
// speaks TLS.
"use strict";

const fs = require("fs");

const where = JSON.parse(process.argv[2]);
const tls = where.tls && Object.fromEntries(Object.entries(where.tls).map(([name, file]) => [name, fs.readFileSync(file)]));

// Waits until `holds` returns a true value, and returns that value.
async function until(holds) {
  for (let i = 0; i < 500; ++i) {
    const found = await holds();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`not within 5 s: ${holds}`);
}

// `before` runs before each case; the case gets the value to which it resolves.
async function run(cases, before) {
  let failed = 0;
  for (const [title, body] of Object.entries(cases)) {
    try {
      await body(await before());
    } catch (error) {
      ++failed;
      console.log(`FAILED ${title}\n${error.stack}`);
    }
  }
  console.log(`${Object.keys(cases).length} cases, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

module.exports = { host: where.host, port: where.port, tls, until, run };
