/** The load of a lab: started, and read where its clients write on every node. */
import type { Lab } from "../lab";
import { LOAD_NAMESPACE, loadManifests, type LoadOptions, REPORT_FOLDER } from "../load/manifests";
import { loadReport, type LoadReport, type LoadWindow, parseLines } from "../load/report";
import { waitFor } from "../processes";

/** Starts servers and clients on every node, and waits until every client has called everybody. */
export async function startLoad(lab: Lab, options: Omit<LoadOptions, "nodes"> = {}): Promise<void> {
  const nodes = lab.hosts.map(({ name }) => name);
  const items = loadManifests({ nodes, ...options });
  await lab.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await lab.kubectl([
    "-n",
    LOAD_NAMESPACE,
    "wait",
    "deployment",
    "--all",
    "--for=condition=Available",
    "--timeout=120s",
  ]);
  const pairs = nodes.length * (nodes.length - 1);
  await waitFor("the first requests of every pair", 60, async () => {
    const report = await readLoad(lab);
    return report.pairs.filter(({ mode, requests }) => mode === "pod" && requests > 0).length >= pairs || undefined;
  });
}

/** What the clients have felt. @param window seconds of the epoch */
export async function readLoad(lab: Lab, window: LoadWindow = {}): Promise<LoadReport> {
  const texts = await Promise.all(
    lab.hosts.map((host) => host.exec(`cat ${REPORT_FOLDER}/* 2>/dev/null`).then(({ stdout }) => stdout)),
  );
  return loadReport(texts.flatMap(parseLines), window);
}

export async function stopLoad(lab: Lab): Promise<void> {
  await lab.kubectl(["delete", "namespace", LOAD_NAMESPACE, "--wait=true", "--timeout=120s"]);
}
