import { limitsResource, quotaResource } from "../../../components/seldon/tenant-room";
import { seldonStack } from "../../support/seldon-stack";

const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s" };

test("a quota counts memory as request and as limit, and published Services both ways", () => {
  const quota = { cpu: "8", memory: "24Gi", pods: 40, storage: "20Gi", volumeClaims: 10, publishedServices: 1 };
  expect(quotaResource("a", quota)).toEqual({
    metadata: { name: "seldon-runtime", namespace: "a", labels: LABELS },
    spec: {
      hard: {
        "requests.cpu": "8",
        "requests.memory": "24Gi",
        "limits.memory": "24Gi",
        pods: "40",
        "requests.storage": "20Gi",
        persistentvolumeclaims: "10",
        "services.loadbalancers": "1",
        "services.nodeports": "1",
      },
    },
  });
});

test("limits give memory to containers that name none, and never a CPU limit", () => {
  const { limits } = seldonStack({ seldon: { limits: { maxMemory: "8Gi" } } }).seldon;
  const resource = limitsResource("a", limits!);
  expect(resource.spec.limits).toEqual([
    {
      type: "Container",
      default: { memory: "256Mi" },
      defaultRequest: { cpu: "100m", memory: "256Mi" },
      max: { memory: "8Gi" },
    },
  ]);
  expect(limitsResource("a", { defaultMemory: "1Gi", defaultCpu: "1" }).spec.limits[0]).not.toHaveProperty("max");
});
