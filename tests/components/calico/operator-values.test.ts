import { operatorValues } from "../../../components/calico/operator-values";
import { networkStack } from "../../support/network-stack";

const valuesOf = (calico: Record<string, unknown>) => operatorValues(networkStack({ calico }).calico);

describe("operatorValues", () => {
  it("installs the operator alone", () => {
    expect(valuesOf({ version: "3.31.7" })).toEqual({
      installation: { enabled: false },
      apiServer: { enabled: false },
      goldmane: { enabled: false },
      whisker: { enabled: false },
      manageCRDs: true,
    });
  });

  it("leaves the CRDs of the 3.32 line to their own release", () => {
    expect(valuesOf({ version: "3.32.1" }).manageCRDs).toBe(false);
  });

  it("takes the operator's image from the configured registry", () => {
    expect(valuesOf({ registry: "registry.example.com/" }).tigeraOperator).toEqual({
      registry: "registry.example.com",
    });
  });
});
