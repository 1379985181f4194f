/** The component SeldonCore as tests declare it. */
import * as pulumi from "@pulumi/pulumi";
import { subjectOf } from "../../../../checks/subject";
import { SeldonCore } from "../../../../components/seldon/seldon-core";
import type { RecordedResource } from "../../../../inprocess/engine";
import { recordComponent, type Recording } from "../../../support/record";
import { seldonStack } from "../../../support/seldon-stack";

export interface Given {
  readonly seldon?: Record<string, unknown>;
  readonly protect?: boolean;
  readonly password?: string;
  readonly credentials?: string;
  readonly takeOver?: boolean;
}

export function declare({
  seldon = {},
  protect = true,
  password,
  credentials,
  takeOver,
}: Given = {}): Promise<Recording> {
  const config = seldonStack({ seldon });
  return recordComponent(
    () =>
      new SeldonCore("seldon", {
        seldon: config.seldon,
        charts: config.charts,
        protect,
        takeOver,
        subject: subjectOf("test", config),
        ...(password === undefined ? {} : { kafkaPassword: pulumi.secret(password) }),
        ...(credentials === undefined ? {} : { storageCredentials: pulumi.secret(credentials) }),
      }),
  );
}

export const namesOf = (resources: readonly RecordedResource[]) => resources.map((resource) => resource.name).sort();

/** Asserts that each cannot be created before the one named ahead of it. */
export function expectOrder(recording: Recording, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    const before = names[index - 1];
    if (before === undefined) continue;
    expect([name, recording.isAfter(recording.named(name), recording.named(before))]).toEqual([name, true]);
    expect([before, recording.isAfter(recording.named(before), recording.named(name))]).toEqual([before, false]);
  }
}
