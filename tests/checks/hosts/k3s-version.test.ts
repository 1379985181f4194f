import { versionChange } from "../../../checks/hosts/k3s-version";

describe("versionChange", () => {
  it.each([
    ["v1.33.1+k3s1", "v1.33.1+k3s1", "same"],
    ["v1.33.1+k3s1", "v1.33.8+k3s1", "upgrade"],
    ["v1.33.1+k3s1", "v1.33.1+k3s2", "upgrade"],
    ["v1.33.8+k3s2", "v1.34.1+k3s1", "upgrade"],
    ["v1.32.5+k3s1", "v1.34.1+k3s1", "skips"],
    ["v1.34.1+k3s1", "v1.33.8+k3s1", "downgrade"],
    ["v1.33.2+k3s1", "v1.33.1+k3s2", "downgrade"],
    ["v1.33.2-rc1+k3s1", "v1.33.2+k3s1", "same"],
    ["unknown", "v1.33.2+k3s1", "unknown"],
  ])("%s to %s: %s", (from, to, change) => {
    expect(versionChange(from, to)).toBe(change);
  });
});
