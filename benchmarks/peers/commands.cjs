// Shared by the peers: read when told to, and tell how much CPU it took.
"use strict";

// stdout carries answers only; libraries like to talk there
console.log = console.error;

const readline = require("node:readline");

// `reads` holds one function per connection; each returns a promise of one finished read.
function serve(reads) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const each = Math.floor(Number(line) / reads.length);
    const before = process.cpuUsage();
    await Promise.all(
      reads.map(async (read) => {
        for (let i = 0; i < each; i++) await read();
      }),
    );
    const used = process.cpuUsage(before);
    const cpu_s = ((used.user + used.system) / 1e6) * (Number(line) / (each * reads.length));
    process.stdout.write(JSON.stringify({ cpu_s }) + "\n");
  });
  lines.on("close", () => process.exit(0));
  process.stdout.write("ready\n");
}

module.exports = { serve };
