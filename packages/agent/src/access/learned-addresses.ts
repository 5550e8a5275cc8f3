import { lazily } from '@linux-patch/contract';
import { type Files, readState, writeState } from '@linux-patch/runtime';
import { z } from 'zod';
import { findAddress } from './address.ts';

/** More than any manager has; the newest are kept. */
const MOST_ADDRESSES = 64;

/** Where the manager of this host calls from, as learned when the host joined. */
const LearnedAddresses = lazily(() =>
  z.object({
    v: z.literal(1),
    manager_url: z.string().max(2_048),
    addresses: z
      .array(
        z
          .string()
          .max(64)
          .refine((text) => findAddress(text) !== undefined),
      )
      .max(MOST_ADDRESSES),
  }),
);
type LearnedAddresses = z.infer<typeof LearnedAddresses>;

async function read(files: Files, path: string): Promise<LearnedAddresses | undefined> {
  try {
    return await readState(files, path, LearnedAddresses);
  } catch (cause) {
    throw new Error(`${path} holds no addresses of a manager that can be read`, { cause });
  }
}

/** The addresses that were learned; none when the host never joined. @throws when the file cannot be read */
export async function readLearnedAddresses(files: Files, path: string): Promise<readonly string[]> {
  return (await read(files, path))?.addresses ?? [];
}

/**
 * Lets a manager in besides who is on the allow list, durably. What was learned of another manager is forgotten.
 *
 * @returns the addresses that were not known before
 * @throws Node's error when it cannot be written
 */
export async function learnAddresses(options: {
  readonly files: Files;
  readonly path: string;
  readonly managerUrl: string;
  readonly addresses: readonly string[];
}): Promise<readonly string[]> {
  const { files, path, managerUrl } = options;
  const before = await read(files, path).catch(() => undefined);
  const known = before?.manager_url === managerUrl ? before.addresses : [];
  const found = options.addresses.flatMap((text) => findAddress(text)?.text ?? []);
  const learned = [...new Set(found)].filter((address) => !known.includes(address));
  if (learned.length === 0) return [];
  const addresses = [...learned, ...known].slice(0, MOST_ADDRESSES);
  const data: LearnedAddresses = { v: 1, manager_url: managerUrl, addresses };
  await writeState(files, path, data, { file: 0o600, folder: 0o700 });
  return learned;
}
