// Lets Node load this project's TypeScript: `node --require ./tools/typescript.cjs <file>.ts`.
//
// tsx would also rewrite every ES module of the packages. @kubernetes/client-node is some 800 generated ones, which cost
// two thirds of a gate's time that way; Node (20.19 and later) can require them as they are.
const Module = require("node:module");
const { register } = require("tsx/cjs/api");

const native = Module._extensions[".js"];
register();
const transforming = Module._extensions[".js"];
Module._extensions[".js"] = (module, file) => (file.includes("/node_modules/") ? native : transforming)(module, file);
