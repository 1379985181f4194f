/**
 * The probe pods of `npm run validate` on real nodes: who may connect to whom, seen from pods. The lab's stand-in for
 * Calico enforces what comes into a pod and not what leaves it, which the probes must notice; LAB_EXTRAS puts the real
 * Felix in its place, and then every line must hold.
 */
import { policyContext } from "../../components/network-policies/context";
import { POD_LABELS } from "../../components/network-policies/endpoints";
import { renderPolicies } from "../../components/network-policies/render";
import { PROBE_SELECTOR } from "../../checks/probe-pods/names";
import { parseConfig } from "../../config/parse";
import { Progress } from "../../sandbox/progress";
import { calicoLab, type Checked, checked } from "./checked";
import type { Flow } from "./flow/flow";
import type { Lab } from "./lab";
import { waitFor } from "./processes";
import { whyNoLab } from "./tools";

const NAMESPACE = "financial-ml";
const MINUTES = 60_000;
const why = whyNoLab();
const suite = why === undefined ? describe : describe.skip;
/** Lines about what leaves a pod for somebody without policies of ours. */
const OUTWARD = / -> (a pod elsewhere|apiserver):/;
const isFelixReal = process.env["LAB_EXTRAS"] !== undefined;

interface Report {
  readonly checks: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly findings: readonly { readonly target: string; readonly verdict: string; readonly actual: string }[];
  }[];
}

suite(`policies probed on real nodes${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: { readonly lab: Lab; readonly flow: Flow };

  beforeAll(async () => {
    cluster = await calicoLab(new Progress());
    const { config, faults } = parseConfig(cluster.flow.values, new Set(["k3sToken"]));
    if (config === undefined) throw new Error(JSON.stringify(faults));
    await kubectl("create", "namespace", NAMESPACE);
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "seldon-scheduler", namespace: NAMESPACE },
      spec: { selector: POD_LABELS.scheduler, ports: [{ name: "agent", port: 9005 }] },
    };
    await apply([service, ...renderPolicies(policyContext(config))]);
  }, 10 * MINUTES);

  afterAll(async () => {
    await cluster?.lab.stop();
  }, MINUTES);

  const kubectl = (...words: readonly string[]): Promise<string> => cluster.lab.kubectl([...words]);
  const apply = (items: readonly object[]): Promise<string> =>
    cluster.lab.kubectl(
      ["apply", "--server-side", "--filename", "-"],
      JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    );
  const validate = (): Promise<Checked<Report>> => checked(cluster, "validate", ["--only", "probe-pods,policy-table"]);
  const linesOf = ({ report }: Checked<Report>, id: string, verdict?: string): string[] =>
    report.checks
      .filter((check) => check.id === id)
      .flatMap(({ findings }) => findings)
      .filter((finding) => verdict === undefined || finding.verdict === verdict)
      .map(({ target }) => target);
  /** Addresses to which the Service sends requests, and those that it only lists. */
  const listed = async (): Promise<{ ready: string[]; other: string[] }> => {
    const path = '{range .items[*].endpoints[*]}{.conditions.ready}{" "}{.targetRef.name}{"\\n"}{end}';
    const text = await kubectl("-n", NAMESPACE, "get", "endpointslices", "-o", `jsonpath=${path}`);
    const lines = text.split("\n").filter((line) => line !== "");
    return {
      ready: lines.filter((line) => line.startsWith("true ")),
      other: lines.filter((line) => !line.startsWith("true ")),
    };
  };
  /** Pods are gone when the command ends; of the strangers' namespace only the removal has begun then. */
  const nothingIsLeft = async (): Promise<void> => {
    expect(await kubectl("get", "pods", "-A", "-l", PROBE_SELECTOR, "-o", "name")).toBe("");
    await waitFor("the end of the strangers' namespace", 60, async () => {
      return (await kubectl("get", "namespaces", "-l", PROBE_SELECTOR, "-o", "name")) === "" ? true : undefined;
    });
  };

  test(
    "every line is as the flow table says, no Service leads to a probe pod, and nothing is left",
    async () => {
      const running = validate();
      const seen = { ready: [] as string[], other: [] as string[] };
      let over = false;
      const ended = running.finally(() => (over = true));
      ended.catch(() => undefined);
      while (!over) {
        const { ready, other } = await listed();
        seen.ready.push(...ready);
        seen.other.push(...other);
      }
      const answer = await ended;
      process.stderr.write(`${answer.seconds.toFixed(1)} s for ${linesOf(answer, "policy-table").length} lines\n`);
      expect(linesOf(answer, "probe-pods", "PASS")).toHaveLength(3);
      expect(linesOf(answer, "policy-table", "FAIL").filter((line) => !OUTWARD.test(line))).toEqual([]);
      const outward = linesOf(answer, "policy-table").filter((line) => OUTWARD.test(line));
      const open = linesOf(answer, "policy-table", "FAIL").filter((line) => OUTWARD.test(line));
      expect(outward.length).toBeGreaterThan(5);
      expect(open.length > 0).toBe(!isFelixReal);
      expect(linesOf(answer, "policy-table", "PASS").length).toBeGreaterThan(50);
      // The probe pods that wear the scheduler's labels were listed all the time, and never as ready.
      expect(seen.ready).toEqual([]);
      expect(seen.other.length).toBeGreaterThan(0);
      await nothingIsLeft();
    },
    4 * MINUTES,
  );

  test(
    "a policy that is gone is found at the lines that it opened",
    async () => {
      await kubectl("-n", NAMESPACE, "delete", "networkpolicy", "allow-scheduler");
      const answer = await validate();
      const broken = linesOf(answer, "policy-table", "FAIL").filter((line) => !OUTWARD.test(line));
      expect(broken).toContain(`server (${NAMESPACE}) -> scheduler (${NAMESPACE}):9005`);
      expect(broken.filter((line) => !/scheduler/.test(line))).toEqual([]);
      expect(answer.code).toBe(1);
      await nothingIsLeft();
    },
    4 * MINUTES,
  );
});
