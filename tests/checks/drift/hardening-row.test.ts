import { createHash } from "node:crypto";
import { judgeHardening } from "../../../checks/drift/hardening-row";
import { machineState } from "../../../checks/drift/machine";
import type { Machines } from "../../../checks/subject";
import type { HostFacts } from "../../../checks/hosts/facts";
import {
  ADMISSION_FILE,
  AUDIT_FILE,
  hardeningFiles,
  KERNEL_FILE,
  KERNEL_VALUES,
} from "../../../components/k3s/hardening";
import { declaredHosts } from "../../../config/derive";
import { agentFacts, machinesOf, serverFacts } from "../support/machines";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const OURS = { [CONFIG]: "# Written by seldon-k3s from the stack's configuration.\n" };
const EXEMPT = ["financial-ml", "kube-system"];
const CIS = { k3s: { hardening: "cis" }, cni: { provider: "calico" } };

const machinesWith = (exemptNamespaces: readonly string[]) => ({ ...machinesOf(CIS), exemptNamespaces });
const machines = machinesWith(EXEMPT);
const filesOf = (role: "server" | "agent", changed: Readonly<Record<string, string | undefined>> = {}) =>
  hardeningFiles(role, EXEMPT).flatMap(({ path, content }) => {
    const text = path in changed ? changed[path] : content;
    return text === undefined ? [] : [`${path} ${createHash("sha256").update(text).digest("hex")}`];
  });
const valuesOf = (changed: Readonly<Record<string, number>> = {}) =>
  Object.entries({ ...KERNEL_VALUES, ...changed }).map(([key, value]) => `${key} ${value}`);
const server = (files: readonly string[], sysctl = valuesOf(), config: Record<string, string> = OURS) =>
  serverFacts({ "hardening-file": files, sysctl }, config);

const judged = (facts: HostFacts, of: Machines = machines) => {
  const declared = declaredHosts(of).find(({ role }) => role === facts.role)!;
  const { verdict, actual, note, fix } = judgeHardening(machineState("test", of, declared, facts));
  return { verdict, actual, note, fix };
};

describe("the CIS profile's drift", () => {
  it("is none on a server and an agent that are as declared", () => {
    expect(judged(server(filesOf("server")))).toMatchObject({
      verdict: "PASS",
      actual: "cis: 6 kernel values, 3 files",
    });
    const agent = agentFacts({ "hardening-file": filesOf("agent"), sysctl: valuesOf() }, OURS);
    expect(judged(agent)).toMatchObject({ verdict: "PASS", actual: "cis: 6 kernel values, 1 files" });
  });

  it.each<[string, HostFacts, string]>([
    [
      "a kernel value",
      server(filesOf("server"), valuesOf({ "kernel.panic": 60 })),
      "kernel.panic=60, and kubelet does not start without 10",
    ],
    [
      "a changed and a missing file",
      server(filesOf("server", { [ADMISSION_FILE]: "other", [AUDIT_FILE]: undefined })),
      `${ADMISSION_FILE} was changed; ${AUDIT_FILE} is not there`,
    ],
    ["a changed kernel file", server(filesOf("server", { [KERNEL_FILE]: "other" })), `${KERNEL_FILE} was changed`],
  ])("is %s, with the way to have it written again", (_, facts, actual) => {
    expect(judged(facts)).toMatchObject({
      verdict: "DRIFT",
      actual,
      fix: expect.stringContaining("hosts.converge 1") as string,
    });
  });

  it("is a namespace that came to the stack and is not exempt on the machine", () => {
    expect(judged(server(filesOf("server")), machinesWith([...EXEMPT, "team-b"]))).toMatchObject({
      verdict: "DRIFT",
      actual: `${ADMISSION_FILE} was changed`,
    });
  });

  it("is none where somebody else's file gives the kernel the same values", () => {
    expect(judged(server(filesOf("server", { [KERNEL_FILE]: undefined })))).toMatchObject({ verdict: "PASS" });
  });

  it("says of a machine that was taken over that it does not have it", () => {
    const taken = judged(server([], valuesOf({ "kernel.panic": 0 }), { [CONFIG]: "node-ip: 192.0.2.11\n" }));
    expect(taken).toMatchObject({ verdict: "PASS", note: expect.stringContaining("was taken over") as string });
  });

  it("is what is left of it where it is not declared", () => {
    const plain = machinesOf({ cni: { provider: "calico" } });
    expect(judged(server([]), plain)).toMatchObject({ verdict: "PASS" });
    expect(judged(server(filesOf("server")), plain)).toMatchObject({
      verdict: "DRIFT",
      actual: expect.stringContaining("still there, and k3s.hardening is none") as string,
    });
  });
});
