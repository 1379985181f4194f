/**
 * What differs on the machines from what the stack declares, where Pulumi cannot see it: its remote commands have no read
 * (decision 6 in docs/decisions.md). Every finding names what mends it.
 */
import { hostPrograms } from "../../components/machines/programs";
import { declaredHosts } from "../../config/derive";
import type { Check, Expectation } from "../check";
import type { CheckContext } from "../context";
import type { HostFacts } from "../hosts/facts";
import { WHOLE_CLUSTER } from "../hosts/judge-cluster";
import { hostFacts } from "../hosts/machine-checks";
import { LOOK_MS } from "../hosts/reader";
import { takeOver } from "../hosts/take-over";
import { drift, type Outcome, pass, skipped } from "../verdict";
import { type MachineState, machineState } from "./machine";
import type { DriftClass } from "./objects/classes";
import { judgeHardening } from "./hardening-row";
import { judgeCniFiles, judgeGuard, judgeLeftovers, judgeSysctls } from "./network-rows";
import { judgeEffective, judgeFiles, judgeUnit, judgeVersion } from "./settings-rows";
import { judgeCertificates, judgePrograms } from "./upkeep-rows";

interface DriftRow {
  readonly id: string;
  /** What kind of drift a finding is: policy where packets, or who may do what, are decided otherwise than declared. */
  readonly class: DriftClass;
  readonly title: string;
  readonly proves: string;
  readonly expected: string;
  readonly judge: (state: MachineState) => Outcome;
}

const ROWS: readonly DriftRow[] = [
  {
    id: "k3s-version",
    class: "version",
    title: "K3s has the declared version and runs",
    proves: "nobody upgraded, downgraded or stopped K3s by hand",
    expected: "the declared version, running",
    judge: judgeVersion,
  },
  {
    id: "settings-files",
    class: "configuration",
    title: "The stack's files are as it wrote them",
    proves: "nobody changed a file that the stack owns",
    expected: "the declared content, where the file is there",
    judge: judgeFiles,
  },
  {
    id: "settings-in-force",
    class: "configuration",
    title: "K3s runs with the declared settings",
    proves: "files, drop-ins and the unit's flags together give the declared settings, and K3s has read them",
    expected: "the declared settings in force",
    judge: judgeEffective,
  },
  {
    id: "unit-override",
    class: "configuration",
    title: "The unit is as it should be",
    proves: "flags are moved out of the unit exactly as long as they must be",
    expected: "our override where flags were moved, and none after the way back",
    judge: judgeUnit,
  },
  {
    id: "cni-files",
    class: "configuration",
    title: "The declared CNI is the one that is configured",
    proves: "containerd takes its plugins and their configuration from the declared CNI and from no other",
    expected: "configuration and plugins of the declared CNI, nothing of others beside them",
    judge: judgeCniFiles,
  },
  {
    id: "leftovers",
    class: "policy",
    title: "Nothing is left of another CNI",
    proves: "no rule, route, set or device of a CNI that does not run decides about packets",
    expected: "no trace",
    judge: judgeLeftovers,
  },
  {
    id: "guard",
    class: "policy",
    title: "The guard rule stands exactly while it must",
    proves: "pods keep their source addresses while two CNIs run, also after a reboot",
    expected: "present and enabled while cni.leaving is set, else absent",
    judge: judgeGuard,
  },
  {
    id: "sysctls",
    class: "configuration",
    title: "The kernel forwards packets",
    proves: "nobody took back what K3s set in the kernel",
    expected: "net.ipv4.ip_forward=1 and net.bridge.bridge-nf-call-iptables=1",
    judge: judgeSysctls,
  },
  {
    id: "hardening",
    class: "policy",
    title: "The CIS profile is on the machine as declared",
    proves:
      "nobody changed a kernel value or a file that the profile brings, and none is left of one that is not declared",
    expected: "kernel values and files as k3s.hardening says",
    judge: judgeHardening,
  },
  {
    id: "certificates",
    class: "configuration",
    title: "No certificate is about to end",
    proves: "K3s has renewed its certificates",
    expected: "at least 30 days left",
    judge: judgeCertificates,
  },
  {
    id: "programs",
    class: "version",
    title: "The programs on the machines are ours",
    proves: "what the next up runs on a machine is what this checkout holds",
    expected: "every program of hosts/ with its content",
    judge: (state) => judgePrograms(state, hostPrograms()),
  },
];

/** The check that says what would stop the next run; it is wired apart, because it looks at all machines together. */
const CONTRADICTIONS = "contradictions";

/** The class of what a check of machines finds, by the check. */
export const MACHINE_CLASSES: ReadonlyMap<string, DriftClass> = new Map([
  ...ROWS.map((row) => [row.id, row.class] as const),
  [CONTRADICTIONS, "configuration" as const],
]);

export const driftChecks = (context: CheckContext): Check[] => [
  hostFacts(context),
  contradictions(context),
  ...ROWS.map((row) => driftCheck(row, context)),
];

/** A machine that cannot be read is a gap: said by `host-facts`, and skipped here, so that the others are still judged. */
async function factsOf(name: string, context: CheckContext): Promise<HostFacts | undefined> {
  return context.hosts.look(name).then(
    ({ facts }) => facts,
    (): undefined => undefined,
  );
}

const GAP = skipped("the machine could not be read (see host-facts), so nobody knows");

function driftCheck(row: DriftRow, context: CheckContext): Check {
  const { id, title, proves, expected, judge } = row;
  return {
    id,
    title,
    proves,
    timeoutMs: LOOK_MS + 5_000,
    expectations: () =>
      declaredHosts(context.machines).map((declared) => ({
        target: declared.host.name,
        expected,
        repeat: context.hosts.repeat(declared.host.name),
        probe: async () => {
          const facts = await factsOf(declared.host.name, context);
          if (facts === undefined) return GAP;
          return judge(machineState(context.subject.stack, context.machines, declared, facts));
        },
      })),
  };
}

/** What would stop the next run: the same judgement that it begins with. */
function contradictions(context: CheckContext): Check {
  return {
    id: CONTRADICTIONS,
    title: "Nothing on the machines contradicts the stack",
    proves: "the next up would not be refused: values fixed at creation, names and roles are as declared",
    timeoutMs: LOOK_MS + 5_000,
    expectations: async () => {
      const inspections = await context.hosts.lookAtAll();
      const facts = new Map([...inspections].map(([name, { facts }]) => [name, facts]));
      // The version is a check of its own here, and pins are nobody's drift.
      const { contradictions } = takeOver(context.machines, facts, { installation: false });
      const names = [...declaredHosts(context.machines).map(({ host }) => host.name), WHOLE_CLUSTER];
      return names.flatMap((name): Expectation[] => {
        const own = contradictions.filter(({ host }) => host === name);
        const gap = name !== WHOLE_CLUSTER && !facts.has(name);
        const outcomes = gap
          ? [GAP]
          : own.length === 0
            ? [pass("none")]
            : own.map(({ what, fix }) => drift(what, { fix }));
        return outcomes.map((outcome) => ({
          target: name,
          expected: "nothing that contradicts the stack",
          repeat: context.drift(CONTRADICTIONS),
          probe: () => Promise.resolve(outcome),
        }));
      });
    },
  };
}
