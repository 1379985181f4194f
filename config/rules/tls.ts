import { runtimeNamespaces } from "../runtimes";
import { needsCertManager } from "../tls";
import type { Rule } from "./rule";

const hoursOf = (text: string): number => Number(text.slice(0, -1));

/** The shortest life that cert-manager signs. */
const SHORTEST_HOURS = 1;

/** Certificates between the components. */
export const TLS_RULES: readonly Rule[] = [
  {
    id: "seldon.tls-renewal",
    *check({ seldon }) {
      const { duration, renewBefore } = seldon.tls;
      const latest = hoursOf(duration) - SHORTEST_HOURS;
      if (hoursOf(renewBefore) <= latest) return;
      yield {
        path: "seldon.tls.renewBefore",
        problem: `is not before the end of a certificate that holds ${duration}: cert-manager refuses it`,
        got: renewBefore,
        allowed: `at most ${latest}h`,
        fix: "use a third of seldon.tls.duration",
      };
    },
  },
  {
    id: "seldon.tls-issuer-unused",
    *check(config) {
      const { issuer } = config.seldon.tls;
      if (issuer === undefined || needsCertManager(config)) return;
      yield {
        path: "seldon.tls.issuer",
        problem: "is set, but nothing asks for a certificate",
        got: issuer.name,
        allowed: "only with seldon.tls.controlPlane, seldon.tls.dataPlane, seldon.kafka.strimzi or ingress.tls",
        fix: "switch one of them on, or remove seldon.tls.issuer",
      };
    },
  },
  {
    id: "seldon.tls-issuer-namespaced",
    *check({ seldon, ingress }) {
      for (const [path, issuer] of [
        ["seldon.tls.issuer.kind", seldon.tls.issuer],
        ["ingress.tls.issuer.kind", ingress.tls?.issuer],
      ] as const) {
        if (issuer?.kind !== "Issuer" || issuer.group !== "cert-manager.io") continue;
        yield {
          path,
          problem: "is known in one namespace only, and certificates are needed in several that must trust each other",
          got: issuer.kind,
          allowed: "ClusterIssuer, or the cluster-wide kind of an external issuer",
          fix: "make it a ClusterIssuer",
        };
      }
    },
  },
  {
    id: "seldon.tls-install-unused",
    *check(config) {
      if (!config.seldon.tls.certManager.install || needsCertManager(config)) return;
      yield {
        path: "seldon.tls.certManager.install",
        problem: "is on, but nothing asks for a certificate",
        got: true,
        allowed: "only with seldon.tls.controlPlane, seldon.tls.dataPlane, seldon.kafka.strimzi or ingress.tls",
        fix: "switch one of them on, or set it to false",
      };
    },
  },
  {
    id: "seldon.tls-cert-manager-namespace",
    *check(config) {
      const { namespace } = config.seldon.tls.certManager;
      if (!needsCertManager(config) || !runtimeNamespaces(config).includes(namespace)) return;
      yield {
        path: "seldon.tls.certManager.namespace",
        problem: "is a namespace with a Seldon runtime: cert-manager would sit under its default deny",
        got: namespace,
        allowed: `any namespace but ${runtimeNamespaces(config).join(", ")}`,
        fix: "use cert-manager",
      };
    },
  },
];
