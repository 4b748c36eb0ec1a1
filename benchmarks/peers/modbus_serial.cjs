// modbus-serial: reads all registers of the benchmark device and turns them into numbers.
// Arguments: port, unit, number of registers, number of connections.
"use strict";

const { serve } = require("./commands.cjs");
const ModbusRTU = require("modbus-serial");

const [port, unit, registers, connections] = process.argv.slice(2).map(Number);

function numbers(buffer) {
  const values = new Array(registers / 2);
  for (let i = 0; i < values.length; i++) values[i] = buffer.readFloatBE(4 * i);
  return values;
}

async function connect() {
  const client = new ModbusRTU();
  await client.connectTCP("127.0.0.1", { port });
  client.setID(unit);
  client.setTimeout(3000);
  return async () => {
    const values = numbers((await client.readHoldingRegisters(0, registers)).buffer);
    if (values.length !== registers / 2) throw new Error("wrong number of values");
  };
}

async function main() {
  const reads = [];
  for (let i = 0; i < connections; i++) reads.push(await connect());
  serve(reads);
}

main();
