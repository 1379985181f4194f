/**
 * Success criterion (d): an inference through the ingress Service.
 *
 * The request goes by port-forward to a ready Envoy pod that the Service `seldon-mesh` selects, on the port that the
 * Service's port 80 leads to. The API server's service proxy is not used: its request would come from a node's
 * address, which the default-deny policies refuse, and it would prove the control plane's way to the pod instead.
 */
import type { Check, Expectation } from "../check";
import { type EndpointSlice, type Pod, type Service } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { type HttpAnswer, httpProbe, type HttpRequest } from "../probes/http";
import { provingModels, type Subject } from "../subject";
import { fail, type Outcome, pass, skipped } from "../verdict";
import { MODEL_READY } from "./model-ready";

const SERVICE = "seldon-mesh";
const SERVICE_PORT = 80;

/** Secret whose `ca.crt` Envoy's certificate is checked against under data-plane TLS. */
const CA_SECRET = "seldon-downstream-server";
const TIMEOUT_MS = 30_000;

/** One row for the iris model, Seldon's own sample and the default smoke Model. */
export const INFERENCE_BODY = JSON.stringify({
  inputs: [{ name: "predict", shape: [1, 4], datatype: "FP32", data: [[1, 2, 3, 4]] }],
});

export function inference(context: CheckContext): Check {
  return {
    id: "inference",
    title: "The smoke Model answers through the ingress Service",
    proves: "Service, Envoy, the agent's proxy and the inference server work together from request to prediction",
    needs: [MODEL_READY],
    timeoutMs: TIMEOUT_MS,
    expectations: () => provingModels(context.subject).map((model) => answerOf(model, context)),
  };
}

/** One Model's answer through the Service of its own runtime. */
function answerOf({ namespace, name }: Subject["smokeModel"], context: CheckContext): Expectation {
  const path = `/v2/models/${name}/infer`;
  const forward = context.kubectl("-n", namespace, `port-forward service/${SERVICE}`, `18080:${SERVICE_PORT}`);
  // By hand nothing is checked: the name in the certificate is not that of the forward.
  const [scheme, trust] = context.subject.dataPlaneTls === true ? ["https", "-k "] : ["http", ""];
  const curl = `curl -i ${trust}-H 'content-type: application/json' -H 'seldon-model: ${name}' -d '${INFERENCE_BODY}' ${scheme}://127.0.0.1:18080${path}`;
  return {
    target: `Service ${namespace}/${SERVICE}:${SERVICE_PORT}`,
    expected: `POST ${path} answers 200 by model ${name}`,
    repeat: `${forward} & sleep 1; ${curl}; kill $!`,
    probe: async (signal) => {
      const backend = await readyBackend(context, namespace, signal);
      if ("verdict" in backend) return backend;
      const { pod, port } = backend;
      const simulation = await context.snapshot.simulation(signal);
      const simulated = simulation.isSimulated(pod);
      if (simulated && !simulation.forwardsPort(pod, port)) {
        return skipped(`Envoy's pod is simulated by KWOK: no process stands behind port ${port}`);
      }
      const target = { namespace, pod: pod.metadata.name, port };
      const headers = { "content-type": "application/json", "seldon-model": name };
      const security = await securityOf(context, namespace, signal);
      if ("verdict" in security) return security;
      const request = {
        method: "POST",
        path,
        headers,
        body: INFERENCE_BODY,
        timeoutMs: TIMEOUT_MS - 5_000,
        ...security,
      } as const;
      const { answer, failure } = await httpProbe(context.forward(target), target, request, signal);
      const note = simulated
        ? {
            note: `${namespace}/${pod.metadata.name} is simulated by KWOK, but a real process stands behind its forwarded ports and was probed.`,
          }
        : {};
      const evidence = [`by way of pod ${pod.metadata.name}, port ${port}`];
      const fix = context.kubectl("-n", namespace, "logs deployment/seldon-envoy --tail 50");
      if (answer === undefined) return fail(failure.detail, { evidence, fix, ...note });
      return { ...judge(answer, name, evidence, fix), ...note };
    },
  };
}

/** How to speak to Envoy: nothing to add without data-plane TLS; else whom to trust, or why that is not known. */
async function securityOf(
  context: CheckContext,
  namespace: string,
  signal: AbortSignal,
): Promise<Pick<HttpRequest, "tls"> | Outcome> {
  if (context.subject.dataPlaneTls !== true) return {};
  const fix = context.kubectl("-n", namespace, "describe certificate", CA_SECRET);
  const path = `${PATHS.namespace(namespace)}/secrets/${CA_SECRET}`;
  const secret = await context.api.find<{ data?: Readonly<Record<string, string>> }>(path, signal);
  const ca = secret?.data?.["ca.crt"];
  if (ca === undefined)
    return fail(`Secret ${CA_SECRET} ${secret === undefined ? "is absent" : "has no ca.crt"}`, { fix });
  return { tls: { ca: Buffer.from(ca, "base64").toString("utf8"), servername: `${SERVICE}.${namespace}.svc` } };
}

/** A pod behind the Service and the container port that its port 80 leads to, or why there is none. */
async function readyBackend(
  context: CheckContext,
  namespace: string,
  signal: AbortSignal,
): Promise<{ pod: Pod; port: number } | Outcome> {
  const service = await context.api.find<Service>(PATHS.service(namespace, SERVICE), signal);
  const declared = service?.spec?.ports?.find(({ port }) => port === SERVICE_PORT);
  if (declared === undefined) {
    const what = service === undefined ? "there is no such Service" : `the Service has no port ${SERVICE_PORT}`;
    return fail(what, { fix: context.kubectl("-n", namespace, "get seldonruntime,service") });
  }
  const slices = await context.api.list<EndpointSlice>(PATHS.endpointSlices(namespace), signal, {
    labelSelector: `kubernetes.io/service-name=${SERVICE}`,
  });
  const pods = new Map((await context.snapshot.pods(namespace, signal)).map((pod) => [pod.metadata.name, pod]));
  for (const slice of slices) {
    const port = slice.ports?.find(({ name }) => (name ?? "") === (declared.name ?? ""))?.port;
    for (const { conditions, targetRef } of slice.endpoints ?? []) {
      const pod = targetRef?.kind === "Pod" ? pods.get(targetRef.name ?? "") : undefined;
      if (conditions?.ready !== false && pod !== undefined && port !== undefined) return { pod, port };
    }
  }
  return fail("the Service has no ready endpoint", {
    fix: context.kubectl("-n", namespace, "describe deployment/seldon-envoy"),
  });
}

/** Seldon Core answers with the model's name and version (`test-model-simple_1`), MLServer by itself without. */
function judge(answer: HttpAnswer, name: string, evidence: string[], fix: string): Outcome {
  const took = `in ${Math.round(answer.milliseconds)} ms`;
  const body = answer.body.replace(/\s+/g, " ").trim().slice(0, 200);
  if (answer.status !== 200) return fail(`${answer.status} ${took}: ${body}`, { evidence, fix });
  const model = modelNameOf(answer.body);
  if (model === name || (model?.startsWith(`${name}_`) === true && /^\d+$/.test(model.slice(name.length + 1)))) {
    return pass(`200 ${took} by model ${model}`, { evidence });
  }
  return fail(`200 ${took}, but by ${model === undefined ? "no named model" : `model ${model}`}`, {
    evidence: [...evidence, `answer: ${body}`],
    fix,
  });
}

function modelNameOf(body: string): string | undefined {
  try {
    const value = JSON.parse(body) as { model_name?: unknown } | null;
    return typeof value?.model_name === "string" ? value.model_name : undefined;
  } catch {
    return undefined;
  }
}
