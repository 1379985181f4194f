import { imageSet } from "../../../components/calico/image-set";
import { CALICO, CALICO_VERSIONS } from "../../../config/compatibility";
import { networkStack } from "../../support/network-stack";

const DIGEST = `sha256:${"0".repeat(64)}`;

describe("imageSet", () => {
  it("is none where the stack gives no digests", () => {
    expect(imageSet(networkStack().calico)).toBeUndefined();
  });

  it.each(CALICO_VERSIONS)("has the name that the operator of %s looks for, and every image once", (version) => {
    const { images } = CALICO[version];
    const given = Object.fromEntries([...images].reverse().map((image) => [image, DIGEST]));
    expect(imageSet(networkStack({ calico: { version, imageDigests: { version, images: given } } }).calico)).toEqual({
      name: `calico-v${version}`,
      spec: { images: [...images].sort().map((image) => ({ image, digest: DIGEST })) },
    });
  });
});
