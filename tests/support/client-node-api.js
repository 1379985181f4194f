/**
 * Stands in for the generated API classes of @kubernetes/client-node in unit tests (see jest.config.js): a thousand files
 * that nothing of ours uses, because checks send their requests themselves, but that every test file with a kubeconfig
 * would load anew, for 0.7 s each. Whoever does use them is told. The sandbox's and the lab's tests have the real ones.
 */
const refused = (name) =>
  class {
    constructor() {
      throw new Error(
        `${name} of @kubernetes/client-node is left out of unit tests; see tests/support/client-node-api.js`,
      );
    }
  };

module.exports = {
  ObjectSerializer: refused("ObjectSerializer"),
  ServerConfiguration: refused("ServerConfiguration"),
  createConfiguration: () => new (refused("createConfiguration"))(),
};
