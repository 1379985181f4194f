/** Cases of Models that no Server can take. */
import type { DiagnosisWorld } from "../../support/diagnosis-world";
import { mlserverSilent, type NearMiss, type Reproduction } from "./case";

const NO_SERVERS = "Failed to schedule model as no matching servers are available";
const NOT_ENOUGH = "Failed to schedule model as no matching server had enough suitable replicas";

/** @param spec What the Model asks for beyond what a healthy one does. */
function unplaced(world: DiagnosisWorld, spec: object, reason = NO_SERVERS): void {
  Object.assign(world.objects.models[0]!.spec!, spec);
  world.unreadyModel(reason);
  world.log("seldon-scheduler-0", "scheduler", [
    `time="x" level=warning msg="${reason}" func=scheduleToServer model=iris`,
    'time="x" level=warning msg="Empty server for iris:1 so ignoring event" func=updateServerModelsStatus',
  ]);
}

/** No pod of the Server. */
const withoutPods = (world: DiagnosisWorld): void => {
  world.objects.pods = world.objects.pods.filter(({ metadata }) => !metadata.name.startsWith("mlserver-"));
};

export const MODEL_CASES: readonly Reproduction[] = [
  {
    injected: "a Model requires a capability that nobody offers",
    verdict: "model-capability",
    make: (world) => unplaced(world, { requirements: ["sklearn", "tensorflow"] }),
    says: [/no Server has the capability tensorflow/, /"Empty server for iris:1 so ignoring event" accuses no server/],
  },
  {
    injected: "a Model needs more memory than a replica has",
    verdict: "model-memory",
    make: (world) => unplaced(world, { memory: "4Gi" }, NOT_ENOUGH),
    says: [/asks for 4 GiB/, /has 1\.1 GiB a replica/],
  },
  {
    injected: "the Server is scaled to 0",
    verdict: "model-server-zero",
    make: (world) => {
      unplaced(world, {});
      withoutPods(world);
      world.objects.servers[0]!.spec!.replicas = 0;
    },
  },
  {
    injected: "no replica is connected: the StatefulSet has no pod",
    verdict: "model-no-replica",
    make: (world) => {
      unplaced(world, {});
      withoutPods(world);
    },
    says: [/0 of 2 pods are Ready, and none exists/],
  },
  {
    injected: "a Model wants three replicas of two",
    verdict: "model-replicas",
    make: (world) => unplaced(world, { replicas: 3 }, NOT_ENOUGH),
  },
  {
    injected: "a Model asks for a Server that does not exist",
    verdict: "model-no-server",
    make: (world) => unplaced(world, { server: "mlserver-gpu" }),
    says: [/Server mlserver-gpu, which does not exist/],
  },
];

export const MODEL_NEAR_MISSES: readonly NearMiss[] = [
  {
    what: "a capability that spec.extraCapabilities adds, with the Server at 0",
    not: "model-capability",
    verdict: "model-server-zero",
    make: (world) => {
      unplaced(world, { requirements: ["tensorflow"] });
      Object.assign(world.objects.servers[0]!.spec!, { extraCapabilities: ["tensorflow"], replicas: 0 });
      withoutPods(world);
    },
  },
  {
    what: "a Model of 1.05Gi that fits with the overcommitted share",
    not: "model-memory",
    verdict: "model-replicas",
    make: (world) => unplaced(world, { memory: "1075Mi", replicas: 3 }, NOT_ENOUGH),
  },
  {
    what: "another Server at 0 that could not take the Model anyway",
    not: "model-server-zero",
    verdict: "model-memory",
    make: (world) => {
      unplaced(world, { memory: "4Gi" });
      world.objects.servers.push({
        metadata: { name: "triton", namespace: "financial-ml" },
        spec: { serverConfig: "mlserver", replicas: 0, capabilities: ["triton"] },
      });
    },
  },
  {
    what: "replicas that are not connected because MLServer is starting",
    not: "model-no-server",
    verdict: "mlserver-starting",
    make: (world) => {
      unplaced(world, {});
      mlserverSilent(world, 20);
      mlserverSilent(world, 20, "mlserver-1");
    },
  },
  {
    what: "a Model that was placed and failed to load",
    not: "model-no-replica",
    verdict: "unexplained",
    make: (world) => {
      unplaced(world, {});
      for (const one of world.objects.models[0]!.status!.conditions!)
        Object.assign(one, { message: "ModelFailed", reason: "rclone: object not found" });
    },
  },
  {
    what: "three replicas wanted, one enough",
    not: "model-replicas",
    make: (world) => {
      Object.assign(world.objects.models[0]!.spec!, { replicas: 3, minReplicas: 1 });
    },
  },
];
