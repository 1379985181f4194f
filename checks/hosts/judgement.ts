/** What a comparison of a machine with the stack comes to. */

/** Something that contradicts the stack: nothing may be touched before it is settled. */
export interface Contradiction {
  readonly host: string;
  /** What was found and what is declared or allowed, on one line. */
  readonly what: string;
  /** Who changes what. */
  readonly fix: string;
}

/** Something to know that stops nothing. */
export interface Note {
  readonly host: string;
  readonly text: string;
}

export interface Judgement {
  readonly contradictions: readonly Contradiction[];
  readonly notes: readonly Note[];
}

/** Collects what several rules find about one machine. */
export class Findings {
  readonly contradictions: Contradiction[] = [];
  readonly notes: Note[] = [];

  constructor(private readonly host: string) {}

  contradict(what: string, fix: string): void {
    this.contradictions.push({ host: this.host, what, fix });
  }

  note(text: string): void {
    this.notes.push({ host: this.host, text });
  }
}
