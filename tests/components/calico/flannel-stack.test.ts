import program from "../../../index";
import { HOSTS } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

const record = (cni: Record<string, unknown>) =>
  recordComponent(program, {
    config: {
      cluster: {
        name: "test",
        kubeconfigFile: "kubeconfig-test.yaml",
        uid: "2f6a9f0e-3c51-4f0c-9a5e-6a2d3f1b7c11",
        endpoint: "https://192.0.2.11:6443",
      },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      hosts: HOSTS,
      cni,
    },
    // As in Pulumi.yaml.
    other: { "pulumi:disable-default-providers": '["kubernetes"]' },
  });

const ofCalico = (recording: Awaited<ReturnType<typeof record>>) =>
  recording.resources.filter(({ type, name }) => /calico|tigera/i.test(`${type} ${name}`)).map(({ name }) => name);

it("declares no Calico resource on a stack that runs Flannel and leaves nothing", async () => {
  expect(ofCalico(await record({ provider: "flannel" }))).toEqual([]);
});

it("declares all of Calico while a stack goes back to Flannel", async () => {
  expect(ofCalico(await record({ provider: "flannel", leaving: "calico" })).sort()).toEqual([
    "calico",
    "calico-api-server",
    "calico-departure",
    "calico-departure-agent-1",
    "calico-departure-agent-2",
    "calico-departure-api",
    "calico-departure-server-1",
    "calico-departure-server-2",
    "calico-departure-server-3",
    "calico-felix-configuration",
    "calico-installation",
    "calico-namespace",
    "calico-operator",
    "calico-ready",
  ]);
});
