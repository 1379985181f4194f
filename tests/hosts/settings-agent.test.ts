import { file, onMachine, request } from "./support/host";

const FAST = ["poll-seconds 0.05", "timeout-seconds 30", "lease-wait-seconds 1"];

onMachine("settings on an agent", (machine) => {
  const settings = (...lines: readonly string[]) => machine().run("settings", request("role agent", ...FAST, ...lines));

  it("restarts when containerd uses other folders, and tells who decides when that does not help", () => {
    const host = machine();
    host.installK3s("k3s-agent");
    expect(settings("expect-backend vxlan").stderr).toContain("nothing to do");
    // It waits for as long as K3s may take.
    const early = settings("expect-backend none", "timeout-seconds 5");
    expect(early.code).toBe(1);
    expect(early.stderr).toContain(
      "containerd uses the CNI folders of backend vxlan, wanted is none; an agent learns it from its server",
    );
    expect(host.calls()).toEqual(["systemctl restart --no-block k3s-agent.service", "started k3s-agent vxlan"]);
    host.write("/fake/server-backend", "none");
    expect(settings("expect-backend none")).toMatchObject({ code: 0 });
    host.calls();
    expect(settings("expect-backend none").stderr).toContain("nothing to do");
    expect(host.calls()).toEqual([]);
  });

  it("restarts for the policy controller, by what it was told last and by its chains", () => {
    const host = machine();
    host.installK3s("k3s-agent");
    expect(settings("expect-policy-controller on").stderr).toContain("nothing to do");
    host.remove("/var/lib/seldon-k3s");
    expect(settings("expect-policy-controller off").stderr).toContain("nothing to do");
    host.remove("/var/lib/seldon-k3s");
    host.sh("iptables-nft -N KUBE-ROUTER-INPUT");
    expect(settings("expect-policy-controller off").stderr).toContain("the policy controller is on, wanted is off");
    expect(settings("expect-policy-controller off").stderr).toContain("nothing to do");
    expect(settings("expect-policy-controller on").stderr).toContain("the policy controller is off, wanted is on");
    host.sh("iptables-nft -X KUBE-ROUTER-INPUT");
    settings("expect-policy-controller off");
    expect(settings("expect-policy-controller on", "timeout-seconds 1").stderr).toContain(
      "made no chain KUBE-ROUTER-*",
    );
  });

  it("is no-go while no server answers", () => {
    const host = machine();
    host.write("/fake/bin/curl", '#!/bin/sh\necho "curl $*" >>/fake/calls\nexit 7\n', 0o755);
    host.write("/etc/rancher/k3s/config.yaml", 'server: "https://192.0.2.11:6443"\n');
    host.installK3s("k3s-agent");
    const { code, stderr } = settings("expect-backend none");
    expect([code, stderr]).toEqual([1, expect.stringContaining("the server https://192.0.2.11:6443 does not answer")]);
    expect(host.calls().filter((call) => call.startsWith("systemctl"))).toEqual([]);
  });

  it("takes no files", () => {
    expect(settings(file("/etc/rancher/k3s/config.yaml.d/90-cni.yaml", 'flannel-backend: "none"\n'))).toMatchObject({
      code: 2,
    });
  });
});
