/** What every component of this package shares: its type token and the labels of the objects that it declares. */

/** Name of the Pulumi package, the first part of every component's type token. */
export const PACKAGE = "seldon-k3s";

/**
 * Type token of a component.
 *
 * @param noun one PascalCase noun, such as `Calico`.
 */
export const token = (noun: string): string => `${PACKAGE}:index:${noun}`;

/** Labels of every Kubernetes object that the stack declares itself (what operators and charts make has their own). */
export const LABELS: Readonly<Record<string, string>> = { "app.kubernetes.io/managed-by": PACKAGE };

/**
 * Labels of one object: the shared ones and its own.
 *
 * @param own further labels; they win over the shared ones.
 */
export const labels = (own: Readonly<Record<string, string>> = {}): Record<string, string> => ({ ...LABELS, ...own });
