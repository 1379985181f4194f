/** How probe pods are told from everything else. */

/** Beginning of the names of probe pods and of their namespace. No StatefulSet's pod is called like that. */
export const PROBE_PREFIX = "seldon-k3s-policy";

/** On every object that a validation makes, so that a later run finds what a killed one left. */
export const PROBE_LABEL = { key: "seldon-k3s/probe", value: "policy" } as const;

/** Label with the id of the run that made the object. */
export const RUN_LABEL = "seldon-k3s/probe-run";

/** Annotation: who runs it, as `<host>/<process id>`. */
export const OWNER_ANNOTATION = "seldon-k3s/probe-owner";

/** Annotation: the moment from which the object is a leftover, whoever made it. */
export const UNTIL_ANNOTATION = "seldon-k3s/probe-until";

/**
 * Readiness gate that nobody ever sets to True: the pod never becomes Ready, whatever its containers do, so no Service
 * sends it a request, although it wears the labels that Services select.
 */
export const NEVER_READY = "seldon-k3s/never-ready";

/** Query that finds all of them. */
export const PROBE_SELECTOR = `${PROBE_LABEL.key}=${PROBE_LABEL.value}`;

/** Whether an object was made by a validation, for those who look for pods by a component's label. */
export const isProbe = ({ metadata }: { metadata: { labels?: Readonly<Record<string, string>> } }): boolean =>
  metadata.labels?.[PROBE_LABEL.key] === PROBE_LABEL.value;
