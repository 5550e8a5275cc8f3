import type { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

/** By then even a busy server has answered a ClientHello. */
const HELLO_LIMIT_MS = 10_000;
const CUT_CODES: readonly unknown[] = ['ECONNRESET', 'ECONNABORTED', 'EPIPE'];
/** Every group that OpenSSL offers by default but X25519MLKEM768, whose share alone is 1.2 kB. */
const SMALL_HELLO = { ecdhCurve: 'X25519:P-256:X448:P-384:P-521' } as const;

/** One handshake over an open connection. */
export interface Attempt {
  readonly wire: Socket;
  /** What TLS is told beside whom to believe: which groups are offered. */
  readonly groups: Pick<ConnectionOptions, 'ecdhCurve'>;
  readonly signal: AbortSignal;
}

interface Wish {
  /** Opens a connection without TLS, for each attempt. */
  readonly openWire: () => Promise<Socket>;
  /** Shakes hands and looks at the peer. What it throws ends the attempt, and the wire with it. */
  readonly shake: (attempt: Attempt) => Promise<TLSSocket>;
  /** Leaves the hybrid key exchange out at once, where it is known not to get through. */
  readonly smallHello?: boolean | undefined;
  /** How long all of it may take; the first attempt waits a third of that for its answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Shaken {
  readonly connection: TLSSocket;
  /** Whether the hybrid key exchange had to be left out. */
  readonly smallHello: boolean;
}

/**
 * Opens a connection with TLS.
 *
 * OpenSSL's ClientHello of 1.6 kB (X25519MLKEM768) does not fit into one packet, and there are firewalls that cut or drop
 * what does not. A handshake that ends before an answer is therefore tried once more without the hybrid group. Somebody
 * in between can force that, and gains nothing without a quantum computer.
 *
 * @throws what `openWire` and `shake` throw
 */
export async function shakeHands(wish: Wish): Promise<Shaken> {
  const { openWire, smallHello = false, timeoutMs, signal } = wish;
  if (!smallHello) {
    const wire = await openWire();
    const limit = AbortSignal.timeout(Math.floor(Math.min(HELLO_LIMIT_MS, timeoutMs / 3)));
    try {
      const attempt = { wire, groups: {}, signal: AbortSignal.any([signal, limit]) };
      return { connection: await shakeOver(wish, attempt), smallHello: false };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const wasCut = limit.aborted || CUT_CODES.includes(code);
      if (signal.aborted || !wasCut) throw error;
    }
  }
  const attempt = { wire: await openWire(), groups: SMALL_HELLO, signal };
  return { connection: await shakeOver(wish, attempt), smallHello: true };
}

async function shakeOver({ shake }: Wish, attempt: Attempt): Promise<TLSSocket> {
  try {
    return await shake(attempt);
  } catch (error) {
    attempt.wire.destroy();
    throw error;
  }
}
