import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { HostReader } from "../../../checks/hosts/reader";
import { exchange, type PortRound, type Station } from "../../../checks/preflight/port-round";
import { serverFacts } from "../support/machines";

const SCRIPT = join(__dirname, "../../../checks/preflight/port-probe.sh");
const UDP: PortRound = { port: { protocol: "UDP", port: 4789, purpose: "VXLAN" }, device: "vxlan.calico", mtu: 1500 };
const TCP: PortRound = { port: { protocol: "TCP", port: 5473, purpose: "Typha" }, device: "vxlan.calico", mtu: 1500 };

type Lines = Parameters<typeof serverFacts>[0];
const station = (name: string, last: number, lines: Lines = {}): Station => ({
  name,
  address: `192.0.2.${last}`,
  facts: serverFacts(lines),
});

/** What a machine answers: lines of a listener, and lines of everything that is sent. */
interface Script {
  readonly listen?: readonly string[];
  readonly send?: readonly string[];
}

/** A reader whose machines say what the test wrote down; keeps the commands. */
function scripted(scripts: Record<string, Script>): { reader: HostReader; commands: string[] } {
  const commands: string[] = [];
  const asRoot: HostReader["asRoot"] = async (name, command, { stdin, onLine } = {}) => {
    const words = command.split("port-probe ").at(-1)!;
    commands.push(`${name}: ${words}`);
    const lines = (words.startsWith("listen") ? scripts[name]?.listen : scripts[name]?.send) ?? [];
    if (words.startsWith("listen") && lines.length > 0) {
      for (const line of lines) onLine?.(line, "stdout");
      await once(stdin as NodeJS.ReadableStream, "finish");
    }
    return { code: 0, stdout: lines.map((line) => `${line}\n`).join(""), stderr: "" };
  };
  return { reader: { asRoot } as unknown as HostReader, commands };
}

async function results(round: PortRound, stations: readonly Station[], scripts: Record<string, Script>) {
  const { reader, commands } = scripted(scripts);
  const found = await exchange(reader, stations, round, new AbortController().signal);
  const flat = [...found].flatMap(([to, from]) =>
    [...from].map(([name, result]) => [`${name}->${to}`, result] as const),
  );
  return { pairs: Object.fromEntries(flat), commands };
}

describe("an exchange on a port", () => {
  const both = [station("s1", 11), station("a1", 21)];

  it("sends small and the largest datagrams from each to each", async () => {
    const { pairs, commands } = await results(UDP, both, {
      s1: { listen: ["ready", "got a1 64", "got a1 1472"] },
      a1: { listen: ["ready", "got s1 64"], send: ["too-big 1472"] },
    });
    expect(pairs).toEqual({
      "a1->s1": { kind: "through", how: "datagrams of 64 and 1472 bytes arrived" },
      "s1->a1": { kind: "too-big", how: "small datagrams arrived, those of 1472 bytes (MTU 1500) did not" },
    });
    expect(commands).toEqual([
      "s1: listen udp 192.0.2.11 4789 30",
      "a1: listen udp 192.0.2.21 4789 30",
      "s1: send udp 4789 s1 '64,1472' 192.0.2.21",
      "a1: send udp 4789 a1 '64,1472' 192.0.2.11",
    ]);
  });

  it("knows a blocked way from one that it could not try", async () => {
    const { pairs } = await results(UDP, [...both, station("a2", 22)], {
      s1: { listen: ["ready", "got a1 1472", "got a2 1472"] },
      a1: { listen: ["no-tool"], send: ["no-tool"] },
      a2: { listen: ["ready", "got s1 1472"] },
    });
    expect(pairs["s1->a2"]?.kind).toBe("through");
    expect(pairs["a2->a1"]).toEqual({ kind: "unknown", how: "a1 has neither python3, perl nor socat to listen with" });
    expect(pairs["a1->a2"]).toEqual({ kind: "unknown", how: "a1 has neither python3, perl nor socat to send with" });
    const silent = await results(UDP, both, { s1: { listen: ["ready"] }, a1: { listen: ["ready", "got s1 1472"] } });
    expect(silent.pairs["a1->s1"]).toEqual({ kind: "blocked", how: "no datagram arrived" });
  });

  it("goes through the tunnel where the CNI's device holds the port", async () => {
    const tunnel = (last: number): Lines => ({
      link: ["eth0", "vxlan.calico"],
      interface: [`eth0 1500 UP 192.0.2.${last}/24`, `vxlan.calico 1450 UNKNOWN 10.42.128.${last}/32`],
    });
    const stations = [station("s1", 11, tunnel(11)), station("a1", 21, tunnel(21)), station("a2", 22)];
    const { pairs, commands } = await results(UDP, stations, {
      s1: { send: ["10.42.128.21 open"] },
      a1: { send: ["10.42.128.11 silent"] },
      a2: { listen: ["ready", "got s1 1472", "got a1 1472"] },
    });
    expect(commands).toContain("s1: reach 10250 3 10.42.128.21");
    expect(pairs).toMatchObject({
      "s1->a1": { kind: "through", how: "TCP 10.42.128.21:10250 through vxlan.calico: open" },
      "a1->s1": { kind: "blocked", how: "TCP 10.42.128.11:10250 through vxlan.calico: silent" },
      "a2->s1": { kind: "unknown", how: "vxlan.calico holds the port on s1, and a2 has no such device yet" },
      "s1->a2": { kind: "through" },
    });
  });

  it("says who holds the port where it is neither free nor the CNI's", async () => {
    const stations = [station("s1", 11, { listening: "udp 4789" }), station("a1", 21)];
    const { pairs } = await results(UDP, stations, { a1: { listen: ["busy"] } });
    expect(pairs).toEqual({
      "a1->s1": { kind: "blocked", how: "UDP 4789 on s1 is in use by something else" },
      "s1->a1": { kind: "blocked", how: "UDP 4789 on a1 is in use by something else" },
    });
  });

  it("connects over TCP to Typha where it runs, else to a listener of its own; a refusal is a firewall's", async () => {
    const stations = [station("s1", 11, { listening: "tcp 5473" }), station("a1", 21)];
    const { pairs, commands } = await results(TCP, stations, {
      s1: { send: ["192.0.2.21 refused"] },
      a1: { listen: ["ready"], send: ["192.0.2.11 open"] },
    });
    expect(commands).not.toContain("s1: listen tcp 192.0.2.11 5473 30");
    expect(pairs).toEqual({
      "a1->s1": { kind: "through", how: "connection to 192.0.2.11:5473: open" },
      "s1->a1": { kind: "blocked", how: "connection to 192.0.2.21:5473: refused" },
    });
  });

  it("does not wait for a listener that ends without a word", async () => {
    const { pairs } = await results(UDP, both, { s1: {}, a1: { listen: ["ready"] } });
    expect(pairs["a1->s1"]).toEqual({ kind: "unknown", how: "the listener on s1 ended before it was ready" });
  });
});

const TOOLS = ["python3", "perl", "socat"].filter((tool) => {
  try {
    execFileSync("sh", [SCRIPT, "reach", "1", "1"], {
      env: { ...process.env, PORT_PROBE_TOOLS: tool },
      encoding: "utf8",
    });
    return !execFileSync("sh", [SCRIPT, "reach", "1", "1"], {
      env: { ...process.env, PORT_PROBE_TOOLS: tool },
    }).includes("no-tool");
  } catch {
    return false;
  }
});

describe("port-probe.sh", () => {
  jest.setTimeout(60_000);
  const probe = (tool: string, ...words: readonly string[]): string =>
    execFileSync("sh", [SCRIPT, ...words], {
      env: { ...process.env, PORT_PROBE_TOOLS: tool },
      input: "",
      encoding: "utf8",
    });

  /** A listener on a free port; `stop` ends its input and gives back what it printed. */
  async function listener(tool: string, kind: "udp" | "tcp") {
    for (let port = 20_000 + Math.floor(Math.random() * 20_000); ; port += 1) {
      const child = spawn("sh", [SCRIPT, "listen", kind, "127.0.0.1", String(port), "30"], {
        env: { ...process.env, PORT_PROBE_TOOLS: tool },
        stdio: ["pipe", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      while (!/ready|busy/.test(text)) await once(child.stdout, "data");
      const stop = async (): Promise<string[]> => {
        child.stdin.end();
        if (child.exitCode === null) await once(child, "close");
        return text.trim().split("\n");
      };
      if (text.includes("ready")) return { port: String(port), stop };
      await stop();
    }
  }

  (TOOLS.length > 0 ? it.each(TOOLS) : it.skip.each(["no tool here"]))(
    "%s: datagrams arrive with their size",
    async (tool) => {
      const { port, stop } = await listener(tool, "udp");
      expect(probe(tool, "listen", "udp", "127.0.0.1", port, "1").trim()).toBe("busy");
      probe(tool, "send", "udp", port, "node-a", "64,1472", "127.0.0.1");
      // Sent and received on one machine: they are in the socket before the input ends.
      const lines = await stop();
      expect(new Set(lines)).toEqual(new Set(["ready", "got node-a 64", "got node-a 1472"]));
    },
  );

  (TOOLS.length > 0 ? it.each(TOOLS) : it.skip.each(["no tool here"]))(
    "%s: a connection is open or refused",
    async (tool) => {
      const { port, stop } = await listener(tool, "tcp");
      expect(probe(tool, "reach", port, "2", "127.0.0.1").trim()).toBe("127.0.0.1 open");
      await stop();
      expect(probe(tool, "reach", port, "2", "127.0.0.1").trim()).toBe("127.0.0.1 refused");
    },
  );

  it("says so where there is no tool, and how it is used", () => {
    expect(probe("none-of-these", "reach", "1", "1").trim()).toBe("no-tool");
    expect(() => execFileSync("sh", [SCRIPT], { stdio: "pipe" })).toThrow(/usage: port-probe/);
  });
});
