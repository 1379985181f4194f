/** The commands that pages show: those of their shell blocks, and whole ones in their text. */

/** A block between lines of three backticks. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\S*)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]) => ({ language, text }));

/** What ends a command where no quote, substitution or here-document is open. */
const SEPARATOR = /^(?:\n|;|&&)/;

/** Reads one command at a time; only as much of the shell's grammar as the pages use. */
class Reader {
  #at = 0;
  #command = "";
  #quote: string | undefined;
  #depth = 0;
  #documents: string[] = [];
  readonly #commands: string[] = [];
  readonly #script: string;

  constructor(script: string) {
    this.#script = script;
  }

  read(): string[] {
    while (this.#at < this.#script.length) this.#step(this.#script.slice(this.#at));
    this.#end();
    return this.#commands;
  }

  #step(rest: string): void {
    const [character = ""] = rest;
    if (character === "\\") return this.#take(rest.slice(0, 2));
    if (this.#quote !== undefined) return this.#quoted(character, rest);
    if (character === "'" || character === '"') {
      this.#quote = character;
      return this.#take(character);
    }
    if (rest.startsWith("$(")) return this.#nest(1, "$(");
    if (this.#depth > 0) return this.#nest(character === ")" ? -1 : 0, character);
    this.#plain(rest);
  }

  #quoted(character: string, rest: string): void {
    if (this.#quote === '"' && rest.startsWith("$(")) {
      const end = rest.indexOf(")");
      return this.#take(rest.slice(0, end < 0 ? rest.length : end + 1));
    }
    if (character === this.#quote) this.#quote = undefined;
    this.#take(character);
  }

  #plain(rest: string): void {
    if (rest.startsWith("#") && /(?:^|\s)$/.test(this.#command)) {
      this.#at += rest.split("\n", 1)[0]?.length ?? 0;
      return;
    }
    const document = /^<<'?(\w+)'?/.exec(rest);
    if (document) {
      this.#documents.push(document[1] ?? "");
      return this.#take(document[0]);
    }
    const separator = SEPARATOR.exec(rest)?.[0];
    if (separator === undefined) return this.#take(rest.slice(0, 1));
    this.#at += separator.length;
    if (separator === "\n") this.#readDocuments();
    this.#end();
  }

  /** The lines of here-documents belong to the command above them. */
  #readDocuments(): void {
    for (const word of this.#documents) {
      const rest = this.#script.slice(this.#at);
      const end = new RegExp(`^${word}$`, "m").exec(rest);
      const length = end === null ? rest.length : end.index + word.length;
      this.#command += `\n${rest.slice(0, length)}`;
      this.#at += length;
    }
    this.#documents = [];
  }

  #take(text: string): void {
    this.#command += text;
    this.#at += text.length;
  }

  #nest(by: number, text: string): void {
    this.#depth += by;
    this.#take(text);
  }

  #end(): void {
    if (this.#command.trim() !== "") this.#commands.push(this.#command.trim());
    this.#command = "";
  }
}

/** The commands of a script, without comments; those that `;` or `&&` join are apart. */
export const commandsIn = (script: string): string[] => new Reader(script).read();

/** What in a text's code is a whole command, and not only its name. */
const WHOLE =
  /^(?:npm (?:test$|run (?:--silent )?[a-z:]+ -- )|kubectl (?:-n |get |uncordon )|pulumi .*-s |k3s [a-z]|(?:journalctl|systemctl|ssh-keyscan|crane) )/;

/** The commands that stand between single backticks in a page's text. */
export const commandsInText = (page: string): string[] =>
  [...page.replace(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)]
    .map(([, code = ""]) => code)
    .filter((code) => WHOLE.test(code));

/** Every command of a page: of its shell blocks first, then those in its text. */
export const shellCommandsOf = (page: string): string[] => [
  ...blocksOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => commandsIn(text)),
  ...commandsInText(page),
];
