/** Lines that a program says to whoever started it, or comes later. A full disk delays them, and ends nothing. */
export interface ReportOutput {
  say(line: string): void;
  /** What could not be written so far is tried again; whether nothing is left. */
  settle(): boolean;
}
