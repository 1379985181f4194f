import { clientsOf } from "../ingress";
import { runtimesOf } from "../runtimes";
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
    id: "ingress.host-missing",
    *check(config) {
      if (config.ingress.provider === "none" || runtimesOf(config).some(({ host }) => host !== undefined)) return;
      yield {
        path: "seldon.host",
        problem: `is missing, and so are those of all tenants: ${config.ingress.provider} tells runtimes apart by host name and would lead to none`,
        allowed: "a host name for each runtime that shall be reached from outside",
        fix: "set seldon.host, or host of a tenant, or set ingress.provider to none",
      };
    },
  },
  {
    id: "ingress.host-unused",
    *check(config) {
      if (config.ingress.provider !== "none") return;
      for (const { host, path } of runtimesOf(config)) {
        if (host === undefined) continue;
        yield {
          path: `${path}.host`,
          problem: "is set, but no ingress leads to it",
          got: host,
          allowed: "only with ingress.provider traefik or istio",
          fix: "choose a provider, or remove the host",
        };
      }
    },
  },
  {
    id: "ingress.host-repeated",
    *check(config) {
      const runtimes = runtimesOf(config).filter(({ host }) => host !== undefined);
      const hosts = runtimes.map(({ host }) => host);
      for (const [index, host] of hosts.entries()) {
        const first = hosts.indexOf(host);
        if (first === index) continue;
        yield {
          path: `${runtimes[index]?.path}.host`,
          problem: `is also ${runtimes[first]?.path}.host: requests of one tenant would end at another`,
          got: host,
          allowed: "one runtime a host name",
          fix: "give each runtime a host name of its own",
        };
      }
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
