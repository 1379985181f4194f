/** What grows old on a machine: certificates, and our own programs. Pure. */
import type { ProgramFile } from "../../components/machines/programs";
import { createHash } from "node:crypto";
import { drift, type Outcome, pass, skipped } from "../verdict";
import { converge, type MachineState } from "./machine";

/** K3s renews at its start what has fewer than 120 days left (90 in older releases), so fewer than this is a K3s that never restarts. */
const LEAST_DAYS = 30;

export function judgeCertificates({ facts, declared, stack }: MachineState): Outcome {
  const { certificates, k3s } = facts;
  // A certificate authority lives ten years and is not renewed by itself.
  const own = certificates.filter(({ name }) => !/(^|\/)[^/]*-ca\.crt$/.test(name));
  if (own.length === 0) return skipped("no certificate was read (no openssl there, or K3s has never started)");
  const [first] = [...own].sort((left, right) => left.daysLeft - right.daysLeft);
  const shown = `${first!.name} has ${first!.daysLeft} days left, the shortest of ${own.length}`;
  if (first!.daysLeft >= LEAST_DAYS) return pass(shown);
  return drift(shown, {
    fix: `${declared.host.name}: systemctl restart ${k3s.unit ?? "k3s"}, one server at a time: K3s renews them at its start; or, with new keys, npm run rotate -- ${stack} certificates --yes`,
  });
}

/** The programs on the machine are those of this checkout. */
export function judgePrograms(state: MachineState, programs: readonly ProgramFile[]): Outcome {
  const wanted = new Map(
    programs.map(({ name, content }) => [name, createHash("sha256").update(content).digest("hex")]),
  );
  const there = new Map(state.facts.programs.map(({ name, sha256 }) => [name, sha256]));
  if (there.size === 0) return drift("they are not there", { fix: converge(state) });
  const missing = [...wanted.keys()].filter((name) => !there.has(name));
  const changed = [...wanted]
    .filter(([name, sha256]) => there.has(name) && there.get(name) !== sha256)
    .map(([name]) => name);
  if (missing.length === 0 && changed.length === 0) return pass(`${there.size} programs`);
  const parts = [
    ...(missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(changed.length > 0 ? [`other than in this checkout: ${changed.join(", ")}`] : []),
  ];
  return drift(parts.join("; "), { fix: converge(state) });
}
