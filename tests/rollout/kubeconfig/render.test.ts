import { load } from "js-yaml";
import { renderKubeconfig } from "../../../rollout/kubeconfig/render";

const K3S = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: default
contexts:
- context: {cluster: default, user: default}
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: Q1JU
    client-key-data: S0VZ
`;

it("keeps the credentials and changes names and server", () => {
  expect(load(renderKubeconfig(K3S, "prod", "https://k3s.example.com:6443") ?? "")).toEqual({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "prod",
    clusters: [
      { name: "prod", cluster: { "certificate-authority-data": "Q0E=", server: "https://k3s.example.com:6443" } },
    ],
    users: [{ name: "prod", user: { "client-certificate-data": "Q1JU", "client-key-data": "S0VZ" } }],
    contexts: [{ name: "prod", context: { cluster: "prod", user: "prod" } }],
  });
});

it("takes over nothing by which a server could have a program run here, or lead the connection elsewhere", () => {
  const twisted = K3S.replace(
    "    client-key-data: S0VZ",
    "    client-key-data: S0VZ\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, id]}\n    auth-provider: {name: x}",
  ).replace("    server:", "    proxy-url: http://192.0.2.1\n    insecure-skip-tls-verify: true\n    server:");
  expect(renderKubeconfig(twisted, "prod", "https://k3s.example.com:6443")).toBe(
    renderKubeconfig(K3S, "prod", "https://k3s.example.com:6443"),
  );
});

it.each(["", "no: kubeconfig", "{", K3S.replace("client-key-data", "other")])("gives nothing for %j", (text) => {
  expect(renderKubeconfig(text, "prod", "https://k3s.example.com:6443")).toBeUndefined();
});
