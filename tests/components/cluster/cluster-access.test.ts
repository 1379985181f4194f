import { subjectOf } from "../../../checks/subject";
import { ClusterAccess } from "../../../components/cluster/cluster-access";
import { networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const config = networkStack();
const args = { cluster: config.cluster, subject: subjectOf("test", config) };

describe("ClusterAccess", () => {
  const record = () => recordComponent(() => void new ClusterAccess("cluster", args));

  it("declares one provider and the identity gate, as its children", async () => {
    const recording = await record();
    const component = recording.one("seldon-k3s:index:ClusterAccess", "cluster");
    expect(
      recording
        .childrenOf(component)
        .map(({ type, name }) => `${type} ${name}`)
        .sort(),
    ).toEqual(["command:local:Command cluster-identity", "pulumi:providers:kubernetes cluster-provider"]);
    expect(recording.named("cluster-identity").inputs["create"]).toBe("node tools/run.mjs gate cluster-identity");
    expect(Object.keys(component.outputs ?? {}).sort()).toEqual(["identity", "provider"]);
  });

  it("gives the provider the kubeconfig's path and the cluster's name, and nothing from the environment", async () => {
    const ambient = {
      KUBECONFIG: "/elsewhere/kubeconfig",
      PULUMI_K8S_DELETE_UNREACHABLE: "true",
      PULUMI_K8S_ENABLE_PATCH_FORCE: "true",
      PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY: "false",
      PULUMI_K8S_SKIP_UPDATE_UNREACHABLE: "true",
      PULUMI_K8S_UPSERT_EXISTING_OBJECTS: "true",
    };
    const before = { ...process.env };
    Object.assign(process.env, ambient);
    try {
      const { inputs } = (await record()).named("cluster-provider");
      expect(inputs).toEqual({
        kubeconfig: "kubeconfig-test.yaml",
        clusterIdentifier: "test",
        deleteUnreachable: "false",
        enableConfigMapMutable: "false",
        enablePatchForce: "true",
        enableSecretMutable: "false",
        enableServerSideApply: "true",
        skipUpdateUnreachable: "false",
        suppressDeprecationWarnings: "false",
        suppressHelmHookWarnings: "false",
        upsertExistingObjects: "false",
      });
    } finally {
      process.env = before;
    }
  });
});
