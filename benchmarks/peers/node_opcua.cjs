// node-opcua: one Read of all nodes of the benchmark device.
// Arguments: port, namespace index, number of connections, names of the nodes separated by commas.
"use strict";

const { serve } = require("./commands.cjs");
const { OPCUAClient, AttributeIds, MessageSecurityMode, SecurityPolicy } = require("node-opcua-client");

const [port, namespace, connections] = process.argv.slice(2, 5).map(Number);
const nodes = process.argv[5].split(",").map((name) => ({
  nodeId: `ns=${namespace};s=${name}`,
  attributeId: AttributeIds.Value,
}));

async function connect() {
  const client = OPCUAClient.create({
    endpointMustExist: false,
    securityMode: MessageSecurityMode.None,
    securityPolicy: SecurityPolicy.None,
    keepSessionAlive: false,
    transportTimeout: 60000,
  });
  const url = `opc.tcp://127.0.0.1:${port}/`;
  await client.connect(url);
  const session = await client.createSession();
  return async () => {
    const values = await session.read(nodes);
    if (values.length !== nodes.length || typeof values[0].value.value !== "number") {
      throw new Error("wrong answer");
    }
  };
}

async function main() {
  const reads = [];
  for (let i = 0; i < connections; i++) reads.push(await connect());
  serve(reads);
}

main();
