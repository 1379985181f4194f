/** The sandbox with the real Pulumi engine; skipped where the CLI and its plugins are not on PATH. */
import { missingPrograms } from "../../sandbox/engine/choose";
import type { SandboxReport } from "../../sandbox/report";
import { SandboxProcess } from "./support/sandbox-process";

jest.setTimeout(900_000);

const missing = missingPrograms(process.env);
const withCli = missing.length === 0 ? describe : describe.skip;

withCli(`with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  test("deploys, previews no change, and deletes in the reverse order, protected objects too", async () => {
    const sandbox = new SandboxProcess();
    try {
      // A stack that protects its namespaces and CRDs.
      const { code, stdout, stderr } = await sandbox.run(
        "--engine",
        "cli",
        "--stack",
        "prod",
        "--charts",
        "stand-ins",
        "--json",
      );
      if (code !== 0) throw new Error(stderr);
      const report = JSON.parse(stdout) as SandboxReport;
      expect(report.parts.map(({ name }) => name)).toContain("preview with refresh: no changes");
      const destroyed = report.destroyed ?? [];
      const inOrder = [
        "Model seldon-smoke-model",
        "Server seldon-server-",
        "Release seldon-runtime-",
        "Release seldon-setup",
        "Release seldon-crds",
        "NetworkPolicy policies-",
        "Namespace namespaces-",
        "Installation calico-installation",
        "FelixConfiguration calico-",
        "Release calico-operator",
        "Namespace calico-namespace",
        "Command cluster-identity",
      ];
      const found = inOrder.map((part) => destroyed.findIndex((line) => line.includes(part)));
      expect(found).not.toContain(-1);
      expect(found).toEqual([...found].sort((left, right) => left - right));
      expect(destroyed.find((line) => line.includes("Release seldon-crds"))).toContain("retainOnDelete");
      expect(sandbox.leftFolders()).toEqual([]);
      expect(sandbox.leftProcesses()).toEqual([]);
    } finally {
      sandbox.remove();
    }
  });
});
