import { join } from 'node:path';
import { lazily, PatchError, ROTATION_PHASES, type RotationPhase } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';

/** Id of the CA that `init` made; its files lie in the CA folder itself, those of later ones in a folder of their id. */
export const FIRST_CA = 'ca-1';

const CaId = z.string().regex(/^ca-[1-9]\d{0,3}$/);

const CaStateSchema = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    phase: z.enum(ROTATION_PHASES),
    since: z.iso.datetime().nullable(),
    current: CaId,
    next: CaId.nullable(),
    /** CAs that issue nothing any more, the latest first. */
    retired: z.array(
      z.strictObject({
        id: CaId,
        at: z.iso.datetime(),
        /** `discarded`: it was rolled back before it became the current one. */
        why: z.enum(['retired', 'discarded', 'compromised']),
      }),
    ),
  }),
);

/**
 * Which CAs there are and in which phase their replacement is. It lies beside the keys, so that a backup of the CA
 * folder is whole, and is replaced in one step, so that a crash leaves one phase or the next.
 */
export type CaState = z.output<typeof CaStateSchema>;

const INITIAL_STATE: CaState = {
  v: 1,
  phase: 'standby',
  since: null,
  current: FIRST_CA,
  next: null,
  retired: [],
};

function stateFile(caFolder: string): string {
  return join(caFolder, 'rotation.json');
}

/** Where the files of a CA lie. */
export function folderOf(caFolder: string, id: string): string {
  return id === FIRST_CA ? caFolder : join(caFolder, id);
}

/**
 * The state on disk; the initial one when there is none.
 * @throws PatchError `NOT_INITIALIZED` for one that cannot be read: guessing could sign with the wrong CA.
 */
export async function readCaState(files: Files, caFolder: string): Promise<CaState> {
  const path = stateFile(caFolder);
  const text = await files.readText(path);
  if (text === undefined) return INITIAL_STATE;
  try {
    return CaStateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PatchError(
      'NOT_INITIALIZED',
      `${path} cannot be understood, so it is unknown which CA is in use. Nothing was changed. Restore the folder ${caFolder} from its backup.`,
      { cause },
    );
  }
}

export async function writeCaState(files: Files, caFolder: string, state: CaState): Promise<void> {
  await files.writeDurably({
    path: stateFile(caFolder),
    data: `${JSON.stringify(state, null, 2)}\n`,
    mode: 0o600,
  });
}

/** Whose certificates come from which CA. */
export interface Roles {
  readonly manager: 'current' | 'next';
  readonly hosts: 'current' | 'next';
}

/** The order in which Teleport and SPIRE do it too: first trust, then clients, then servers. */
export function rolesIn(phase: RotationPhase): Roles {
  return {
    manager: phase === 'manager' || phase === 'hosts' ? 'next' : 'current',
    hosts: phase === 'hosts' ? 'next' : 'current',
  };
}
