// Runs the flows of a package for job queues as cases. What the queues leave in the server is part of each outcome.
"use strict";

const { holdings, run } = require("./cases.js");

// What the server holds, except the keys whose lines match `ofTime`: they depend on the time. `db` is a connection of ioredis.
async function kept({ db, ofTime }) {
  return (await holdings(db)).filter((line) => !ofTime.test(line));
}

// A flow adds what it opens to `test.open`; all of it is closed at the end of the flow.
function runFlows(flows, test) {
  const close = async () => { await Promise.all(test.open.splice(0).reverse().map((one) => one.close())); };

  const cases = Object.fromEntries(Object.entries(flows).map(([title, body]) => [title, async () => {
    const result = await body();
    await close();
    return [result, await kept(test)];
  }]));

  return run(cases, async () => {
    await close();
    await test.db.flushall();
  });
}

module.exports = { kept, runFlows };
