/** What a command may read and write; passed in, so that a test sees all of it. */
export interface Io {
  env: NodeJS.ProcessEnv;
  /** result: tables, JSON */
  out(text: string): void;
  /** progress and mistakes */
  err(text: string): void;
  /** aborted when nobody reads the result any more (`| head`) */
  readonly gone?: AbortSignal;
  /** says a last word when a person interrupts (Ctrl-C), which then ends the process. @returns forgets it */
  onInterrupt?(say: () => void): () => void;
  /** all of standard input */
  read(): Promise<string>;
  /** one line from a person; `hidden` does not show what is typed. null = nobody is there to ask */
  ask(question: string, hidden: boolean): Promise<string | null>;
}
