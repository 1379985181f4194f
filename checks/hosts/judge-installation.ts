/** Which K3s is installed, and what must be there before another one can be. */
import type { Machines } from "../subject";
import type { Findings } from "./judgement";
import { versionChange } from "./k3s-version";
import { isEmpty, type Found } from "./take-over";

const ARCHITECTURES: Readonly<Record<string, "amd64" | "arm64">> = {
  x86_64: "amd64",
  amd64: "amd64",
  aarch64: "arm64",
  arm64: "arm64",
};

export function judgeInstallation({ facts }: Found, { k3s, cni }: Machines, findings: Findings): void {
  const architecture = ARCHITECTURES[facts.arch];
  if (architecture === undefined) {
    findings.contradict(
      `its processor is ${facts.arch}; allowed: x86_64 (amd64) and aarch64 (arm64), for which Calico and K3s publish images`,
      "use another machine",
    );
  }
  const pinned = architecture !== undefined && k3s.install?.binary[architecture] !== undefined;
  const pin = (why: string): void =>
    findings.contradict(
      `${why}, and the stack pins no K3s for ${architecture ?? facts.arch} (k3s.install)`,
      "npm run pin -- <stack> fills in installer and binary with their SHA-256",
    );
  if (isEmpty(facts)) {
    const half =
      facts.k3s.version === undefined ? "" : " (a binary is there, but no unit: an interrupted installation)";
    if (!pinned) pin(`K3s is to be installed here${half}`);
    else findings.note(`K3s ${k3s.version} will be installed${half}`);
    return;
  }
  const { version } = facts.k3s;
  if (version === undefined) {
    findings.contradict(
      `there is a unit ${facts.k3s.unit} but no k3s binary that says its version`,
      "install the binary of the version that ran here, or remove the unit and have K3s installed afresh",
    );
    return;
  }
  const leaving = cni.leaving !== undefined;
  switch (versionChange(version, k3s.version)) {
    case "same":
      if (!facts.k3s.active)
        findings.note(`K3s ${version} is installed and does not run (systemctl status ${facts.k3s.unit})`);
      return;
    case "upgrade":
      if (leaving) {
        findings.contradict(
          `runs K3s ${version}, declared is ${k3s.version}: not while a CNI is being left`,
          `finish the change of CNI first: set k3s.version to ${version} until cni.leaving is gone`,
        );
      } else if (!pinned) pin(`K3s is to go from ${version} to ${k3s.version}`);
      else findings.note(`K3s will go from ${version} to ${k3s.version}`);
      return;
    case "skips":
      findings.contradict(
        `runs K3s ${version}, declared is ${k3s.version}: that skips a minor version, which Kubernetes does not support`,
        "go up one minor version at a time",
      );
      return;
    case "downgrade":
      findings.contradict(
        `runs K3s ${version}, which is newer than the declared ${k3s.version}: K3s does not go back`,
        `set k3s.version to ${version}`,
      );
      return;
    case "unknown":
      findings.contradict(
        `says that it runs K3s ${JSON.stringify(version)}, which cannot be compared with the declared ${k3s.version}`,
        "install a release of K3s",
      );
  }
}
