/** Randomness. Production draws come from the operating system's CSPRNG. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1); for jitter, never for secrets. */
  fraction(): number;
  /** RFC 9562 version 4. */
  uuid(): string;
}
