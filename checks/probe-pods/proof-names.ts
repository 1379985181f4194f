/** How what a proof makes is told from everything else. */

/** Beginning of the names of its namespaces and pods. */
export const PROBE_PREFIX = "seldon-k3s-probe";
/** On everything that it makes. */
export const PROBE_LABEL = { key: "app.kubernetes.io/name", value: "seldon-k3s-probe" } as const;
