/**
 * A container of a Server's podSpec that should override MLServer and stands beside it instead: the operator merges
 * containers by name (Seldon Core 2.10.2, `patch_utils.go MergeContainers`).
 */
import { PORTS } from "../../../components/network-policies/ports";
import type { ContainerEvidence, Evidence } from "../../evidence/evidence";
import type { Server, WireContainer } from "../../evidence/objects";
import { containerEvidence, serverOf } from "../../evidence/pods";
import { editServer, lineClue, linesOf, lookAt, podSubject, serverPods } from "../read";
import { type Cause, hint, type Rule, strong } from "../rule";

const repository = (image: string): string =>
  image
    .replace(/@.*$/, "")
    .replace(/:[^/:]*$/, "")
    .replace(/^.*\//, "");

/** Names of the containers that make an inference server. */
const SERVERS = ["mlserver", "triton"];

/** Whether a foreign container is meant to be the inference server; a sidecar is not. */
function plays(container: ContainerEvidence, real: ContainerEvidence): boolean {
  const { inferenceHttp, inferenceGrpc } = PORTS.server;
  return (
    container.image === "" ||
    (real.image !== "" && repository(container.image) === repository(real.image)) ||
    container.ports.some((port) => port === inferenceHttp || port === inferenceGrpc) ||
    container.env.names.some((name) => name.startsWith("MLSERVER_"))
  );
}

function foreign(evidence: Evidence, server: Server): { names: string[]; known: string[] } | undefined {
  const config = evidence.serverConfigs?.find(({ metadata }) => metadata.name === server.spec?.serverConfig);
  const known = (config?.spec?.podSpec?.containers ?? []).map((one: WireContainer) => containerEvidence(one));
  const real = known.find(({ name }) => SERVERS.includes(name));
  if (real === undefined) return undefined;
  const names = (server.spec?.podSpec?.containers ?? [])
    .map((one) => containerEvidence(one))
    .filter(({ name }) => !known.some((one) => one.name === name))
    .filter((container) => plays(container, real))
    .map(({ name }) => name);
  return names.length === 0 ? undefined : { names, known: known.map(({ name }) => name) };
}

function judge(evidence: Evidence): Cause[] {
  return (evidence.servers ?? []).flatMap((server): Cause[] => {
    const { name, namespace = "" } = server.metadata;
    const found = foreign(evidence, server);
    if (found === undefined) return [];
    const { names, known } = found;
    const pods = serverPods(evidence).filter((pod) => pod.namespace === namespace && serverOf(pod) === name);
    const said = strong(
      `Server ${namespace}/${name} has container ${names.join(", ")} in its podSpec; ServerConfig ${server.spec?.serverConfig ?? "?"} knows ${known.join(", ")}, and the operator merges by name`,
    );
    const common = {
      cause: `container ${names.join(", ")} was meant to change MLServer and runs beside it, because it has another name`,
      repeat: [
        evidence.kubectl("-n", namespace, "get server", name, "-o jsonpath='{.spec.podSpec.containers[*].name}'"),
      ],
      mend: `rename container ${names.join(", ")} to ${known.find((one) => SERVERS.includes(one)) ?? "mlserver"}: ${editServer(evidence, namespace, name)}`,
      clears: ["The CNI is not involved: two servers in one pod want the same ports, and share its only loopback."],
    };
    if (pods.length === 0) {
      return [
        { ...common, subject: { kind: "Server", namespace, name }, clues: [said, hint("the Server has no pod")] },
      ];
    }
    return pods.map((pod) => {
      const look = lookAt(evidence, pod);
      const own = pod.containers.filter((container) => names.includes(container.name));
      const taken = [...names, ...SERVERS].flatMap((one) =>
        linesOf(look, one, "address-in-use")
          .slice(-1)
          .flatMap((line) => lineClue(one, line)),
      );
      return {
        ...common,
        subject: podSubject(pod),
        clues: [
          said,
          ...(own.length > 0
            ? [strong(`pod ${pod.name} runs ${pod.containers.map((one) => one.name).join(", ")}`)]
            : []),
          ...taken,
          ...own
            .filter(({ status }) => status?.ready === false)
            .map((one) => hint(`container ${one.name} is not ready`)),
        ],
      };
    });
  });
}

export const CONTAINER_NAME_RULES: readonly Rule[] = [
  {
    id: "wrong-container-name",
    title: "a container of a Server's podSpec is not named as in its ServerConfig",
    notWhen: "it is a sidecar: another image, other ports, none of MLServer's settings",
    judge,
  },
];
