/** Whether the machines can have the images that the change needs: there already, or from a registry that answers. */
import { load } from "js-yaml";
import { CALICO as CALICO_ROWS } from "../../config/compatibility";
import { declaredCnis, declaredHosts } from "../../config/derive";
import { isReady, type Pod } from "../cluster/objects";
import type { Check } from "../check";
import { PATHS } from "../cluster/paths";
import { quote, type CheckContext } from "../context";
import { redact } from "../evidence/redact";
import { HOST_FACTS } from "../hosts/machine-checks";
import type { Machines } from "../subject";
import { fail, type Outcome, pass, skipped } from "../verdict";
import { isCalicoNode } from "./change";

/** Calico's images on every node, by the names that the operator gives them (3.31 and 3.32). */
const NODE_IMAGES = ["calico/cni", "calico/node"] as const;
const REGISTRY_SECONDS = 8;

/** One image that a node must be able to run. */
export interface NeededImage {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** Where the stack pins it: containerd then knows the image by its digest, and by no tag. */
  readonly digest?: string | undefined;
  /** Part of Calico: where it runs, the image is there, whatever the operator calls it. */
  readonly ofCalico: boolean;
}

/** The images of a change, on every node. Pure. */
export function neededImages(machines: Machines): NeededImage[] {
  const { calico, hosts } = machines;
  const [registry = "", ...prefix] = (calico.registry ?? "quay.io/").replace(/\/+$/, "").split("/");
  const { imagePath, imageDigests } = calico;
  const at = (repository: string, tag: string, digest: string | undefined): NeededImage => ({
    registry,
    repository: [...prefix, imagePath === undefined ? repository : repository.replace(/^[^/]+/, imagePath)].join("/"),
    tag,
    digest,
    ofCalico: true,
  });
  const ofCalico = declaredCnis(machines).has("calico")
    ? [
        ...NODE_IMAGES.map((name) => at(name, `v${calico.version}`, imageDigests?.images[name])),
        at("tigera/operator", `v${CALICO_ROWS[calico.version].operator}`, imageDigests?.operator),
      ]
    : [];
  return [...ofCalico, imageOf(hosts.probeImage)];
}

/** A reference such as `docker.io/rancher/mirrored-library-busybox:1.37.0`. */
function imageOf(reference: string): NeededImage {
  const [, registry = "docker.io", repository = reference, tag = "latest"] =
    /^(?:([^/]*[.:][^/]*)\/)?([^:@]+)(?:[:@](.+))?$/.exec(reference) ?? [];
  return { registry, repository, tag, ofCalico: false };
}

const show = ({ registry, repository, tag, digest }: NeededImage): string =>
  `${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;

export function imagesCheck(context: CheckContext): Check {
  return {
    id: "images",
    title: "The images can be had",
    proves: "no node is left without a CNI because an image does not arrive",
    needs: [HOST_FACTS],
    timeoutMs: 60_000,
    expectations: () =>
      declaredHosts(context.machines).map(({ host }) => ({
        target: host.name,
        expected: neededImages(context.machines).map(show).join(", "),
        repeat: `${context.hosts.repeat(host.name).replace(/ '.*$/, "")} k3s ctr -n k8s.io images ls -q`,
        probe: (signal) => probeImages(host.name, context, signal),
      })),
  };
}

async function probeImages(name: string, context: CheckContext, signal: AbortSignal): Promise<Outcome> {
  const { facts } = await context.hosts.look(name);
  if (facts.k3s.unit === undefined) return skipped("K3s is not installed there yet");
  const listed = await context.hosts.asRoot(name, "k3s ctr -n k8s.io images ls -q", { signal });
  if (listed.code !== 0)
    return skipped(`its containerd does not answer (${redact(listed.stderr).trim().split("\n").at(-1)})`);
  const there = new Set(listed.stdout.split("\n"));
  const runs = await runsCalico(name, context, signal);
  const missing = neededImages(context.machines).filter(
    (image) => !there.has(show(image)) && !(runs && image.ofCalico),
  );
  if (missing.length === 0) return pass(runs ? "Calico runs there, the others are there already" : "all there already");
  const registries = [...new Set(missing.map(({ registry }) => registry))];
  const mirrors = facts.configFiles.find(({ path }) => path.endsWith("/registries.yaml"))?.content;
  const answers: string[] = [];
  const silent: string[] = [];
  for (const registry of registries) {
    const endpoints = endpointsOf(registry, mirrors);
    const answer = await firstAnswer(name, endpoints, context, signal);
    if (answer === undefined) return skipped(`${name} has neither curl nor wget to ask ${registry} with`);
    if (answer.answered) answers.push(answer.text);
    else
      silent.push(
        `${registry} (${missing
          .filter((one) => one.registry === registry)
          .map(show)
          .join(", ")}): ${answer.text}`,
      );
  }
  if (silent.length === 0) return pass(`${missing.length} to be pulled; ${answers.join("; ")}`);
  return fail(`not there, and no answer from ${silent.join("; ")}`, {
    fix: "let the node reach the registry, name a mirror in k3s.install.registries or calico.registry, or import the images: k3s ctr -n k8s.io images import FILE",
  });
}

/** Whether Calico's pod runs and is Ready on a node; no when the cluster cannot be asked, because the images can. */
async function runsCalico(name: string, context: CheckContext, signal: AbortSignal): Promise<boolean> {
  const pods = await context.snapshot.list<Pod>(PATHS.allPods, signal).catch((): Pod[] => []);
  return pods.some((pod) => isCalicoNode(pod) && pod.spec?.nodeName === name && isReady(pod));
}

/** Where containerd would ask: the mirrors of registries.yaml, else the registry itself. Pure. */
export function endpointsOf(registry: string, registriesYaml: string | undefined): string[] {
  const own = registry === "docker.io" ? "https://registry-1.docker.io" : `https://${registry}`;
  const mirrors = mirrorsOf(registriesYaml ?? "");
  const named = [registry, "*"].flatMap((name) => mirrors[name]?.endpoint ?? []);
  return [...named.map((endpoint) => endpoint.replace(/\/v2\/?$/, "").replace(/\/$/, "")), own];
}

type Mirrors = Readonly<Record<string, { readonly endpoint?: readonly string[] } | undefined>>;

/** A file that is no YAML is K3s' to refuse; here it means that there are no mirrors. */
function mirrorsOf(text: string): Mirrors {
  try {
    return (load(text) as { mirrors?: Mirrors } | undefined)?.mirrors ?? {};
  } catch {
    return {};
  }
}

interface RegistryAnswer {
  readonly answered: boolean;
  readonly text: string;
}

/** Any HTTP answer counts: 401 is what a registry says to somebody without a token. Undefined without curl and wget. */
async function firstAnswer(
  name: string,
  endpoints: readonly string[],
  context: CheckContext,
  signal: AbortSignal,
): Promise<RegistryAnswer | undefined> {
  let last: RegistryAnswer = { answered: false, text: "nobody to ask" };
  for (const endpoint of endpoints) {
    const url = quote(`${endpoint}/v2/`);
    const curl = `curl -k -sS -o /dev/null -m ${REGISTRY_SECONDS} -w '%{http_code}' ${url}`;
    const wget = `wget --no-check-certificate -q -S -O /dev/null -T ${REGISTRY_SECONDS} -t 1 ${url}`;
    const command = `if command -v curl >/dev/null; then ${curl}; elif command -v wget >/dev/null; then ${wget}; else echo no-tool; fi`;
    const result = await context.hosts.asRoot(name, `sh -c ${quote(command)}`, { signal });
    if (result.stdout.includes("no-tool")) return undefined;
    const status = /^\d{3}$/.exec(result.stdout.trim())?.[0] ?? /HTTP\/\S+ (\d{3})/.exec(result.stderr)?.[1];
    if (status !== undefined && status !== "000") return { answered: true, text: `${endpoint} answers ${status}` };
    const said = redact(result.stderr).trim().split("\n").at(-1) ?? "";
    last = { answered: false, text: `${endpoint}: ${said === "" ? `exit code ${result.code}` : said}` };
  }
  return last;
}
