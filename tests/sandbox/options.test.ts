import { readOptions } from "../../sandbox/options";

test("defaults", () => {
  expect(readOptions({})).toEqual({
    stack: "sandbox",
    nodes: 3,
    engine: undefined,
    charts: undefined,
    podPorts: undefined,
    ports: { first: 20_000, last: 31_999 },
    keep: false,
    json: false,
  });
});

test("reads every option", () => {
  const options = readOptions({
    stack: "prod",
    nodes: "12",
    engine: "in-process",
    charts: "stand-ins",
    "pod-ports": "9000=127.0.0.1:19000,9500=localhost:19500",
    ports: "4000-4010",
    keep: true,
    json: true,
  });
  expect(options).toEqual({
    stack: "prod",
    nodes: 12,
    engine: "in-process",
    charts: null,
    podPorts: [
      { port: 9000, address: "127.0.0.1", targetPort: 19_000 },
      { port: 9500, address: "localhost", targetPort: 19_500 },
    ],
    ports: { first: 4000, last: 4010 },
    keep: true,
    json: true,
  });
});

test.each([
  [{ nodes: "0" }, '--nodes: got "0"'],
  [{ nodes: "501" }, '--nodes: got "501"'],
  [{ nodes: "2.5" }, '--nodes: got "2.5"'],
  [{ nodes: "many" }, "a whole number from 1 to 500"],
  [{ engine: "real" }, "allowed: cli, in-process"],
  [{ ports: "5000" }, "allowed is a range such as 20000-31999"],
  [{ ports: "6000-5000" }, '--ports: got "6000-5000"'],
  [{ ports: "1-70000" }, '--ports: got "1-70000"'],
  [{ "pod-ports": "9000" }, '--pod-ports: "9000" is no PORT=ADDRESS:PORT'],
  [{ "pod-ports": "9000=127.0.0.1:19000,x" }, '--pod-ports: "x"'],
  [{ "pod-ports": "0=127.0.0.1:19000" }, '--pod-ports: "0=127.0.0.1:19000"'],
  [{ "pod-ports": "9000=127.0.0.1:99999" }, '--pod-ports: "9000=127.0.0.1:99999"'],
])("refuses %j", (flags, message) => {
  expect(() => readOptions(flags)).toThrow(message);
});
