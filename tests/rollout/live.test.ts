/** A step as a person sees it on a terminal. */
import { Emulator } from "../terminal/support/emulator";
import { rollout } from "./support/io";
import { MiniCluster } from "./support/mini-cluster";

jest.setTimeout(60_000);

describe("a step on a terminal", () => {
  let cluster: MiniCluster;
  beforeEach(async () => {
    cluster = await MiniCluster.start();
    cluster.node("s1", "flannel");
    cluster.node("a1", "flannel");
    cluster.workload("coredns", { namespace: "kube-system", replicas: [{ node: "s1" }] });
    cluster.scales = true;
  });
  afterEach(() => cluster.stop());

  const subject = (more = {}) => cluster.subject(more);
  const withoutTimes = (lines: readonly string[]) => lines.map((line) => line.replace(/\d+\.\d s/, "T"));

  test("has a line for each part, with what became of it", async () => {
    const terminal = new Emulator(100);
    const done = await rollout("spread", subject(), undefined, terminal);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(withoutTimes(terminal.all)).toEqual([
      "spread test (T): 3 done",
      "done     identity                        T",
      "done     Deployment kube-system/coredns  T  1 -> 2 replicas",
      "done     Deployment kube-system/traefik  T  stays as it is: it does not exist",
    ]);
  });

  test("fits 40 columns", async () => {
    const terminal = new Emulator(40);
    await rollout("spread", subject(), undefined, terminal);
    expect(withoutTimes(terminal.all)).toEqual([
      "spread test (T): 3 done",
      "done     identity        T",
      expect.stringMatching(/^done {5}Deployment ... {2}T {2}/),
      expect.stringMatching(/^done {5}Deployment ... {2}T {2}/),
    ]);
  });

  test("that is interrupted says where, and leaves the cursor below", async () => {
    const terminal = new Emulator(100);
    const interrupted = new AbortController();
    const write = terminal.write.bind(terminal);
    jest.spyOn(terminal, "write").mockImplementation((text) => {
      const begins = /running +Deployment kube-system\/coredns/.test(text) && !interrupted.signal.aborted;
      write(text);
      if (begins) {
        write("^C");
        interrupted.abort(new Error("interrupted by SIGINT"));
      }
      return true;
    });
    const done = await rollout("spread", subject(), interrupted.signal, terminal);
    expect(done).toMatchObject({ exitCode: 130, stdout: "" });
    const lines = terminal.all;
    expect(lines[0]).toMatch(/^spread test \(\d+\.\d s\): 1 done, 1 stopped$/);
    expect(lines[2]).toMatch(/^stopped {2}Deployment kube-system\/coredns /);
    expect(lines[3]).toMatch(/^error: /);
    expect(lines.join("\n")).toContain("interrupted by SIGINT");
    expect(terminal.cursor.column).toBe(0);
  });

  test("is plain lines for who keeps them", async () => {
    const done = await rollout("spread", subject());
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(done.stderr).not.toMatch(/\x1b/);
    expect(done.stderr).toMatch(/^test: Deployment kube-system\/coredns: 1 -> 2 replicas \(after .*\)$/m);
  });
});
