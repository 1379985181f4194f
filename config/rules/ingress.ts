import { clientsOf } from "../ingress";
import type { Rule } from "./rule";

/** The way in from outside, and what it needs of the rest. */
export const INGRESS_RULES: readonly Rule[] = [
  {
    id: "ingress.traefik-disabled",
    *check({ k3s, ingress }) {
      if (ingress.provider !== "traefik" || !k3s.disable.includes("traefik")) return;
      yield {
        path: "ingress.provider",
        problem: "is K3s' own Traefik, which k3s.disable takes away: its routes would have no controller and no CRDs",
        got: ingress.provider,
        allowed: "istio, none, or traefik without traefik in k3s.disable",
        fix: "remove traefik from k3s.disable, or choose another provider",
      };
    },
  },
  {
    id: "ingress.tls-unused",
    *check({ ingress }) {
      if (ingress.provider !== "none" || ingress.tls === undefined) return;
      yield {
        path: "ingress.tls",
        problem: "is set, but the stack declares no route that it could hold for",
        allowed: "only with ingress.provider traefik or istio",
        fix: "choose a provider, or remove ingress.tls",
      };
    },
  },
  {
    id: "ingress.issuer-unused",
    *check({ ingress }) {
      const { tls } = ingress;
      if (tls?.from !== "secret" || tls.issuer === undefined) return;
      yield {
        path: "ingress.tls.issuer",
        problem: "is set, but the Secret exists already and nothing is signed",
        got: tls.issuer.name,
        allowed: "only with ingress.tls.from cert-manager",
        fix: "set ingress.tls.from to cert-manager, or remove the issuer",
      };
    },
  },
  {
    id: "ingress.istio-selector",
    *check({ ingress }) {
      if (ingress.provider !== "istio" || Object.keys(ingress.istio.selector).length > 0) return;
      yield {
        path: "ingress.istio.selector",
        problem:
          "is empty: the Gateway would open its ports on every gateway of the mesh, and policies would admit every pod of the namespace",
        got: ingress.istio.selector,
        allowed: "at least one label of the ingress gateway's pods",
        fix: "use istio: ingressgateway (kubectl get pods --show-labels in the gateway's namespace)",
      };
    },
  },
  {
    id: "ingress.not-a-client",
    *check(config) {
      const { policies, ingress } = config;
      if (!policies.enabled || policies.clients === undefined || ingress.provider === "none") return;
      const [bringer] = clientsOf({ ingress, policies: { ...policies, clients: undefined } });
      if (bringer === undefined || policies.clients.some(({ namespace }) => namespace === bringer.namespace)) return;
      yield {
        path: "policies.clients",
        problem: `leave out ${bringer.namespace}, where ${ingress.provider} brings its requests from: every request would time out`,
        got: policies.clients,
        allowed: "a list with the pods of the ingress, or none to take them by themselves",
        fix: `add ${JSON.stringify(bringer)}`,
      };
    },
  },
];
