/** Goldmane, as the Tigera operator is asked for it. */
import { labels } from "../component";
import type { ObservabilityConfig } from "./targets";

/** The resource `Goldmane`, which must be named `default`; none unless it is asked for. `metricsPort` is new in operator 1.42. */
export const goldmaneResources = ({ observability: { goldmane } }: ObservabilityConfig) =>
  goldmane.enabled
    ? [
        {
          apiVersion: "operator.tigera.io/v1" as const,
          kind: "Goldmane" as const,
          metadata: { name: "default", labels: labels() },
          spec: { metricsPort: goldmane.metricsPort },
        },
      ]
    : [];
