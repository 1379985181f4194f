import { createServer, type AddressInfo, type Server } from "node:net";
import { freePorts } from "../../sandbox/ports";

function listen(port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1" }, () => resolve(server));
  });
}

test("gives different ports of the range that can be used", async () => {
  const ports = await freePorts(4, { first: 23_000, last: 29_000 });
  expect(new Set(ports).size).toBe(4);
  const servers = await Promise.all(ports.map((port) => listen(port)));
  for (const server of servers) server.close();
  for (const port of ports) expect(port >= 23_000 && port <= 29_000).toBe(true);
});

test("says which range is full", async () => {
  const server = await listen();
  const { port } = server.address() as AddressInfo;
  try {
    await expect(freePorts(1, { first: port, last: port })).rejects.toThrow(
      `no free port: the sandbox needs 1 ports on 127.0.0.1 between ${port} and ${port}, and 0 are free`,
    );
  } finally {
    server.close();
  }
});
