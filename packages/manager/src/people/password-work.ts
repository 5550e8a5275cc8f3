import { PatchError } from '@linux-patch/contract';
import type { Random } from '@linux-patch/runtime';
import { hashPassword, isPassword } from './password-hash.ts';

/** Each takes 19 MiB and a core. */
const AT_ONCE = 2;
/** Of each kind; whoever comes when so many wait is told to come back. */
const MAX_WAITING = 32;
const RETRY_SECONDS = 2;

/** The slow work with passwords, two pieces at once; the rest waits, and strangers behind everybody else. */
export interface PasswordWork {
  /** @throws PatchError `RATE_LIMIT_EXCEEDED` when too many wait */
  hash(password: string): Promise<string>;
  /**
   * Whether this is the password; without a stored one it takes as long, and is not.
   * @throws PatchError `RATE_LIMIT_EXCEEDED` when too many wait
   */
  matches(stored: string | undefined, password: string, isKnown: boolean): Promise<boolean>;
}

type Piece = () => Promise<void>;

export function createPasswordWork(random: Random): PasswordWork {
  const known: Piece[] = [];
  const strangers: Piece[] = [];
  let running = 0;
  const next = (): void => {
    if (running >= AT_ONCE) return;
    const piece = known.shift() ?? strangers.shift();
    if (!piece) return;
    running += 1;
    void piece().finally(() => {
      running -= 1;
      next();
    });
  };
  const inTurn = <T>(queue: Piece[], work: () => Promise<T>): Promise<T> => {
    if (queue.length >= MAX_WAITING) {
      throw new PatchError(
        'RATE_LIMIT_EXCEEDED',
        `Too many people sign in at once. Nothing was done; try again in ${RETRY_SECONDS} s.`,
        { details: { retry_after_seconds: RETRY_SECONDS } },
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    queue.push(() => work().then(resolve, reject));
    next();
    return promise;
  };
  /** Compared with where there is no person: made once, of a password that nobody has. */
  let nobody: Promise<string> | undefined;
  return {
    hash: async (password) => inTurn(known, () => hashPassword(password, random)),
    matches: async (stored, password, isKnown) =>
      inTurn(isKnown ? known : strangers, async () => {
        nobody ??= hashPassword(Buffer.from(random.bytes(32)).toString('hex'), random);
        const fits = await isPassword(stored ?? (await nobody), password);
        return fits && stored !== undefined;
      }),
  };
}
