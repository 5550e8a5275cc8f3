import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { lazily, MINUTE_MS, parseJson } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import { z } from 'zod';

/** How long somebody has for signing in at the provider. */
export const FLOW_MS = 10 * MINUTE_MS;
/** What was used is remembered while it could be shown again; of so many at once the oldest is forgotten, whose code the provider takes no second time. */
const MAX_USED = 10_000;

const [KEY_BYTES, IV_BYTES, TAG_BYTES, SECRET_BYTES] = [32, 12, 16, 32];

/** What it is begun for: to sign in, or to show again, in one session, that it is them. */
export type FlowPurpose = 'sign-in' | `step-up ${string}`;

/** What was sent to the provider, or is kept from it until the code is redeemed. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** Epoch milliseconds. */
  readonly begunAtMs: number;
}

const Sealed = lazily(() =>
  z.strictObject({
    purpose: z.string(),
    state: z.string(),
    nonce: z.string(),
    verifier: z.string(),
    begunAtMs: z.number(),
    /** On the monotonic clock. */
    untilMs: z.number(),
  }),
);

/**
 * Begun sign-ins. Strangers begin them, so none is kept: the browser holds all of it in a cookie, sealed by a key of this
 * process. What is kept is what was used.
 */
export interface Flows {
  begin(purpose: FlowPurpose): { readonly flow: Flow; readonly sealed: string };
  /**
   * Takes out of use what this browser began for this purpose, and the provider answered with this state.
   * @returns undefined when it was not begun here or not for this, is over, or was used
   */
  take(sealed: string | undefined, state: string, purpose: FlowPurpose): Flow | undefined;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function createFlows({ clock, random }: { readonly clock: Clock; readonly random: Random }): Flows {
  const key = random.bytes(KEY_BYTES);
  const used = new Map<string, number>();
  const secret = (): string => Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  const seal = (text: string): string => {
    const iv = random.bytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  };
  const open = (sealed: string): unknown => {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
      return parseJson(text.toString());
    } catch {
      return undefined;
    }
  };
  const remember = (state: string, untilMs: number): void => {
    for (const [one, overMs] of used) {
      if (clock.monotonicMs() < overMs && used.size < MAX_USED) break;
      used.delete(one);
    }
    used.set(state, untilMs);
  };
  return {
    begin(purpose) {
      // By its beginning the page knows where to bring the answer; what counts is what is sealed.
      const state = `${purpose.split(' ', 1)[0]}.${secret()}`;
      const flow: Flow = { state, nonce: secret(), verifier: secret(), begunAtMs: clock.now() };
      const untilMs = clock.monotonicMs() + FLOW_MS;
      return { flow, sealed: seal(JSON.stringify({ ...flow, purpose, untilMs })) };
    },
    take(sealed, state, purpose) {
      const { data } = Sealed.safeParse(sealed === undefined ? undefined : open(sealed));
      if (!data || data.purpose !== purpose || !isSame(data.state, state)) return undefined;
      if (clock.monotonicMs() >= data.untilMs || used.has(data.state)) return undefined;
      remember(data.state, data.untilMs);
      return data;
    },
  };
}
