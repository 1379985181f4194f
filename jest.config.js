// Unit and golden tests run by `npm test`, sandbox tests by `npm run test:e2e`, the lab by `npm run test:lab`. Types are checked apart (tsc), so swc
// only strips them: type-checking the providers' huge declarations in every worker would cost minutes.
const shared = {
  testEnvironment: "node",
  transform: {
    "\\.(ts|m?js)$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // Packages that ship only ES modules, which jest's CommonJS runtime cannot load as they are.
  transformIgnorePatterns: [
    "/node_modules/(?!(@kubernetes/client-node|openid-client|oauth4webapi|jose|fast-check|pure-rand|jsonpath-plus)/)",
  ],
};
module.exports = {
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/tests/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/e2e/", "<rootDir>/tests/lab/"],
      moduleNameMapper: {
        // Only @kubernetes/client-node names these files so.
        "^\\./gen/(index|models/ObjectSerializer)\\.js$": "<rootDir>/tests/support/client-node-api.js",
      },
    },
    { ...shared, displayName: "e2e", testMatch: ["<rootDir>/tests/e2e/**/*.test.ts"] },
    { ...shared, displayName: "lab", testMatch: ["<rootDir>/tests/lab/**/*.test.ts"] },
  ],
};
