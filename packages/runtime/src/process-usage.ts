/** What the process uses of the machine, now. */
export interface ProcessUsage {
  /** Memory in RAM. */
  readonly residentBytes: number;
  /** User and system time since the start. */
  readonly cpuSeconds: number;
  readonly nodeVersion: string;
}
