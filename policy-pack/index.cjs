// Where the Pulumi engine begins: `pulumi preview --policy-pack policy-pack`.
require("../tools/typescript.cjs");
require("./pack.ts").serveGuardrails();
