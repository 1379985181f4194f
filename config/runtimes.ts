/** The runtimes of a stack: one a namespace, the first from `seldon.*`, the others from `seldon.tenants`. Pure. */
import type { SeldonServer, StackConfig } from "./schema";

type Seldon = StackConfig["seldon"];
type Tenant = Seldon["tenants"][number];

/** The small Model that proves a runtime. */
export type SmokeModel = Seldon["smokeModel"];

/** One namespace with a runtime of its own, and everything that the configuration says about it. */
export interface Runtime {
  readonly namespace: string;
  /** Where the configuration speaks of it: `seldon`, or such as `seldon.tenants[0]`. */
  readonly path: string;
  readonly servers: readonly SeldonServer[];
  /** Where its servers are listed: its own path, or `seldon` for a tenant that names none. */
  readonly serversPath: string;
  readonly quota?: NonNullable<Seldon["quota"]> | undefined;
  readonly limits?: NonNullable<Seldon["limits"]> | undefined;
  readonly podSecurity: Seldon["podSecurity"];
  /** Host name of the ingress. Never handed on from one namespace to another. */
  readonly host?: string | undefined;
  /** The first runtime always has one, a tenant only where it names one. */
  readonly smokeModel?: SmokeModel | undefined;
}

function smokeModelOf(tenant: Tenant, { smokeModel }: Seldon): SmokeModel | undefined {
  const own = tenant.smokeModel;
  if (own === undefined) return undefined;
  return {
    name: own.name ?? smokeModel.name,
    storageUri: own.storageUri ?? smokeModel.storageUri,
    requirements: own.requirements ?? smokeModel.requirements,
    memory: own.memory ?? smokeModel.memory,
  };
}

/** Every runtime, the first one first. A tenant has from `seldon.*` what it does not name itself. */
export function runtimesOf({ seldon }: Pick<StackConfig, "seldon">): [Runtime, ...Runtime[]] {
  const { namespace, servers, quota, limits, podSecurity, host, smokeModel } = seldon;
  const first = { path: "seldon", serversPath: "seldon" };
  return [
    { namespace, ...first, servers, quota, limits, podSecurity, host, smokeModel },
    ...seldon.tenants.map((tenant, index): Runtime => {
      const path = `seldon.tenants[${index}]`;
      return {
        namespace: tenant.namespace,
        path,
        servers: tenant.servers ?? servers,
        serversPath: tenant.servers === undefined ? "seldon" : path,
        quota: tenant.quota ?? quota,
        limits: tenant.limits ?? limits,
        podSecurity: tenant.podSecurity ?? podSecurity,
        host: tenant.host,
        smokeModel: smokeModelOf(tenant, seldon),
      };
    }),
  ];
}

/** Namespaces with a runtime, the first one's first. */
export const runtimeNamespaces = ({ seldon }: Pick<StackConfig, "seldon">): string[] => [
  seldon.namespace,
  ...seldon.tenants.map(({ namespace }) => namespace),
];

/** Namespace of Seldon's operator. */
export const operatorNamespace = ({ seldon }: Pick<StackConfig, "seldon">): string =>
  seldon.operatorNamespace ?? seldon.namespace;

/** Every namespace that the stack makes for Seldon: the operator's and those of the runtimes, each once. */
export const seldonNamespaces = (config: Pick<StackConfig, "seldon">): string[] => [
  ...new Set([operatorNamespace(config), ...runtimeNamespaces(config)]),
];

/**
 * Whether the operator has to see other namespaces than its own; it gets a ClusterRole then, and a list of the
 * namespaces that it watches.
 */
export const isClusterWide = (config: Pick<StackConfig, "seldon">): boolean =>
  runtimeNamespaces(config).some((namespace) => namespace !== operatorNamespace(config));

/** Every list of servers that the configuration holds, with its path: `seldon.servers`, and those of tenants. */
export const serverLists = ({
  seldon,
}: Pick<StackConfig, "seldon">): { readonly path: string; readonly servers: readonly SeldonServer[] }[] => [
  { path: "seldon.servers", servers: seldon.servers },
  ...seldon.tenants.flatMap(({ servers }, index) =>
    servers === undefined ? [] : [{ path: `seldon.tenants[${index}].servers`, servers }],
  ),
];

/** Whether the scheduler scales any Server: it is one switch for all runtimes of an operator. */
export const anyAutoscaling = (config: Pick<StackConfig, "seldon">): boolean =>
  runtimesOf(config).some(({ servers }) => servers.some(({ autoscaling }) => autoscaling !== undefined));
