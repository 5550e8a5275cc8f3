import { argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '@linux-patch/runtime';

const derive = promisify(argon2);

/** Of Argon2id (RFC 9106), kept with each hash. */
interface Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** The least that the OWASP Password Storage Cheat Sheet recommends for Argon2id. */
const COST: Cost = { memoryKib: 19_456, passes: 2, parallelism: 1 };
/** A database from elsewhere takes no more of us than this for one password. */
const HIGHEST: Cost = { memoryKib: 262_144, passes: 16, parallelism: 4 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** The format of the reference implementation. */
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([\w+/]{11,86})\$([\w+/]{43})$/;

interface Parsed {
  readonly cost: Cost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

function parse(stored: string): Parsed | undefined {
  const [, memory, passes, parallelism, salt = '', hash = ''] = FORM.exec(stored) ?? [];
  const cost = { memoryKib: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const isBearable =
    cost.memoryKib <= HIGHEST.memoryKib &&
    cost.passes <= HIGHEST.passes &&
    cost.parallelism <= HIGHEST.parallelism;
  if (!isBearable) return undefined;
  return { cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** However a keyboard composes a letter, it is the same one. */
function bytesOf(password: string): Buffer {
  return Buffer.from(password.normalize('NFKC'));
}

async function hashWith(password: string, salt: Uint8Array, cost: Cost): Promise<Buffer> {
  return derive('argon2id', {
    message: bytesOf(password),
    nonce: salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.parallelism,
    tagLength: HASH_BYTES,
  });
}

const plain64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');

/** What is stored of a password, with the cost of today. */
export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random.bytes(SALT_BYTES);
  const hash = await hashWith(password, salt, COST);
  const { memoryKib, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${plain64(salt)}$${plain64(hash)}`;
}

/** Whether this is the password; what is stored in another form fits none. */
export async function isPassword(stored: string, password: string): Promise<boolean> {
  const parsed = parse(stored);
  if (!parsed) return false;
  return timingSafeEqual(await hashWith(password, parsed.salt, parsed.cost), parsed.hash);
}

/** Whether a hash was made with another cost than today's. */
export function isOutdated(stored: string): boolean {
  const cost = parse(stored)?.cost;
  return (
    cost?.memoryKib !== COST.memoryKib || cost.passes !== COST.passes || cost.parallelism !== COST.parallelism
  );
}
