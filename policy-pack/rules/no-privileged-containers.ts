import { containersOf, podPlaces, podsOf, unknownPlaces } from "../pods";
import { type JudgedResource, kindOf, member, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";
import { isTree, type Tree } from "../../config/tree";

/** Namespaces that may admit privileged pods, and why. */
export const PRIVILEGED_NAMESPACES: Readonly<Record<string, string>> = {
  "tigera-operator": "Calico's operator runs on the node's network, so that it can work before there is a pod network",
  "calico-system": "calico-node writes routes, rules and CNI files on its node",
};

/** Capabilities that are a way out of the container. */
const STRONG = new Set<unknown>([
  "ALL",
  "BPF",
  "DAC_READ_SEARCH",
  "NET_ADMIN",
  "NET_RAW",
  "SYS_ADMIN",
  "SYS_MODULE",
  "SYS_PTRACE",
  "SYS_RAWIO",
]);

const ENFORCE = "pod-security.kubernetes.io/enforce";
/** Says `privileged` where the stack file asks for that level (seldon.podSecurity), which needs no `enforce`. */
const AUDIT = "pod-security.kubernetes.io/audit";

function* judgeContainer(at: string, container: Tree): Generator<Fault> {
  const security = container["securityContext"];
  if (!isTree(security)) return;
  const place = member(at, "securityContext");
  for (const key of ["privileged", "allowPrivilegeEscalation"]) {
    if (security[key] === true) yield { at: member(place, key), problem: "gives the container its node" };
  }
  const add = valueAt(security, "capabilities.add");
  if (!Array.isArray(add)) return;
  for (const capability of add.filter((one) => STRONG.has(one))) {
    yield { at: `${place}.capabilities.add`, problem: `adds ${String(capability)}` };
  }
}

function* judgePod(at: string, pod: Tree): Generator<Fault> {
  for (const key of ["hostPID", "hostIPC"]) {
    if (pod[key] === true) yield { at: member(at, key), problem: "shares the node's processes or memory" };
  }
  const volumes = Array.isArray(pod["volumes"]) ? pod["volumes"] : [];
  for (const [index, volume] of volumes.entries()) {
    if (isTree(volume) && "hostPath" in volume) {
      yield { at: `${at}.volumes[${index}].hostPath`, problem: "mounts a folder of the node" };
    }
  }
}

function* judgeNamespace({ inputs }: JudgedResource): Generator<Fault> {
  const name = valueAt(inputs, "metadata.name");
  const labels = valueAt(inputs, "metadata.labels");
  const level = isTree(labels) ? labels[ENFORCE] : labels;
  const at = `metadata.labels.${ENFORCE}`;
  if (level === UNKNOWN || (level === "privileged" && name === UNKNOWN)) {
    yield cannotJudge(at, "whether the namespace admits privileged pods");
  } else if (level === "privileged" && !(typeof name === "string" && name in PRIVILEGED_NAMESPACES)) {
    yield { at, problem: "admits privileged pods to a namespace that is not on the list" };
  } else if (level === undefined && isTree(labels) && labels[AUDIT] === "privileged") {
    yield {
      at,
      problem: "is not set: the namespace admits privileged pods, as the stack file asks",
      enforcement: "advisory",
    };
  }
}

function* judgePods(resource: JudgedResource): Generator<Fault> {
  for (const at of unknownPlaces(resource)) yield cannotJudge(at, "whether containers are privileged");
  for (const found of podsOf(resource)) {
    yield* judgePod(found.at, found.pod);
    for (const { at, container } of containersOf(found)) yield* judgeContainer(at, container);
  }
  // Chart values may carry a container's security settings outside of a pod.
  for (const { at, key, value } of podPlaces(resource)) {
    if (key === "privileged" && value === true && !at.endsWith("securityContext.privileged")) {
      yield { at, problem: "gives the container its node" };
    }
  }
}

/** Nothing of ours gets the node it runs on. */
export const noPrivilegedContainers: ResourceRule = {
  id: "no-privileged-containers",
  what: `No container is privileged, adds a strong capability, mounts a folder of its node or shares its processes; only these namespaces admit privileged pods: ${Object.entries(
    PRIVILEGED_NAMESPACES,
  )
    .map(([name, reason]) => `\`${name}\` (${reason})`)
    .join(", ")}.`,
  why: "Who owns a node owns its pods' secrets and, on a server, the cluster. A model is a program that somebody else has packed.",
  fix: "Remove the setting. A namespace that truly needs it goes on the list in policy-pack/rules/no-privileged-containers.ts with its reason, and through review.",
  enforcement: "mandatory",
  *judge(resource) {
    if (kindOf(resource) === "Namespace") yield* judgeNamespace(resource);
    else yield* judgePods(resource);
  },
};
