import { SshError } from "../../ssh/client";
import { asRoot, checkSudo, sudoRefused } from "../../ssh/sudo";

describe("root's rights over SSH", () => {
  it("asks sudo only where the login is not root, and never for a password", () => {
    expect(asRoot("root", "id -u")).toBe("id -u");
    expect(asRoot("ubuntu", "sh -s")).toBe("sudo -n -- sh -s");
  });

  const SAID = [
    "sudo: a password is required",
    "sudo: a terminal is required to read the password; either use the -S option ...\nsudo: a password is required",
    "sudo-rs: interactive authentication is required",
    "ubuntu is not in the sudoers file.",
    "Sorry, user ubuntu may not run sudo on node-1.",
    "Sorry, user ubuntu is not allowed to execute '/bin/sh -s' as root on node-1.",
    "sh: 1: sudo: not found",
    "bash: line 1: sudo: command not found",
  ];

  it.each(SAID)("recognises %j", (stderr) => {
    expect(sudoRefused("ubuntu", { code: 1, stderr })).toBe(true);
    expect(() => checkSudo("node-1", "ubuntu", { code: 1, stderr })).toThrow(SshError);
  });

  it("names the host, the user and what to write where", () => {
    const refused = (): unknown => checkSudo("node-1", "ubuntu", { code: 1, stderr: `${SAID[0]!}\n` });
    expect(refused).toThrow(
      'node-1: user "ubuntu" may not use sudo without a password (sudo: a password is required); root\'s rights are needed',
    );
    expect(refused).toThrow(SshError);
    try {
      refused();
    } catch (error) {
      expect((error as SshError).fix).toContain("/etc/sudoers.d/");
    }
  });

  it("leaves other failures, and root's, to the caller", () => {
    const failed = { code: 1, stderr: "sh: 1: nonsense: not found" };
    expect(checkSudo("node-1", "ubuntu", failed)).toBe(failed);
    expect(sudoRefused("root", { code: 1, stderr: SAID[0]! })).toBe(false);
    expect(sudoRefused("ubuntu", { code: 0, stderr: SAID[0]! })).toBe(false);
  });
});
